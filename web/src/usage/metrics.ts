/** The series of a chart: what a metric is of a series, exactly and as text. Pure. */

import type { Dimension, Usage, UsageSeries } from "../contract";
import { formatCompact, formatCount } from "../format";
import { addUsd, formatUsd } from "../money";
import type { Metric } from "../view";

export interface ChartSeries {
  /** null for all others together. */
  id: string | null;
  name: string;
  /** For drawing; `text` is for reading. */
  values: number[];
  text: (bucket: number) => string;
  total: string;
}

export function chartSeries(usage: Usage, by: Dimension, metric: Metric): ChartSeries[] {
  return usage.series[by].map((series) => ({
    id: series.id,
    name: series.name,
    values: valuesOf(series, metric),
    text: (bucket) => textOf([series], metric, bucket),
    total: totalOf([series], metric),
  }));
}

/** What some series add up to in a bucket, as text. */
export function textOf(series: readonly UsageSeries[], metric: Metric, bucket: number): string {
  if (metric === "cost")
    return formatUsd(addUsd(series.map((each) => each.cost_usd[bucket] ?? "0")));
  return formatCount(sum(series.map((each) => valuesOf(each, metric)[bucket] ?? 0)));
}

/** What some series add up to over the whole timeframe, as text. */
export function totalOf(series: readonly UsageSeries[], metric: Metric): string {
  if (metric === "cost") return formatUsd(addUsd(series.flatMap((each) => each.cost_usd)));
  return formatCount(sum(series.flatMap((each) => valuesOf(each, metric))));
}

/** A value of the vertical axis. */
export function axisText(value: number, metric: Metric): string {
  if (metric !== "cost") return formatCompact(value);
  if (value >= 10_000) return `$${formatCompact(value)}`;
  return value === 0 ? "$0" : `$${trimmed(value)}`;
}

const trimmed = (value: number): string =>
  value >= 1 && Number.isInteger(value) ? formatCount(value) : String(Number(value.toPrecision(3)));

function valuesOf(series: UsageSeries, metric: Metric): number[] {
  switch (metric) {
    case "cost":
      return series.cost_usd.map(Number);
    case "calls":
      return series.calls;
    case "tokens":
      return series.input_tokens.map(
        (input, bucket) => input + (series.output_tokens[bucket] ?? 0),
      );
  }
}

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
