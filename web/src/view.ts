/** What is shown, kept in the address so that it can be shared: pure, both ways. */

import type { Dimension, ExportRequest, Filters, Granularity, Interval, Period } from "./contract";

export type Timeframe = { period: Period } | Interval;
export type Metric = "cost" | "tokens" | "calls";

export interface UsageView {
  page: "usage";
  timeframe: Timeframe;
  timezone: string;
  /** null leaves it to the timeframe's length. */
  granularity: Granularity | null;
  metric: Metric;
  by: Dimension;
  filters: Filters;
}

export type View = UsageView | { page: "export"; id: string };

export const PERIODS: Record<Period, string> = {
  last_7_days: "Last 7 days",
  last_30_days: "Last 30 days",
  last_90_days: "Last 90 days",
  this_month: "This month",
  previous_month: "Previous month",
  yesterday: "Yesterday",
  previous_week: "Previous week",
};
export const DIMENSIONS: Record<Dimension, string> = {
  models: "Model",
  providers: "Provider",
  api_keys: "API key",
};
export const METRICS: Record<Metric, string> = { cost: "Cost", tokens: "Tokens", calls: "Calls" };
export const GRANULARITIES: Granularity[] = ["hour", "day", "week", "month"];
export const FILTER_NAMES = ["api_key_ids", "providers", "models", "call_types"] as const;

const DEFAULTS = { period: "last_30_days", metric: "cost", by: "models" } as const;

/** The view that an address's hash means; what it leaves out or gets wrong is the default. */
export function viewOf(hash: string, timezone: string): View {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const id = /^\/exports\/([0-9a-z]{1,64})$/.exec(path)?.[1];
  if (id !== undefined) return { page: "export", id };
  const asked = new URLSearchParams(query);
  const filters: Filters = {};
  for (const name of FILTER_NAMES) {
    const values = asked.getAll(name).filter((value) => value !== "");
    if (values.length > 0) filters[name] = values;
  }
  const [start, end] = [asked.get("start"), asked.get("end")];
  return {
    page: "usage",
    timeframe:
      start && end
        ? { start, end }
        : { period: known(PERIODS, asked.get("period"), DEFAULTS.period) },
    timezone: asked.get("timezone") || timezone,
    granularity: GRANULARITIES.find((each) => each === asked.get("granularity")) ?? null,
    metric: known(METRICS, asked.get("metric"), DEFAULTS.metric),
    by: known(DIMENSIONS, asked.get("by"), DEFAULTS.by),
    filters,
  };
}

/** The hash that means the view. Timeframe and time zone always stand in it. */
export function hashOf(view: View): string {
  if (view.page === "export") return `#/exports/${view.id}`;
  const query = new URLSearchParams({ ...view.timeframe, timezone: view.timezone });
  if (view.granularity) query.set("granularity", view.granularity);
  if (view.metric !== DEFAULTS.metric) query.set("metric", view.metric);
  if (view.by !== DEFAULTS.by) query.set("by", view.by);
  appendFilters(query, view.filters);
  return `#/?${query}`;
}

/** The query string of `GET /usage`. */
export function usageQuery(view: UsageView): string {
  const query = new URLSearchParams({ ...view.timeframe, timezone: view.timezone });
  if (view.granularity) query.set("granularity", view.granularity);
  appendFilters(query, view.filters);
  return query.toString();
}

/** An export of exactly the calls in the charts: of their resolved interval, not of "30 days". */
export function exportRequest(
  interval: Interval,
  view: Pick<UsageView, "timezone" | "filters">,
): ExportRequest {
  return { start: interval.start, end: interval.end, timezone: view.timezone, ...view.filters };
}

function appendFilters(query: URLSearchParams, filters: Filters): void {
  for (const name of FILTER_NAMES) {
    for (const value of filters[name] ?? []) query.append(name, value);
  }
}

function known<Name extends string>(
  names: Record<Name, string>,
  asked: string | null,
  otherwise: Name,
): Name {
  return asked !== null && Object.hasOwn(names, asked) ? (asked as Name) : otherwise;
}
