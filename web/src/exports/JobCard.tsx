import type { Api } from "../api";
import type { Export } from "../contract";
import { counted, formatBytes, formatCount, formatInterval } from "../format";
import { formatExactUsd } from "../money";
import { DownloadButton } from "./DownloadButton";
import { isOpen, type Job } from "./jobs";
import type { ExportRunner } from "./runner";
import { Suggestions } from "./Suggestions";

interface Props {
  job: Job;
  api: Api;
  runner: ExportRunner;
  timezone: string;
}

const TITLES: Record<Job["phase"], string> = {
  waiting: "Waiting for its turn",
  starting: "Starting",
  running: "Running",
  succeeded: "Downloaded",
  rejected: "Over the row limit",
  failed: "Failed",
  cancelled: "Cancelled",
  refused: "Not started",
};

/** An export that was started here: how far it is, and how it ended. */
export function JobCard({ job, api, runner, timezone }: Props) {
  const { phase, request, error } = job;
  const found = job.export;
  const interval = { start: request.start ?? "", end: request.end ?? "" };
  const reason = found?.error ?? error;
  return (
    <li class={`job ${phase}`} data-phase={phase}>
      <div class="head">
        <strong role="status">{job.isCancelling ? "Cancelling" : TITLES[phase]}</strong>
        <span class="hint">{formatInterval(interval, timezone)}</span>
        {!isOpen(job) && (
          <button
            type="button"
            class="close"
            aria-label="Dismiss"
            onClick={() => runner.dismiss(job)}
          >
            ×
          </button>
        )}
      </div>
      {isOpen(job) && <Progress job={job} onCancel={() => void runner.cancel(job)} />}
      {phase === "succeeded" && found?.file && (
        <div>
          <p>
            {counted(found.file.rows, "row")} · {formatBytes(found.file.size_bytes)}
            {found.control_totals && ` · ${formatExactUsd(found.control_totals.cost_usd)}`}
          </p>
          <p class="actions">
            <DownloadButton api={api} id={found.id} label="Download again" />
            <a href={`#/exports/${found.id}`}>Details</a>
          </p>
        </div>
      )}
      {phase === "rejected" && job.overLimit && (
        <Suggestions
          {...job.overLimit}
          timezone={timezone}
          onExport={(parts) => {
            runner.dismiss(job);
            runner.start(parts.map(({ start, end }) => ({ ...request, start, end })));
          }}
        />
      )}
      {(phase === "failed" || phase === "refused") && reason && (
        <div role="alert">
          <p>
            <b>{reason.title}.</b> {reason.detail}
          </p>
        </div>
      )}
      {(phase === "failed" || phase === "refused" || phase === "cancelled") && (
        <p class="actions">
          <button type="button" onClick={() => runner.retry(job)}>
            {phase === "cancelled" ? "Start again" : "Try again"}
          </button>
          {found && <a href={`#/exports/${found.id}`}>Details</a>}
        </p>
      )}
    </li>
  );
}

function Progress({ job, onCancel }: { job: Job; onCancel: () => void }) {
  const found = job.export;
  return (
    <div>
      <progress aria-label="The export is under way" />
      <p class="hint">{found ? progressText(found) : "Handing it to the query engine."}</p>
      <p class="actions">
        <button type="button" disabled={job.isCancelling} onClick={onCancel}>
          Cancel
        </button>
      </p>
    </div>
  );
}

/** `Counting and writing rows · 12 s · 8.1 MB read`. */
export function progressText({ progress, row_count }: Export): string {
  if (!progress) return "";
  const steps = [
    row_count === null ? "Counting" : `${formatCount(row_count)} rows counted`,
    progress.running.includes("rows") ? "writing the file" : "file written",
  ].join(", ");
  const read = progress.bytes_scanned > 0 ? ` · ${formatBytes(progress.bytes_scanned)} read` : "";
  return `${steps} · ${Math.round(progress.elapsed_seconds)} s${read}`;
}
