import { useEffect, useState } from "preact/hooks";
import { type Api, type ApiError, asApiError, NotAdminError } from "../api";
import { type Export, isUnderWay } from "../contract";
import { counted, formatBytes, formatCount, formatInstant, formatInterval } from "../format";
import { Problem } from "../Problem";
import { Scroll } from "../Scroll";
import { SignedOutError } from "../session";
import { DownloadButton } from "./DownloadButton";
import { sizeOf } from "./Files";
import { isOpen } from "./jobs";
import type { ExportRunner } from "./runner";
import { StatusBadge } from "./StatusBadge";
import { useJobs } from "./useJobs";

const LOOK_AGAIN_MS = 5000;

interface Props {
  api: Api;
  runner: ExportRunner;
  timezone: string;
  onAccessLost: (error: unknown) => void;
}

/** The workspace's exports, whoever started them and whichever way, newest first. */
export function RecentExports({ api, runner, timezone, onAccessLost }: Props) {
  const [exports, setExports] = useState<Export[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [times, setTimes] = useState(0);
  const jobs = useJobs(runner);
  // Each job that got an id or an outcome changes the list.
  const known = jobs.map(({ key, phase }) => `${key} ${phase}`).join();
  const isWaiting = !jobs.some(isOpen) && exports?.some(({ status }) => isUnderWay(status));

  // biome-ignore lint/correctness/useExhaustiveDependencies: `known` and `times` ask anew
  useEffect(() => {
    const asking = new AbortController();
    api
      .exports(null, asking.signal)
      .then((page) => {
        setExports(page.exports);
        setCursor(page.next_cursor);
        setError(null);
      })
      .catch((problem: unknown) => {
        if (asking.signal.aborted) return;
        if (problem instanceof SignedOutError || problem instanceof NotAdminError)
          onAccessLost(problem);
        else setError(asApiError(problem));
      });
    return () => asking.abort();
  }, [api, known, times, onAccessLost]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: after each list, wait again
  useEffect(() => {
    if (!isWaiting) return;
    const timer = setTimeout(() => setTimes((before) => before + 1), LOOK_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [isWaiting, exports]);

  // What a job has seen of its export is newer than the list.
  const latest = new Map(jobs.flatMap((job) => (job.export ? [[job.export.id, job.export]] : [])));
  const shown = exports?.map((each) => latest.get(each.id) ?? each);

  const more = async () => {
    try {
      const page = await api.exports(cursor);
      setExports([...(exports ?? []), ...page.exports]);
      setCursor(page.next_cursor);
    } catch (problem) {
      setError(asApiError(problem));
    }
  };

  return (
    <section class="card recent" aria-labelledby="recent-title">
      <header>
        <h2 id="recent-title">Recent exports</h2>
      </header>
      {error && <Problem error={error} onRetry={() => setTimes((before) => before + 1)} />}
      {!shown && !error && <p class="hint">Loading…</p>}
      {shown?.length === 0 && (
        <p class="hint">None yet. What you and other admins export shows up here.</p>
      )}
      {shown && shown.length > 0 && (
        <Scroll label="Recent exports, table">
          <table>
            <thead>
              <tr>
                <th scope="col">Timeframe</th>
                <th scope="col">Status</th>
                <th scope="col" class="number">
                  Rows
                </th>
                <th scope="col" class="number">
                  Size
                </th>
                <th scope="col">Started</th>
                <th scope="col">By</th>
                <th scope="col">
                  <span class="sr">File</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((each) => (
                <tr key={each.id}>
                  <th scope="row">
                    <a href={`#/exports/${each.id}`}>{formatInterval(each.timeframe, timezone)}</a>
                  </th>
                  <td>
                    <StatusBadge status={each.status} />
                  </td>
                  <td class="number">
                    {each.row_count === null ? "–" : formatCount(each.row_count)}
                  </td>
                  <td class="number">
                    {each.files.length > 0 ? formatBytes(sizeOf(each.files)) : "–"}
                  </td>
                  <td>{formatInstant(each.created_at, timezone)}</td>
                  <td class="by">
                    {each.trigger === "schedule" ? "a schedule" : each.requested_by}
                  </td>
                  <td>
                    {each.files.length === 1 && (
                      <DownloadButton api={api} id={each.id} label="Download" />
                    )}
                    {each.files.length > 1 && (
                      <a href={`#/exports/${each.id}`}>{counted(each.files.length, "file")}</a>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {cursor && (
        <button type="button" class="quiet" onClick={() => void more()}>
          Show older
        </button>
      )}
    </section>
  );
}
