import type { Api } from "../api";
import type { Export } from "../contract";
import { counted, formatBytes, formatInterval } from "../format";
import { formatExactUsd } from "../money";
import { DownloadButton } from "./DownloadButton";

/** What all of its files hold together: `19,034 rows · 2.6 MB · $1,234.01325`. */
export function sumsText({ files, control_totals: totals }: Export): string {
  const size = formatBytes(sizeOf(files));
  return totals
    ? `${counted(totals.rows, "row")} · ${size} · ${formatExactUsd(totals.cost_usd)}`
    : size;
}

export const sizeOf = (files: Export["files"]): number =>
  files.reduce((sum, { size_bytes }) => sum + size_bytes, 0);

/** The files of an export that has several, in the time zone it was asked for in. */
export function Files({ found, api }: { found: Export; api: Api }) {
  const zone = found.request.timezone ?? "UTC";
  return (
    <ul class="parts" aria-label={counted(found.files.length, "file")}>
      {found.files.map(({ name, timeframe, rows, size_bytes, control_totals }) => {
        const interval = formatInterval(timeframe, zone);
        return (
          <li key={name}>
            <span>
              {interval}
              <span class="hint">
                {counted(rows, "row")} · {formatBytes(size_bytes)} ·{" "}
                {formatExactUsd(control_totals.cost_usd)}
              </span>
            </span>
            <DownloadButton
              api={api}
              id={found.id}
              file={name}
              label="Download"
              title={`Download ${interval}`}
            />
          </li>
        );
      })}
    </ul>
  );
}
