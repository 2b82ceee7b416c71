import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Api, ApiError } from "../src/api";

const PAGE = { exports: [], next_cursor: null };

let sent: { path: string; headers: Record<string, string>; at: number }[];
let answers: (() => Response)[];

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });
const throttled = () => json(429, { message: "Too Many Requests" });
const busy = () =>
  json(
    503,
    { type: "urn:api-usage-export:problem:service-unavailable", title: "AWS is busy", detail: "…" },
    { "Retry-After": "5" },
  );
const listed = () => json(200, PAGE);
const api = () => new Api("https://api.example", async () => "a.b.c");

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0);
  sent = [];
  vi.stubGlobal("fetch", async (url: string, { headers }: { headers: Record<string, string> }) => {
    sent.push({ path: url.replace("https://api.example", ""), headers, at: Date.now() });
    const answer = answers.shift();
    if (!answer) throw new Error("one request too many");
    return answer();
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** What a call comes to, with all the time that it takes. */
async function outcome<T>(call: Promise<T>): Promise<T | ApiError> {
  const settled = call.catch((error: ApiError) => error);
  await vi.runAllTimersAsync();
  return settled;
}

const waits = () => sent.slice(1).map(({ at }, index) => at - (sent[index]?.at ?? 0));

test("a request that is throttled is sent again, later each time", async () => {
  answers = [throttled, throttled, throttled, listed];
  expect(await outcome(api().exports(null))).toEqual(PAGE);
  expect(waits()).toEqual([1000, 2000, 4000]);
});

test("an answer that says when to come back is taken at its word", async () => {
  answers = [busy, listed];
  expect(await outcome(api().exports(null))).toEqual(PAGE);
  expect(waits()).toEqual([5000]);
});

test("pages that were refused together do not come back together", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  answers = [busy, listed];
  await outcome(api().exports(null));
  expect(waits()).toEqual([6250]);
});

test("what stays throttled is an error that may pass", async () => {
  answers = [throttled, throttled, throttled, throttled];
  const error = await outcome(api().exports(null));
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 429, isPassing: true });
  expect(sent.length).toBe(4);
});

test.each([404, 409, 422, 500])("a %i is not sent again", async (status) => {
  answers = [() => json(status, { message: "no" })];
  expect(await outcome(api().exports(null))).toMatchObject({ status });
});

test("a query that failed is not sent again: it would be found to have failed", async () => {
  const type = "urn:api-usage-export:problem:query-failed";
  answers = [
    () => json(503, { type, title: "The query failed", detail: "…" }, { "Retry-After": "5" }),
  ];
  expect(await outcome(api().exports(null))).toMatchObject({ kind: "query-failed" });
});

test("a 503 of the gateway's own is sent again", async () => {
  answers = [() => json(503, { message: "Service Unavailable" }), listed];
  expect(await outcome(api().exports(null))).toEqual(PAGE);
});

test("an export that is started again has the same key", async () => {
  answers = [throttled, () => json(500, { message: "Internal Server Error" }), () => json(202, {})];
  await outcome(api().startExport({}, "one-key"));
  expect(sent.map(({ headers }) => headers["Idempotency-Key"])).toEqual(Array(3).fill("one-key"));
});

test("who leaves while a request waits to be sent again has it sent no more", async () => {
  const leaving = new AbortController();
  answers = [throttled];
  const call = api().usage("period=last_7_days", leaving.signal, () => {});
  const left = expect(call).rejects.toMatchObject({ name: "AbortError" });
  await vi.advanceTimersByTimeAsync(500);
  leaving.abort(new DOMException("left", "AbortError"));
  await left;
  await vi.runAllTimersAsync();
  expect(sent.length).toBe(1);
});
