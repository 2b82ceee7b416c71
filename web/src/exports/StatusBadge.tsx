import type { Status } from "../contract";

const NAMES: Record<Status, string> = {
  queued: "Queued",
  running: "Running",
  succeeded: "Done",
  rejected: "Over the limit",
  failed: "Failed",
  cancelled: "Cancelled",
};

export function StatusBadge({ status }: { status: Status }) {
  return <span class={`badge ${status}`}>{NAMES[status]}</span>;
}
