import { useState } from "preact/hooks";
import type { Dimension, Usage } from "../contract";
import { bucketTitle } from "../format";
import { Scroll } from "../Scroll";
import { METRICS, type Metric } from "../view";
import { type ChartSeries, textOf } from "./metrics";

interface Props {
  usage: Usage;
  series: ChartSeries[];
  metric: Metric;
  by: Dimension;
}

/** The chart's figures to read; made only when it is opened, for it can be long. */
export function BucketTable({ usage, series, metric, by }: Props) {
  const [isOpen, setOpen] = useState(false);
  const { buckets, granularity, timezone } = usage;
  return (
    <details class="figures" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Figures as a table</summary>
      {isOpen && (
        <Scroll label={`${METRICS[metric]} over time, as a table`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Start of {granularity}</th>
                <th scope="col" class="number">
                  Total
                </th>
                {series.map(({ id, name }) => (
                  <th key={id ?? name} scope="col" class="number">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {buckets.map((bucket, index) => (
                <tr key={bucket}>
                  <th scope="row">{bucketTitle(bucket, granularity, timezone)}</th>
                  <td class="number">{textOf(usage.series[by], metric, index)}</td>
                  {series.map(({ id, name, text }) => (
                    <td key={id ?? name} class="number">
                      {text(index)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </details>
  );
}
