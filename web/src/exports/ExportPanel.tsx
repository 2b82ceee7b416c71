import { useState } from "preact/hooks";
import type { Api } from "../api";
import type { ExportRequest, Usage } from "../contract";
import { counted, formatBytes, formatCount, formatInterval } from "../format";
import { formatUsd } from "../money";
import { Problem } from "../Problem";
import { JobCard } from "./JobCard";
import type { ExportRunner } from "./runner";
import { Suggestions } from "./Suggestions";
import { useFit } from "./useEstimate";
import { useJobs } from "./useJobs";

// As the API's own estimate: measured on samples of many models.
const BYTES_PER_ROW = { standard: 136, extended: 205 };

interface Props {
  api: Api;
  runner: ExportRunner;
  usage: Usage;
  /** null while the charts are not yet those of the timeframe that is chosen. */
  request: ExportRequest | null;
  rowLimit: number;
}

/** What an export of the charts' calls will hold, the button, and the exports under way. */
export function ExportPanel({ api, runner, usage, request, rowLimit }: Props) {
  const [isExtended, setExtended] = useState(false);
  const [isSafe, setSafe] = useState(true);
  const { calls, cost_usd } = usage.totals;
  const fit = useFit(api, request, calls, rowLimit);
  const jobs = useJobs(runner);
  const columns = isExtended ? "extended" : "standard";
  const asked = (part: ExportRequest): ExportRequest => ({
    ...part,
    ...(isExtended ? { columns: "extended" } : {}),
    ...(isSafe ? {} : { spreadsheet_safe: false }),
  });
  return (
    <section class="card export-panel" aria-labelledby="export-title">
      <header>
        <h2 id="export-title">Export to CSV</h2>
      </header>
      {fit.is === "over" ? (
        <Suggestions
          rows={fit.estimate.row_count}
          limit={fit.estimate.row_limit}
          parts={fit.estimate.suggested_timeframes ?? []}
          timezone={usage.timezone}
          onExport={(change) => runner.start([asked({ ...request, ...change })])}
        />
      ) : (
        <>
          <p class="estimate">
            <b>{formatCount(calls)}</b> {calls === 1 ? "row" : "rows"}, one per call
            <br />
            about {formatBytes(calls * BYTES_PER_ROW[columns])} · calls of {formatUsd(cost_usd)}
            <br />
            <span class="hint">{formatInterval(usage.timeframe, usage.timezone)}</span>
          </p>
          <button
            type="button"
            class="primary"
            disabled={!request || fit.is === "unknown"}
            onClick={() => request && runner.start([asked(request)])}
          >
            {request && fit.is === "unknown" ? "Counting…" : "Export CSV"}
          </button>
          {fit.is === "failed" && <Problem error={fit.error} />}
        </>
      )}
      <details class="options">
        <summary>Options</summary>
        <label>
          <input
            type="checkbox"
            checked={isExtended}
            onChange={({ currentTarget }) => setExtended(currentTarget.checked)}
          />
          <span>Call ID, call type and total cost as further columns</span>
        </label>
        <label>
          <input
            type="checkbox"
            checked={isSafe}
            onChange={({ currentTarget }) => setSafe(currentTarget.checked)}
          />
          <span>Safe for spreadsheets: an apostrophe before text that would run as a formula</span>
        </label>
      </details>
      {jobs.length > 0 && (
        <ul class="jobs" aria-label={counted(jobs.length, "export")}>
          {jobs.map((job) => (
            <JobCard key={job.key} job={job} api={api} runner={runner} timezone={usage.timezone} />
          ))}
        </ul>
      )}
    </section>
  );
}
