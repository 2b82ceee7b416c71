import { useMemo } from "preact/hooks";
import type { Api } from "../api";
import { ExportPanel } from "../exports/ExportPanel";
import { RecentExports } from "../exports/RecentExports";
import type { ExportRunner } from "../exports/runner";
import { Problem } from "../Problem";
import { exportRequest, type UsageView, usageQuery, type View } from "../view";
import { Breakdown } from "./Breakdown";
import { BusyHours } from "./BusyHours";
import { FilterChips } from "./FilterChips";
import { Latency } from "./Latency";
import { OverTime } from "./OverTime";
import { Tiles } from "./Tiles";
import { TimeframeBar } from "./TimeframeBar";
import { useUsage } from "./useUsage";

interface Props {
  api: Api;
  runner: ExportRunner;
  view: UsageView;
  show: (view: View) => void;
  rowLimit: number;
  onAccessLost: (error: unknown) => void;
}

export function UsagePage({ api, runner, view, show, rowLimit, onAccessLost }: Props) {
  const query = usageQuery(view);
  const { usage, query: answered, loading, error, ask } = useUsage(api, query, onAccessLost);
  const change = (changed: Partial<UsageView>) => show({ ...view, ...changed });
  const isCurrent = usage !== null && answered === query;
  const request = useMemo(
    () =>
      usage
        ? exportRequest(usage.timeframe, { timezone: usage.timezone, filters: view.filters })
        : null,
    [usage, view.filters],
  );
  return (
    <>
      <TimeframeBar view={view} usage={error ? null : usage} loading={loading} change={change} />
      <FilterChips view={view} usage={usage} change={change} />
      {error && <Problem error={error} onRetry={ask} />}
      {!usage && loading !== "no" && <Skeleton />}
      {usage && !error && (
        <div class="usage" aria-busy={loading !== "no"}>
          <Tiles totals={usage.totals} />
          <ExportPanel
            api={api}
            runner={runner}
            usage={usage}
            request={isCurrent ? request : null}
            rowLimit={rowLimit}
          />
          {usage.totals.calls === 0 ? (
            <Empty isFiltered={Object.keys(view.filters).length > 0} />
          ) : (
            <>
              <OverTime usage={usage} metric={view.metric} by={view.by} change={change} />
              <Breakdown usage={usage} by={view.by} view={view} change={change} />
              <Latency rows={usage.tables.models} />
              <BusyHours hours={usage.busy_hours} timezone={usage.timezone} />
            </>
          )}
        </div>
      )}
      <RecentExports
        api={api}
        runner={runner}
        timezone={view.timezone}
        onAccessLost={onAccessLost}
      />
    </>
  );
}

function Empty({ isFiltered }: { isFiltered: boolean }) {
  return (
    <section class="card empty">
      <h2>No calls in this timeframe</h2>
      <p>
        {isFiltered
          ? "No call fits the filters. Take one away, or choose a longer timeframe."
          : "Choose a longer timeframe. If your workspace has only just begun, its first calls show up here some minutes after they are made."}
      </p>
    </section>
  );
}

function Skeleton() {
  return (
    <div class="usage skeleton" aria-hidden="true">
      <div class="tiles">
        <i />
        <i />
        <i />
        <i />
        <i />
      </div>
      <i class="export-panel" />
      <i class="over-time" />
    </div>
  );
}
