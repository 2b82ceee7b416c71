import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Dimension, Usage } from "../contract";
import { bucketLabels, bucketTitle } from "../format";
import { Switch } from "../Switch";
import { useScheme } from "../useScheme";
import { DIMENSIONS, METRICS, type Metric, type UsageView } from "../view";
import { BucketTable } from "./BucketTable";
import { axisText, type ChartSeries, chartSeries, textOf, totalOf } from "./metrics";
import type { StackedBars } from "./stackedBars";

interface Props {
  usage: Usage;
  metric: Metric;
  by: Dimension;
  change: (changed: Partial<UsageView>) => void;
}

/** Cost, tokens or calls over time, stacked; as a chart and as a table. */
export function OverTime({ usage, metric, by, change }: Props) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const all = useMemo(() => chartSeries(usage, by, metric), [usage, by, metric]);
  const isShown = ({ name, id }: { name: string; id: string | null }) => !hidden.has(id ?? name);
  const shown = usage.series[by].filter(isShown);
  const toggle = (key: string) =>
    setHidden((before) => {
      const after = new Set(before);
      return after.delete(key) ? after : after.add(key);
    });
  return (
    <section class="card over-time" aria-labelledby="over-time-title">
      <header>
        <h2 id="over-time-title">
          {METRICS[metric]} over time{" "}
          <span class="total" data-total={metric}>
            {totalOf(shown, metric)}
          </span>
        </h2>
        <Switch
          label="Measure"
          options={METRICS}
          value={metric}
          onChange={(chosen) => change({ metric: chosen })}
        />
        <Switch
          label="Group by"
          options={DIMENSIONS}
          value={by}
          onChange={(chosen) => change({ by: chosen })}
        />
      </header>
      <Plot usage={usage} metric={metric} by={by} series={all} isShown={isShown} />
      <ul class="legend">
        {all.map((series, index) => (
          <li key={series.id ?? series.name}>
            <button
              type="button"
              aria-pressed={isShown(series)}
              title={isShown(series) ? `Hide ${series.name}` : `Show ${series.name}`}
              onClick={() => toggle(series.id ?? series.name)}
            >
              <i class={colorClass(series, index)} aria-hidden="true" />
              {series.name} <span>{series.total}</span>
            </button>
          </li>
        ))}
      </ul>
      <BucketTable usage={usage} series={all} metric={metric} by={by} />
    </section>
  );
}

interface PlotProps {
  usage: Usage;
  metric: Metric;
  by: Dimension;
  series: ChartSeries[];
  isShown: (series: ChartSeries) => boolean;
}

function Plot({ usage, metric, by, series, isShown }: PlotProps) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [bars, setBars] = useState<StackedBars | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const scheme = useScheme();
  const { buckets, granularity, timezone } = usage;
  const last = buckets.length - 1;
  const bucket = at === null ? null : Math.min(at, last);

  useEffect(() => {
    let made: StackedBars | null = null;
    let isGone = false;
    void import("./stackedBars").then(({ stackedBars }) => {
      if (isGone || !canvas.current) return;
      made = stackedBars(canvas.current, setAt);
      setBars(made);
    });
    return () => {
      isGone = true;
      made?.destroy();
    };
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: colors are the scheme's
  useEffect(() => {
    if (!bars || !frame.current) return;
    const style = getComputedStyle(frame.current);
    const color = (name: string) => style.getPropertyValue(name).trim();
    bars.draw(
      {
        labels: bucketLabels(buckets, granularity, timezone),
        stacks: series
          .map((each, index) => ({ each, color: color(`--${colorClass(each, index)}`) }))
          .filter(({ each }) => isShown(each))
          .map(({ each, color }) => ({ values: each.values, color })),
        axisText: (value) => axisText(value, metric),
      },
      { text: color("--muted"), grid: color("--line"), mark: color("--mark") },
    );
    frame.current.dataset.drawn = `${metric} ${by}`;
  }, [bars, series, isShown, metric, by, buckets, granularity, timezone, scheme]);
  useEffect(() => bars?.mark(bucket), [bars, bucket]);

  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, PageDown: 7, PageUp: -7 }[event.key];
    const next = { Home: 0, End: last }[event.key] ?? (step ? (bucket ?? -1) + step : null);
    if (event.key === "Escape") setAt(null);
    if (next === null) return;
    event.preventDefault();
    setAt(Math.max(0, Math.min(last, next)));
  };
  const title = bucket === null ? "" : bucketTitle(buckets[bucket] ?? "", granularity, timezone);
  const shownSeries = usage.series[by].filter((_each, index) => {
    const each = series[index];
    return each !== undefined && isShown(each);
  });
  const parts =
    bucket === null ? [] : series.filter((each) => isShown(each) && each.values[bucket]);
  return (
    <div
      class="plot"
      ref={frame}
      role="slider"
      tabIndex={0}
      aria-label={`${METRICS[metric]} by ${granularity}: arrow keys move through the ${granularity}s`}
      aria-valuemin={0}
      aria-valuemax={Math.max(last, 0)}
      aria-valuenow={bucket ?? 0}
      aria-valuetext={
        bucket === null
          ? `${buckets.length} ${granularity}s, ${totalOf(shownSeries, metric)} altogether`
          : `${title}: ${textOf(shownSeries, metric, bucket)}. ${parts.map((each) => `${each.name} ${each.text(bucket)}`).join(", ")}`
      }
      onKeyDown={move}
      onBlur={() => setAt(null)}
    >
      <canvas ref={canvas} />
      {bucket !== null && bars && (
        <div
          class={bucket > last / 2 ? "tip left" : "tip"}
          style={{ left: `${bars.middleOf(bucket)}px` }}
          aria-hidden="true"
        >
          <b>{title}</b>
          <ul>
            {series.map((each, index) =>
              isShown(each) && each.values[bucket] ? (
                <li key={each.id ?? each.name}>
                  <i class={colorClass(each, index)} />
                  <span>{each.name}</span>
                  <span>{each.text(bucket)}</span>
                </li>
              ) : null,
            )}
          </ul>
          <p>
            <span>Total</span>
            <span>{textOf(shownSeries, metric, bucket)}</span>
          </p>
        </div>
      )}
    </div>
  );
}

/** All others together have a colour of their own, whatever their place. */
const colorClass = ({ id }: ChartSeries, index: number): string =>
  id === null ? "color-other" : `color-${index + 1}`;
