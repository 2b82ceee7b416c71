import { useState } from "preact/hooks";
import type { Dimension, Filters, Usage, UsageRow } from "../contract";
import { formatCompact, formatCount, formatMilliseconds, formatShare } from "../format";
import { formatExactUsd, formatUsd } from "../money";
import { Scroll } from "../Scroll";
import { DIMENSIONS, type UsageView } from "../view";
import { COLUMNS, type Column, sortedRows } from "./sorting";

const FIRST = 10;

interface Props {
  usage: Usage;
  by: Dimension;
  view: UsageView;
  change: (changed: Partial<UsageView>) => void;
}

/** Who or what the calls and their cost are of; a row's name shows it alone. */
export function Breakdown({ usage, by, view, change }: Props) {
  const [sort, setSort] = useState<{ by: Column; descending: boolean }>({
    by: "cost",
    descending: true,
  });
  const [isWhole, setWhole] = useState(false);
  const rows = sortedRows(usage.tables[by], sort.by, sort.descending);
  const title = `By ${DIMENSIONS[by].replace(/^[MP]/, (letter) => letter.toLowerCase())}`;
  return (
    <section class="card breakdown" aria-labelledby="breakdown-title">
      <header>
        <h2 id="breakdown-title">{title}</h2>
      </header>
      <Scroll label={`${title}, table`}>
        <table>
          <thead>
            <tr>
              {COLUMNS.map(({ name, title, isNumber }) => (
                <th
                  key={name}
                  scope="col"
                  class={isNumber ? "number" : ""}
                  aria-sort={
                    sort.by === name ? (sort.descending ? "descending" : "ascending") : "none"
                  }
                >
                  <button
                    type="button"
                    onClick={() =>
                      setSort({
                        by: name,
                        descending: sort.by === name ? !sort.descending : isNumber,
                      })
                    }
                  >
                    {name === "name" ? DIMENSIONS[by] : title}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {(isWhole ? rows : rows.slice(0, FIRST)).map((row) => (
              <Row
                key={row.id ?? row.name}
                row={row}
                onOnly={
                  row.id === null ? null : () => change({ filters: only(view.filters, by, row) })
                }
              />
            ))}
          </tbody>
        </table>
      </Scroll>
      {rows.length > FIRST && (
        <button type="button" class="quiet" onClick={() => setWhole(!isWhole)}>
          {isWhole ? `Show the first ${FIRST}` : `Show all ${rows.length}`}
        </button>
      )}
    </section>
  );
}

function Row({ row, onOnly }: { row: UsageRow; onOnly: (() => void) | null }) {
  return (
    <tr>
      <th scope="row">
        {onOnly ? (
          <button type="button" class="link" onClick={onOnly} title={`Show only ${row.name}`}>
            {row.name}
          </button>
        ) : (
          row.name
        )}
        {row.provider && <span class="hint">{row.provider}</span>}
      </th>
      <td class="number" title={formatExactUsd(row.cost_usd)}>
        {formatUsd(row.cost_usd)}
        {row.unpriced_calls > 0 && (
          <span class="hint" title={`${formatCount(row.unpriced_calls)} calls have no price`}>
            {" + "}unpriced
          </span>
        )}
      </td>
      <td class="share">
        <span class="bar" aria-hidden="true">
          <i style={{ width: `${row.cost_share * 100}%` }} />
        </span>
        <span>{formatShare(row.cost_share)}</span>
      </td>
      <td class="number">{formatCount(row.calls)}</td>
      <td class="number" title={formatCount(row.input_tokens)}>
        {formatCompact(row.input_tokens)}
      </td>
      <td class="number" title={formatCount(row.output_tokens)}>
        {formatCompact(row.output_tokens)}
      </td>
      <td class="number">{formatMilliseconds(row.completion_time_ms.p50)}</td>
      <td class="number">{formatMilliseconds(row.completion_time_ms.p95)}</td>
    </tr>
  );
}

function only(filters: Filters, by: Dimension, row: UsageRow): Filters {
  const id = row.id ?? row.name;
  switch (by) {
    case "api_keys":
      return { ...filters, api_key_ids: [id] };
    case "providers":
      return { ...filters, providers: [id] };
    case "models":
      return {
        ...filters,
        models: [row.name],
        ...(row.provider ? { providers: [row.provider] } : {}),
      };
  }
}
