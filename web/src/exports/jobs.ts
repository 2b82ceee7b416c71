/** The exports that were started on this page, and how each stands: pure. */

import type { ApiError } from "../api";
import { type Export, type ExportRequest, isUnderWay, type Suggestion } from "../contract";

export type Phase =
  | "waiting"
  | "starting"
  | "running"
  | "succeeded"
  | "rejected"
  | "failed"
  | "cancelled"
  | "refused";

export interface Job {
  /** Its Idempotency-Key: however often it is sent, it is one export. */
  key: string;
  request: ExportRequest;
  phase: Phase;
  export: Export | null;
  /** What the API said instead of an export. */
  error: ApiError | null;
  overLimit: { rows: number; limit: number; parts: Suggestion[] } | null;
  isCancelling: boolean;
}

export type Event =
  | { type: "added"; jobs: { key: string; request: ExportRequest }[] }
  | { type: "sent"; key: string }
  | { type: "looked"; key: string; export: Export }
  | { type: "rejected"; key: string; rows: number; limit: number; parts: Suggestion[] }
  | { type: "refused"; key: string; error: ApiError }
  | { type: "cancelling"; key: string }
  | { type: "cancelFailed"; key: string }
  | { type: "dismissed"; key: string };

/** The jobs after an event; the newest stand first. */
export function afterEvent(jobs: readonly Job[], event: Event): readonly Job[] {
  switch (event.type) {
    case "added":
      return [...event.jobs.map(newJob), ...jobs];
    case "dismissed":
      return jobs.filter(({ key }) => key !== event.key);
    default:
      return jobs.map((job) => (job.key === event.key ? { ...job, ...change(job, event) } : job));
  }
}

function newJob({ key, request }: { key: string; request: ExportRequest }): Job {
  return {
    key,
    request,
    phase: "waiting",
    export: null,
    error: null,
    overLimit: null,
    isCancelling: false,
  };
}

type Change = Exclude<Event, { type: "added" | "dismissed" }>;

function change(job: Job, event: Change): Partial<Job> {
  switch (event.type) {
    case "sent":
      return { phase: "starting", error: null };
    case "looked":
      return looked(event.export);
    case "rejected": {
      const { rows, limit, parts } = event;
      return { phase: "rejected", overLimit: { rows, limit, parts }, isCancelling: false };
    }
    case "refused":
      return { phase: "refused", error: event.error, isCancelling: false };
    case "cancelling":
      return job.phase === "waiting" ? { phase: "cancelled" } : { isCancelling: true };
    case "cancelFailed":
      return { isCancelling: false };
  }
}

function looked(found: Export): Partial<Job> {
  if (isUnderWay(found.status)) return { phase: "running", export: found };
  const parts = found.suggested_timeframes;
  return {
    phase: found.status as Phase,
    export: found,
    isCancelling: false,
    overLimit: parts && { rows: found.row_count ?? 0, limit: found.row_limit, parts },
  };
}

export const isOpen = ({ phase }: Job): boolean =>
  phase === "waiting" || phase === "starting" || phase === "running";
