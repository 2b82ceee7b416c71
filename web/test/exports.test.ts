import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Export, ExportFile, Progress, Suggestion } from "../src/contract";
import { Downloads } from "../src/exports/downloads";
import { sizeOf, sumsText } from "../src/exports/Files";
import { progressText } from "../src/exports/progress";
import { splitOf } from "../src/exports/split";

const TOTALS = { rows: 5, input_tokens: 1, output_tokens: 1, cost_usd: "1.25", unpriced_calls: 0 };

function parts(count: number, fits = true): Suggestion[] {
  const interval = { start: "2026-01-01T00:00:00.000Z", end: "2026-01-02T00:00:00.000Z" };
  return Array.from({ length: count }, () => ({ ...TOTALS, ...interval, fits }));
}

function file(name: string, size_bytes = 1000): ExportFile {
  return { name, size_bytes, download_url: `https://s3/${name}` } as ExportFile;
}

function running(progress: Partial<Progress>, row_count: number | null = null): Export {
  const from = { running: [], files_done: 0, files_planned: 1, elapsed_seconds: 0 };
  return { progress: { ...from, bytes_scanned: 0, ...progress }, row_count } as unknown as Export;
}

test("parts that all fit can be the files of one export, up to a hundred", () => {
  expect(splitOf(parts(2))).toEqual({ is: "possible", files: 2 });
  expect(splitOf(parts(100))).toEqual({ is: "possible", files: 100 });
  expect(splitOf(parts(101))).toEqual({ is: "tooLong", files: 101 });
});

test("an hour over the limit prevents the split, however many parts there are", () => {
  const hours = parts(1, false);
  expect(splitOf([...parts(2), ...hours])).toEqual({ is: "crowded", hours });
  expect(splitOf([...parts(200), ...hours])).toEqual({ is: "crowded", hours });
});

test("the progress of one file says what is done", () => {
  expect(progressText(running({ running: ["summary", "rows"] }))).toBe(
    "Counting, writing the file · 0 s",
  );
  expect(progressText(running({ running: ["rows"], elapsed_seconds: 11.6 }, 1200))).toBe(
    "1,200 rows counted, writing the file · 12 s",
  );
  expect(progressText(running({ bytes_scanned: 8_100_000 }, 1200))).toBe(
    "1,200 rows counted, file written · 0 s · 8.1 MB read",
  );
});

test("the progress of several files says how many are done", () => {
  const progress = { running: ["rows"], files_done: 3, files_planned: 7, elapsed_seconds: 12 };
  expect(progressText(running(progress, 19_000))).toBe("3 of 7 files · 12 s");
});

test("an export that is over has no progress", () => {
  expect(progressText({ progress: null } as Export)).toBe("");
});

test("files are summed up, with every digit of their cost", () => {
  const files = [file("a.csv", 1_200_000), file("b.csv", 400_000)];
  const totals = { ...TOTALS, rows: 19_034, cost_usd: "1234.01325", by_model: [] };
  expect(sizeOf(files)).toBe(1_600_000);
  expect(sumsText({ files, control_totals: totals } as unknown as Export)).toBe(
    "19,034 rows · 1.6 MB · $1,234.01325",
  );
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function downloading(): { begun: string[]; downloads: Downloads } {
  const begun: string[] = [];
  return { begun, downloads: new Downloads(({ name }) => void begun.push(name)) };
}

test("downloads begin one after the other, in order", () => {
  const { begun, downloads } = downloading();
  downloads.add([file("a"), file("b"), file("c")]);
  expect(begun).toEqual(["a"]);
  vi.advanceTimersByTime(1999);
  expect(begun).toEqual(["a"]);
  vi.advanceTimersByTime(1);
  expect(begun).toEqual(["a", "b"]);
  vi.runAllTimers();
  expect(begun).toEqual(["a", "b", "c"]);
});

test("what is asked for later goes before what still waits, and none is lost", () => {
  const { begun, downloads } = downloading();
  downloads.add([file("a"), file("b"), file("c")]);
  downloads.add([file("urgent")]);
  expect(begun).toEqual(["a"]);
  vi.runAllTimers();
  expect(begun).toEqual(["a", "urgent", "b", "c"]);
});

test("a download after the last one does not wait, but right after it does", () => {
  const { begun, downloads } = downloading();
  downloads.add([file("a")]);
  downloads.add([file("b")]);
  expect(begun).toEqual(["a"]);
  vi.runAllTimers();
  expect(begun).toEqual(["a", "b"]);
  downloads.add([file("c")]);
  expect(begun).toEqual(["a", "b", "c"]);
});
