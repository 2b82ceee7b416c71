/** How far an export is, in words: pure. */

import type { Export } from "../contract";
import { formatBytes, formatCount } from "../format";

/** `1,200 rows counted, writing the file · 12 s · 8.1 MB read`, `3 of 7 files · …`. */
export function progressText({ progress, row_count }: Export): string {
  if (!progress) return "";
  const { files_done, files_planned, bytes_scanned, elapsed_seconds } = progress;
  const steps =
    files_planned > 1
      ? `${files_done} of ${files_planned} files`
      : [
          row_count === null ? "Counting" : `${formatCount(row_count)} rows counted`,
          progress.running.includes("rows") ? "writing the file" : "file written",
        ].join(", ");
  const read = bytes_scanned > 0 ? ` · ${formatBytes(bytes_scanned)} read` : "";
  return `${steps} · ${Math.round(elapsed_seconds)} s${read}`;
}
