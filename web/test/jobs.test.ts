import { expect, test } from "vitest";
import { ApiError } from "../src/api";
import type { Export, Status } from "../src/contract";
import { afterEvent, type Event, isOpen, type Job } from "../src/exports/jobs";

const PART = {
  start: "2026-01-01T00:00:00.000Z",
  end: "2026-01-02T00:00:00.000Z",
  rows: 5,
  input_tokens: 1,
  output_tokens: 1,
  cost_usd: "1",
  unpriced_calls: 0,
  fits: true,
};

function exported(status: Status, more: Partial<Export> = {}): Export {
  return {
    id: "7y",
    status,
    row_limit: 5,
    row_count: null,
    suggested_timeframes: null,
    ...more,
  } as Export;
}

function after(...events: Event[]): readonly Job[] {
  return events.reduce(afterEvent, [] as readonly Job[]);
}

const added: Event = { type: "added", jobs: [{ key: "k1", request: {} }] };
const sent: Event = { type: "sent", key: "k1" };

test("an export waits, starts, runs and succeeds", () => {
  const running: Event = { type: "looked", key: "k1", export: exported("running") };
  const done: Event = { type: "looked", key: "k1", export: exported("succeeded") };
  expect(after(added)[0]?.phase).toBe("waiting");
  expect(after(added, sent)[0]?.phase).toBe("starting");
  expect(after(added, sent, running)[0]?.phase).toBe("running");
  expect(after(added, sent, running, done)[0]?.phase).toBe("succeeded");
  expect(after(added, sent, running, done).some(isOpen)).toBe(false);
});

test("parts keep their order, before what was started earlier", () => {
  const parts: Event = {
    type: "added",
    jobs: [
      { key: "k2", request: {} },
      { key: "k3", request: {} },
    ],
  };
  expect(after(added, parts).map(({ key }) => key)).toEqual(["k2", "k3", "k1"]);
});

test("over the limit at once or later, the parts are there", () => {
  const over = { rows: 9, limit: 5, parts: [PART] };
  const atOnce: Event = { type: "rejected", key: "k1", ...over };
  const later: Event = {
    type: "looked",
    key: "k1",
    export: exported("rejected", { row_count: 9, suggested_timeframes: [PART] }),
  };
  for (const event of [atOnce, later]) {
    expect(after(added, sent, event)[0]).toMatchObject({ phase: "rejected", overLimit: over });
  }
});

test("what waits is cancelled on the spot, what runs when the API says so", () => {
  const cancelling: Event = { type: "cancelling", key: "k1" };
  expect(after(added, cancelling)[0]?.phase).toBe("cancelled");
  const running = after(added, sent, cancelling);
  expect(running[0]).toMatchObject({ phase: "starting", isCancelling: true });
  const ended = afterEvent(running, { type: "looked", key: "k1", export: exported("cancelled") });
  expect(ended[0]).toMatchObject({ phase: "cancelled", isCancelling: false });
});

test("a cancel that comes too late leaves the export to its outcome", () => {
  const events: Event[] = [
    added,
    sent,
    { type: "cancelling", key: "k1" },
    { type: "cancelFailed", key: "k1" },
  ];
  expect(after(...events)[0]).toMatchObject({ phase: "starting", isCancelling: false });
});

test("a refusal is kept to be shown, and gone once it is sent again", () => {
  const error = new ApiError("AWS is busy", "Try again.", 503);
  const refused = after(added, sent, { type: "refused", key: "k1", error });
  expect(refused[0]).toMatchObject({ phase: "refused", error });
  expect(afterEvent(refused, sent)[0]).toMatchObject({ phase: "starting", error: null });
});

test("an event of one export changes no other", () => {
  const two = after(added, { type: "added", jobs: [{ key: "k2", request: {} }] });
  expect(afterEvent(two, sent).find(({ key }) => key === "k2")).toBe(two[0]);
  expect(afterEvent(two, { type: "dismissed", key: "k1" }).map(({ key }) => key)).toEqual(["k2"]);
});
