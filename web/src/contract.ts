/** The API's JSON, as docs/openapi.json has it. Money is exact decimal text, instants are UTC. */

export type Period =
  | "last_7_days"
  | "last_30_days"
  | "last_90_days"
  | "yesterday"
  | "previous_week"
  | "this_month"
  | "previous_month";

export type Granularity = "hour" | "day" | "week" | "month";

export interface Interval {
  start: string;
  end: string;
}

export interface CompletionTime {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface UsageTotals {
  calls: number;
  input_tokens: number;
  output_tokens: number;
  cost_usd: string;
  unpriced_calls: number;
  completion_time_ms: CompletionTime;
}

export interface UsageRow extends UsageTotals {
  id: string | null;
  name: string;
  provider: string | null;
  cost_share: number;
}

export interface UsageSeries {
  id: string | null;
  name: string;
  calls: number[];
  input_tokens: number[];
  output_tokens: number[];
  cost_usd: string[];
}

export interface BusyHour {
  weekday: number;
  hour: number;
  calls: number;
  completion_time_p95_ms: number | null;
}

export type Dimension = "api_keys" | "providers" | "models";

export interface Usage {
  timeframe: Interval;
  data_through: string;
  timezone: string;
  granularity: Granularity;
  totals: UsageTotals;
  buckets: string[];
  series: Record<Dimension, UsageSeries[]>;
  tables: Record<Dimension, UsageRow[]>;
  busy_hours: BusyHour[];
}

export interface Filters {
  api_key_ids?: string[];
  providers?: string[];
  models?: string[];
  call_types?: string[];
}

/** Over the row limit: no export, or one of several files. */
export type OnLimit = "reject" | "split";

export interface ExportRequest extends Filters {
  start?: string | null;
  end?: string | null;
  period?: Period | null;
  timezone?: string;
  columns?: "standard" | "extended";
  spreadsheet_safe?: boolean;
  on_limit?: OnLimit;
}

export interface CallTotals {
  rows: number;
  input_tokens: number;
  output_tokens: number;
  cost_usd: string;
  unpriced_calls: number;
}

export interface ControlTotals extends CallTotals {
  by_model: (CallTotals & { provider: string; model: string })[];
}

export interface Suggestion extends CallTotals, Interval {
  fits: boolean;
}

export type Status = "queued" | "running" | "succeeded" | "rejected" | "failed" | "cancelled";

export interface ExportFile {
  name: string;
  size_bytes: number;
  rows: number;
  timeframe: Interval;
  control_totals: CallTotals;
  download_url: string | null;
  download_url_expires_at: string | null;
  expires_at: string;
}

export interface Progress {
  running: string[];
  files_done: number;
  files_planned: number;
  elapsed_seconds: number;
  bytes_scanned: number;
}

export interface Export {
  id: string;
  workspace_id: string;
  status: Status;
  trigger: "api" | "schedule" | "direct";
  requested_by: string;
  created_at: string;
  completed_at: string | null;
  request: { [Name in keyof ExportRequest]: ExportRequest[Name] | null };
  timeframe: Interval;
  data_through: string;
  row_limit: number;
  row_count: number | null;
  control_totals: ControlTotals | null;
  suggested_timeframes: Suggestion[] | null;
  /** null where there are several. */
  file: ExportFile | null;
  files: ExportFile[];
  /** The S3 folder of a scheduled export's copies, which are there once it has succeeded. */
  delivered_to: string | null;
  bytes_scanned: number | null;
  athena_cost_usd: string | null;
  progress: Progress | null;
  error: { type: string; title: string; detail: string } | null;
}

export interface ExportPage {
  exports: Export[];
  next_cursor: string | null;
}

export interface Estimate {
  timeframe: Interval;
  row_count: number;
  row_limit: number;
  fits: boolean;
  control_totals: ControlTotals;
  suggested_timeframes: Suggestion[] | null;
  approximate_size_bytes: number;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors: { field: string; message: string }[];
}

export interface RowLimitProblem extends Problem {
  export_id: string;
  row_count: number;
  row_limit: number;
  suggested_timeframes: Suggestion[];
}

export function isUnderWay(status: Status): boolean {
  return status === "queued" || status === "running";
}
