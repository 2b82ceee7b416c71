import { expect, test } from "vitest";
import {
  bucketLabels,
  bucketTitle,
  dayOf,
  formatBytes,
  formatInterval,
  formatMilliseconds,
  knownZone,
  offsetOf,
} from "../src/format";

/** What `Intl` puts between words may be a thin or a no-break space. */
const plain = (text: string) => text.replace(/[\u2009\u00a0\u202f]/g, " ");

test("whole days are shown as days, the last one included", () => {
  const january = { start: "2025-12-31T23:00:00.000Z", end: "2026-01-31T23:00:00.000Z" };
  expect(plain(formatInterval(january, "Europe/Berlin"))).toBe("Jan 1 – 31, 2026");
  expect(plain(formatInterval(january, "UTC"))).toBe("Dec 31, 2025, 23:00 – Jan 31, 2026, 23:00");
});

test("days across a clock change are whole days", () => {
  const week = { start: "2026-03-27T23:00:00.000Z", end: "2026-03-30T22:00:00.000Z" };
  expect(plain(formatInterval(week, "Europe/Berlin"))).toBe("Mar 28 – 30, 2026");
});

test("a bucket is named by its start in the time zone asked for", () => {
  expect(bucketLabels(["2025-12-31T23:00:00.000Z"], "day", "Europe/Berlin")).toEqual(["Jan 1"]);
  expect(bucketTitle("2026-01-04T23:00:00.000Z", "week", "Europe/Berlin")).toBe(
    "Week of Jan 5, 2026",
  );
  expect(bucketTitle("2026-01-01T00:00:00.000Z", "month", "UTC")).toBe("January 2026");
});

test("a day is the calendar's of the time zone", () => {
  expect(dayOf(new Date("2026-01-31T23:30:00Z"), "Europe/Berlin")).toBe("2026-02-01");
});

test("an unknown time zone is no crash", () => {
  expect(knownZone("Mars/Olympus")).toBe("UTC");
  expect(offsetOf("Asia/Kolkata", new Date("2026-01-31T00:00:00Z"))).toBe("UTC+05:30");
});

test.each([
  [0, "0 bytes"],
  [999, "999 bytes"],
  [165_000, "165 KB"],
  [5_940_000, "5.9 MB"],
  [240_000_000, "240 MB"],
])("%i bytes are %s", (bytes, shown) => expect(formatBytes(bytes)).toBe(shown));

test.each([
  [null, "–"],
  [0, "0 ms"],
  [999, "999 ms"],
  [1240, "1.24 s"],
  [59_940, "59.9 s"],
  [125_400, "2 min 5 s"],
])("%s milliseconds are %s", (milliseconds, shown) =>
  expect(formatMilliseconds(milliseconds)).toBe(shown),
);
