import type { Suggestion } from "../contract";
import { counted, formatCount, formatInterval } from "../format";
import { formatUsd } from "../money";

interface Props {
  rows: number;
  limit: number;
  parts: Suggestion[];
  timezone: string;
  onExport: (parts: Suggestion[]) => void;
}

/** Over the row limit: by how much, and the parts that can be exported, one by one or all. */
export function Suggestions({ rows, limit, parts, timezone, onExport }: Props) {
  const fitting = parts.filter(({ fits }) => fits);
  return (
    <div class="over-limit">
      <p class="notice warning">
        <strong>Too many rows for one file.</strong> This timeframe has {formatCount(rows)}; an
        export may have {formatCount(limit)}. Choose a shorter timeframe, or export it in parts:
      </p>
      <ul class="parts" aria-label="Parts of the timeframe">
        {parts.map((part) => (
          <li key={part.start}>
            <span>
              {formatInterval(part, timezone)}
              <span class="hint">
                {counted(part.rows, "row")} · {formatUsd(part.cost_usd)}
              </span>
            </span>
            {part.fits ? (
              <button
                type="button"
                aria-label={`Export ${formatInterval(part, timezone)}`}
                onClick={() => onExport([part])}
              >
                Export
              </button>
            ) : (
              <span class="hint bad">over the limit by itself: use filters</span>
            )}
          </li>
        ))}
      </ul>
      {fitting.length > 1 && (
        <button type="button" class="primary" onClick={() => onExport(fitting)}>
          Export all {fitting.length} parts
        </button>
      )}
      {fitting.length > 1 && (
        <p class="hint">Your browser may ask whether this page may download several files.</p>
      )}
    </div>
  );
}
