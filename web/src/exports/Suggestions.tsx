import { useId } from "preact/hooks";
import type { ExportRequest, Suggestion } from "../contract";
import { counted, formatCount, formatInterval } from "../format";
import { formatUsd } from "../money";
import { MAX_FILES, splitOf } from "./split";

interface Props {
  rows: number;
  limit: number;
  parts: Suggestion[];
  timezone: string;
  /** Told what to ask for otherwise than before. */
  onExport: (change: Pick<ExportRequest, "start" | "end" | "on_limit">) => void;
}

/** Over the row limit: by how much, and what can be exported: all in several files, or a part. */
export function Suggestions({ rows, limit, parts, timezone, onExport }: Props) {
  const split = splitOf(parts);
  const hint = useId();
  return (
    <div class="over-limit">
      <p class="notice warning">
        <strong>Too many rows for one file.</strong> This timeframe has {formatCount(rows)}; a file
        may have {formatCount(limit)}.
      </p>
      {split.is === "possible" && (
        <>
          <button
            type="button"
            class="primary"
            onClick={() => onExport({ on_limit: "split" })}
            aria-describedby={hint}
          >
            Export as {counted(split.files, "file")}
          </button>
          <p class="hint" id={hint}>
            One export: a file for each part below, downloaded once all are done. Your browser may
            ask whether this page may download several files.
          </p>
        </>
      )}
      {split.is === "tooLong" && (
        <p class="notice error">
          It would take {counted(split.files, "file")}, and an export may have {MAX_FILES}. Choose a
          shorter timeframe or filters, or export a part.
        </p>
      )}
      {split.is === "crowded" && (
        <p class="notice error">
          <strong>{crowdedText(split.hours, timezone)}</strong>, so the timeframe cannot be split
          into files. Filter by API key, provider or model, or export another part.
        </p>
      )}
      <p>{split.is === "possible" ? "Or one part, as an export of its own:" : "The parts:"}</p>
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
                onClick={() => onExport({ start: part.start, end: part.end })}
              >
                Export
              </button>
            ) : (
              <span class="hint bad">over the limit by itself: use filters</span>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** `Nov 22, 2026, 12:00 – 13:00 is over the limit by itself`, or how many are and the first. */
function crowdedText(hours: Suggestion[], timezone: string): string {
  const [first] = hours.map((hour) => formatInterval(hour, timezone));
  return hours.length === 1
    ? `${first} is over the limit by itself`
    : `${formatCount(hours.length)} single hours are over the limit, the first of them ${first}`;
}
