import { useCallback, useEffect, useState } from "preact/hooks";
import { type Api, type ApiError, asApiError, NotAdminError, pause } from "../api";
import { type Export, type ExportRequest, type Filters, isUnderWay } from "../contract";
import { counted, formatBytes, formatCount, formatInstant, formatInterval } from "../format";
import { formatExactUsd } from "../money";
import { Problem } from "../Problem";
import { Scroll } from "../Scroll";
import { SignedOutError } from "../session";
import { FILTER_NAMES, hashOf, type UsageView, type View } from "../view";
import { DownloadButton } from "./DownloadButton";
import { Files, sumsText } from "./Files";
import { ProgressBar } from "./ProgressBar";
import { progressText } from "./progress";
import type { ExportRunner } from "./runner";
import { StatusBadge } from "./StatusBadge";
import { Suggestions } from "./Suggestions";

const LOOK_AGAIN_MS = 2000;

interface Props {
  api: Api;
  runner: ExportRunner;
  id: string;
  show: (view: View) => void;
  onAccessLost: (error: unknown) => void;
}

/** One export, whole: what a link to it opens. */
export function ExportPage({ api, runner, id, show, onAccessLost }: Props) {
  const [found, setFound] = useState<Export | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [times, setTimes] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `times` asks again
  useEffect(() => {
    const asking = new AbortController();
    const follow = async () => {
      for (;;) {
        const looked = await api.export(id, asking.signal);
        setFound(looked);
        setError(null);
        if (!isUnderWay(looked.status)) return;
        await pause(LOOK_AGAIN_MS, asking.signal);
      }
    };
    follow().catch((problem: unknown) => {
      if (asking.signal.aborted) return;
      if (problem instanceof SignedOutError || problem instanceof NotAdminError)
        onAccessLost(problem);
      else setError(asApiError(problem));
    });
    return () => asking.abort();
  }, [api, id, times, onAccessLost]);

  const cancel = useCallback(async () => {
    try {
      setFound(await api.cancelExport(id));
    } catch (problem) {
      setError(asApiError(problem));
    }
  }, [api, id]);

  const start = (request: ExportRequest) => {
    runner.start([request]);
    if (found) show(viewOfExport(found));
  };

  return (
    <section class="export-page" aria-labelledby="one-export">
      <p>
        <a href={found ? hashOf(viewOfExport(found)) : "#/"}>
          {found ? "← Usage of this timeframe" : "← API usage"}
        </a>
      </p>
      <h1 id="one-export">Export {found && <StatusBadge status={found.status} />}</h1>
      {error && <Problem error={error} onRetry={() => setTimes((before) => before + 1)} />}
      {!found && !error && (
        <p class="busy" role="status">
          Loading…
        </p>
      )}
      {found && (
        <>
          <Outcome found={found} api={api} onCancel={() => void cancel()} onStart={start} />
          <Facts found={found} />
          {found.control_totals && <ByModel found={found} />}
        </>
      )}
    </section>
  );
}

interface OutcomeProps {
  found: Export;
  api: Api;
  onCancel: () => void;
  onStart: (request: ExportRequest) => void;
}

function Outcome({ found, api, onCancel, onStart }: OutcomeProps) {
  const zone = found.request.timezone ?? "UTC";
  if (isUnderWay(found.status)) {
    return (
      <section class="card">
        <ProgressBar progress={found.progress} />
        <p role="status">{progressText(found)}</p>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      </section>
    );
  }
  const [first, ...others] = found.files;
  if (first) {
    return (
      <section class="card">
        <p class="file">{others.length > 0 ? counted(found.files.length, "file") : first.name}</p>
        <p>
          {sumsText(found)} · kept until {formatInstant(first.expires_at, zone)}
        </p>
        <DownloadButton
          api={api}
          id={found.id}
          label={others.length > 0 ? "Download all" : "Download"}
        />
        {others.length > 0 && <Files found={found} api={api} />}
      </section>
    );
  }
  const again = { ...requestOf(found), ...found.timeframe };
  return (
    <section class="card">
      {found.error && !found.suggested_timeframes && (
        <div class="notice error">
          <strong>{found.error.title}</strong>
          <p>{found.error.detail}</p>
        </div>
      )}
      {found.suggested_timeframes ? (
        <Suggestions
          rows={found.row_count ?? 0}
          limit={found.row_limit}
          parts={found.suggested_timeframes}
          timezone={zone}
          onExport={(change) => onStart({ ...again, ...change })}
        />
      ) : (
        <button type="button" onClick={() => onStart(again)}>
          Start again
        </button>
      )}
    </section>
  );
}

function Facts({ found }: { found: Export }) {
  const zone = found.request.timezone ?? "UTC";
  const { control_totals: totals, timeframe } = found;
  const filters = FILTER_NAMES.flatMap((name) => found.request[name] ?? []);
  const facts: [string, string | null][] = [
    ["Timeframe", `${formatInterval(timeframe, zone)} (${zone})`],
    ["In UTC", `${timeframe.start} up to ${timeframe.end}`],
    ["Only", filters.join(", ") || null],
    ["Columns", found.request.columns === "extended" ? "extended" : "the ten"],
    ["Started", `${formatInstant(found.created_at, zone)}, ${startedBy(found)}`],
    ["Ended", found.completed_at && formatInstant(found.completed_at, zone)],
    ["Rows", totals && formatCount(totals.rows)],
    ["Input tokens", totals && formatCount(totals.input_tokens)],
    ["Output tokens", totals && formatCount(totals.output_tokens)],
    ["Cost of the calls", totals && formatExactUsd(totals.cost_usd)],
    [
      "Without a price",
      totals?.unpriced_calls ? `${formatCount(totals.unpriced_calls)} calls` : null,
    ],
    ["Read by the queries", found.bytes_scanned === null ? null : formatBytes(found.bytes_scanned)],
    ["Delivered to", found.status === "succeeded" ? found.delivered_to : null],
    ["Export id", found.id],
  ];
  return (
    <section class="card">
      <dl class="facts">
        {facts.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd class={name === "Delivered to" ? "copied" : undefined}>{value}</dd>
              </div>
            ),
        )}
      </dl>
    </section>
  );
}

function ByModel({ found }: { found: Export }) {
  return (
    <section class="card" aria-labelledby="control-title">
      <header>
        <h2 id="control-title">Control totals by model</h2>
      </header>
      <Scroll label="Control totals by model, table">
        <table>
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col" class="number">
                Rows
              </th>
              <th scope="col" class="number">
                Input tokens
              </th>
              <th scope="col" class="number">
                Output tokens
              </th>
              <th scope="col" class="number">
                Cost
              </th>
            </tr>
          </thead>
          <tbody>
            {found.control_totals?.by_model.map((each) => (
              <tr key={`${each.provider} ${each.model}`}>
                <th scope="row">
                  {each.model}
                  <span class="hint">{each.provider}</span>
                </th>
                <td class="number">{formatCount(each.rows)}</td>
                <td class="number">{formatCount(each.input_tokens)}</td>
                <td class="number">{formatCount(each.output_tokens)}</td>
                <td class="number">{formatExactUsd(each.cost_usd)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

function startedBy({ trigger, requested_by }: Export): string {
  switch (trigger) {
    case "schedule":
      return `by the schedule ${requested_by.split("/").at(-1)}`;
    case "direct":
      return `directly, by ${requested_by}`;
    case "api":
      return `by ${requested_by}`;
  }
}

/** What was asked for, less what was left out. */
function requestOf({ request }: Export): ExportRequest {
  const { period: _period, ...asked } = request;
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== null));
}

function viewOfExport({ timeframe, request }: Export): UsageView {
  const filters: Filters = {};
  for (const name of FILTER_NAMES) {
    const values = request[name];
    if (values) filters[name] = values;
  }
  return {
    page: "usage",
    timeframe,
    timezone: request.timezone ?? "UTC",
    granularity: null,
    metric: "cost",
    by: "models",
    filters,
  };
}
