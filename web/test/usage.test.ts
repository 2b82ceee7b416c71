import { expect, test } from "vitest";
import type { Usage, UsageRow, UsageSeries } from "../src/contract";
import { axisText, chartSeries, textOf, totalOf } from "../src/usage/metrics";
import { sortedRows } from "../src/usage/sorting";

const SERIES: UsageSeries[] = [
  {
    id: "gpt",
    name: "gpt",
    calls: [1, 0],
    input_tokens: [1000, 0],
    output_tokens: [20, 0],
    cost_usd: ["0.1", "0"],
  },
  {
    id: null,
    name: "Others",
    calls: [2, 3],
    input_tokens: [1, 1],
    output_tokens: [0, 1],
    cost_usd: ["0.2", "0.000000000001"],
  },
];

test("a bucket's total is the exact sum of its series", () => {
  expect(textOf(SERIES, "cost", 0)).toBe("$0.30");
  expect(textOf(SERIES, "cost", 1)).toBe("$0.0000000000010");
  expect(textOf(SERIES, "tokens", 0)).toBe("1,021");
  expect(totalOf(SERIES, "calls")).toBe("6");
});

test("tokens are those in and those out", () => {
  const usage = { series: { models: SERIES } } as unknown as Usage;
  expect(chartSeries(usage, "models", "tokens").map(({ values }) => values)).toEqual([
    [1020, 0],
    [1, 2],
  ]);
});

test("an axis is labelled for people", () => {
  expect([0, 0.5, 20, 12_500].map((value) => axisText(value, "cost"))).toEqual([
    "$0",
    "$0.5",
    "$20",
    "$12.5K",
  ]);
  expect(axisText(5_000_000, "tokens")).toBe("5M");
});

function row(id: string | null, cost: string, p50: number | null): UsageRow {
  return {
    id,
    name: id ?? "Others",
    provider: null,
    cost_share: 0,
    calls: 1,
    input_tokens: 0,
    output_tokens: 0,
    cost_usd: cost,
    unpriced_calls: 0,
    completion_time_ms: { p50, p95: null, p99: null },
  };
}

test("rows are sorted either way, all others and unknown values always last", () => {
  const rows = [row("a", "2", null), row(null, "9", 1), row("b", "10", 5), row("c", "3", 7)];
  const ids = (by: "cost" | "name" | "p50", descending: boolean) =>
    sortedRows(rows, by, descending).map(({ id }) => id);
  expect(ids("cost", true)).toEqual(["b", "c", "a", null]);
  expect(ids("cost", false)).toEqual(["a", "c", "b", null]);
  expect(ids("name", true)).toEqual(["c", "b", "a", null]);
  expect(ids("p50", true)).toEqual(["c", "b", "a", null]);
  expect(ids("p50", false)).toEqual(["b", "c", "a", null]);
});
