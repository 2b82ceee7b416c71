/** Numbers and instants, as people read them. */

import type { Granularity, Interval } from "./contract";

const LOCALE = "en-US"; // the page is in English, whatever the browser's language

const whole = new Intl.NumberFormat(LOCALE);
const compact = new Intl.NumberFormat(LOCALE, { notation: "compact", maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 1 });

export const formatCount = (count: number): string => whole.format(count);

/** `1.2M`. */
export const formatCompact = (count: number): string => compact.format(count);

export const formatShare = (share: number): string => percent.format(share);

/** `1 call`, `2 calls`. */
export function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

export function formatBytes(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB"];
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `840 ms`, `1.24 s`, `2 min 5 s`. */
export function formatMilliseconds(milliseconds: number | null): string {
  if (milliseconds === null) return "–";
  if (milliseconds < 1000) return `${milliseconds} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

/** A time zone that the browser knows; UTC where it does not. */
export function knownZone(timezone: string): string {
  try {
    new Intl.DateTimeFormat(LOCALE, { timeZone: timezone });
    return timezone;
  } catch {
    return "UTC";
  }
}

function formatter(timezone: string, options: Intl.DateTimeFormatOptions) {
  return new Intl.DateTimeFormat(LOCALE, { timeZone: knownZone(timezone), ...options });
}

const DAY = { year: "numeric", month: "short", day: "numeric" } as const;
const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;

/** `Jan 31, 2026, 09:30`. */
export function formatInstant(instant: string, timezone: string): string {
  return formatter(timezone, { ...DAY, ...TIME }).format(new Date(instant));
}

/** `Jan 1 – 31, 2026` for whole days, with times otherwise. */
export function formatInterval({ start, end }: Interval, timezone: string): string {
  const [first, after] = [new Date(start), new Date(end)];
  const isMidnight = (instant: Date) =>
    formatter(timezone, { ...TIME, second: "2-digit" }).format(instant) === "00:00:00";
  if (isMidnight(first) && isMidnight(after)) {
    return formatter(timezone, DAY).formatRange(first, new Date(after.getTime() - 1));
  }
  return formatter(timezone, { ...DAY, ...TIME }).formatRange(first, after);
}

/** A bucket's start for an axis: short, and unambiguous beside its neighbours. */
export function bucketLabels(
  buckets: string[],
  granularity: Granularity,
  timezone: string,
): string[] {
  const options: Record<Granularity, Intl.DateTimeFormatOptions> = {
    hour: { month: "short", day: "numeric", ...TIME },
    day: { month: "short", day: "numeric" },
    week: { month: "short", day: "numeric" },
    month: { month: "short", year: "numeric" },
  };
  const format = formatter(timezone, options[granularity]);
  return buckets.map((bucket) => format.format(new Date(bucket)));
}

/** A bucket in full: `Mon, Jan 5, 2026`, `Week of Jan 5, 2026`. */
export function bucketTitle(bucket: string, granularity: Granularity, timezone: string): string {
  const at = new Date(bucket);
  switch (granularity) {
    case "hour":
      return formatter(timezone, { weekday: "short", ...DAY, ...TIME }).format(at);
    case "day":
      return formatter(timezone, { weekday: "short", ...DAY }).format(at);
    case "week":
      return `Week of ${formatter(timezone, DAY).format(at)}`;
    case "month":
      return formatter(timezone, { month: "long", year: "numeric" }).format(at);
  }
}

/** The calendar day (`2026-01-31`) of an instant in a time zone. */
export function dayOf(instant: Date, timezone: string): string {
  const parts = formatter(timezone, { year: "numeric", month: "2-digit", day: "2-digit" })
    .formatToParts(instant)
    .map(({ type, value }) => [type, value]);
  const { year, month, day } = Object.fromEntries(parts);
  return `${year}-${month}-${day}`;
}

/** How far a zone is from UTC at an instant: `UTC+02:00`. */
export function offsetOf(timezone: string, instant: Date): string {
  const name = formatter(timezone, { timeZoneName: "longOffset" })
    .formatToParts(instant)
    .find(({ type }) => type === "timeZoneName")?.value;
  return (name ?? "GMT").replace("GMT", "UTC");
}
