/** The order of a table's rows: pure. */

import type { UsageRow } from "../contract";

export const COLUMNS = [
  { name: "name", title: "Name", isNumber: false },
  { name: "cost", title: "Cost", isNumber: true },
  { name: "share", title: "Share of cost", isNumber: true },
  { name: "calls", title: "Calls", isNumber: true },
  { name: "input", title: "Tokens in", isNumber: true },
  { name: "output", title: "Tokens out", isNumber: true },
  { name: "p50", title: "p50", isNumber: true },
  { name: "p95", title: "p95", isNumber: true },
] as const;

export type Column = (typeof COLUMNS)[number]["name"];

/** All others together stay last, in whatever order; so does what has no value. */
export function sortedRows(rows: UsageRow[], by: Column, descending: boolean): UsageRow[] {
  return [...rows].sort((one, other) => {
    if ((one.id === null) !== (other.id === null)) return one.id === null ? 1 : -1;
    if (by === "name") return (descending ? -1 : 1) * one.name.localeCompare(other.name, "en");
    const [first, second] = [value(one, by), value(other, by)];
    if (first === null || second === null) return Number(first === null) - Number(second === null);
    return descending ? second - first : first - second;
  });
}

function value(row: UsageRow, by: Exclude<Column, "name">): number | null {
  switch (by) {
    case "cost":
      return Number(row.cost_usd);
    case "share":
      return row.cost_share;
    case "calls":
      return row.calls;
    case "input":
      return row.input_tokens;
    case "output":
      return row.output_tokens;
    default:
      return row.completion_time_ms[by];
  }
}
