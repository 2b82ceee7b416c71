import type { Api } from "../api";
import { counted, formatInterval } from "../format";
import { DownloadButton } from "./DownloadButton";
import { Files, sumsText } from "./Files";
import { isOpen, type Job } from "./jobs";
import { ProgressBar } from "./ProgressBar";
import { progressText } from "./progress";
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

const titleOf = ({ phase, export: found }: Job): string =>
  found && found.files.length > 1 ? "Done" : TITLES[phase]; // their downloads go on for a while

/** An export that was started here: how far it is, and how it ended. */
export function JobCard({ job, api, runner, timezone }: Props) {
  const { phase, request, error } = job;
  const found = job.export;
  const interval = { start: request.start ?? "", end: request.end ?? "" };
  const reason = found?.error ?? error;
  return (
    <li class={`job ${phase}`} data-phase={phase}>
      <div class="head">
        <strong role="status">{job.isCancelling ? "Cancelling" : titleOf(job)}</strong>
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
      {phase === "succeeded" && found && (
        <div>
          <p>
            {found.files.length > 1 && `${counted(found.files.length, "file")} · `}
            {sumsText(found)}
          </p>
          {found.files.length > 1 && <Files found={found} api={api} />}
          <p class="actions">
            <DownloadButton
              api={api}
              id={found.id}
              label={found.files.length > 1 ? "Download all again" : "Download again"}
            />
            <a href={`#/exports/${found.id}`}>Details</a>
          </p>
        </div>
      )}
      {phase === "rejected" && job.overLimit && (
        <Suggestions
          {...job.overLimit}
          timezone={timezone}
          onExport={(change) => {
            runner.dismiss(job);
            runner.start([{ ...request, ...change }]);
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
      <ProgressBar progress={found?.progress} />
      <p class="hint">{found ? progressText(found) : "Handing it to the query engine."}</p>
      <p class="actions">
        <button type="button" disabled={job.isCancelling} onClick={onCancel}>
          Cancel
        </button>
      </p>
    </div>
  );
}
