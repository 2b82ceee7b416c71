/** The API, with its problems as errors. */

import type {
  Estimate,
  Export,
  ExportPage,
  ExportRequest,
  Problem,
  RowLimitProblem,
  Usage,
} from "./contract";
import { SignedOutError } from "./session";

const BUSY_PAUSES_MS = [1000, 2000, 4000];

/** An answer that is no success, with what to tell the admin. */
export class ApiError extends Error {
  /** When the same request may be sent again, where the answer says so. */
  retryAfterMs: number | null = null;

  constructor(
    readonly title: string,
    readonly detail: string,
    readonly status: number,
    /** The last part of the problem's type; empty where the answer was no problem. */
    readonly kind: string = "",
    readonly problem: Problem | null = null,
  ) {
    super(`${title}. ${detail}`);
  }

  /** Whether something was throttled, which passes within seconds. */
  get isBusy(): boolean {
    return (
      this.status === 429 || (this.status === 503 && /^(service-unavailable)?$/.test(this.kind))
    );
  }

  /** Whether the same request may succeed if it is sent again. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The token is good, and its owner is no admin. */
export class NotAdminError extends Error {}

/** What to show as an `ApiError`, whatever was thrown. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError("Something went wrong", `Reload the page. (${String(error)})`, -1);
}

/** The problem of too many rows, if that is what an error is. */
export function rowLimitProblem(error: ApiError): RowLimitProblem | null {
  return error.kind === "row-limit-exceeded" ? (error.problem as RowLimitProblem) : null;
}

interface Sending {
  body?: ExportRequest;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

interface Answer<Body> {
  status: number;
  body: Body;
}

export class Api {
  constructor(
    private readonly url: string,
    private readonly token: () => Promise<string>,
  ) {}

  /** Waits as long as the counting takes; `onCounting` is told that it goes on. */
  async usage(query: string, signal: AbortSignal, onCounting: () => void): Promise<Usage> {
    return this.untilCounted<Usage>("GET", `/usage?${query}`, { signal }, onCounting);
  }

  async estimate(request: ExportRequest, signal: AbortSignal): Promise<Estimate> {
    return this.untilCounted<Estimate>("POST", "/exports/estimate", { body: request, signal });
  }

  /**
   * Starts an export, and waits a moment for its end.
   *
   * With the same key it can be sent again and again: what breaks off is sent once more.
   */
  async startExport(request: ExportRequest, key: string): Promise<Export> {
    const sending = { body: request, headers: { "Idempotency-Key": key, Prefer: "wait=3" } };
    try {
      return (await this.call<Export>("POST", "/exports", sending)).body;
    } catch (error) {
      if (!(error instanceof ApiError && [0, 500].includes(error.status))) throw error;
      await pause(1500);
      return (await this.call<Export>("POST", "/exports", sending)).body;
    }
  }

  async export(id: string, signal?: AbortSignal): Promise<Export> {
    return (await this.call<Export>("GET", `/exports/${id}`, { signal })).body;
  }

  async cancelExport(id: string): Promise<Export> {
    return (await this.call<Export>("DELETE", `/exports/${id}`)).body;
  }

  async exports(cursor: string | null, signal?: AbortSignal): Promise<ExportPage> {
    const query = new URLSearchParams({ limit: "10", ...(cursor ? { cursor } : {}) });
    return (await this.call<ExportPage>("GET", `/exports?${query}`, { signal })).body;
  }

  private async untilCounted<Body>(
    method: string,
    path: string,
    sending: Sending,
    onCounting?: () => void,
  ): Promise<Body> {
    for (;;) {
      const answer = await this.call<Body>(method, path, sending);
      if (answer.status !== 202) return answer.body;
      onCounting?.();
      await pause(2000, sending.signal);
    }
  }

  /** What is throttled is sent again, some times: of all that this page sends, nothing minds. */
  private async call<Body>(
    method: string,
    path: string,
    sending: Sending = {},
  ): Promise<Answer<Body>> {
    for (const pauseMs of BUSY_PAUSES_MS) {
      try {
        return await this.send<Body>(method, path, sending);
      } catch (error) {
        if (!(error instanceof ApiError && error.isBusy)) throw error;
        // Not all at the same moment: whoever was refused together would be refused again.
        await pause((error.retryAfterMs ?? pauseMs) * (1 + Math.random() / 2), sending.signal);
      }
    }
    return this.send<Body>(method, path, sending);
  }

  private async send<Body>(
    method: string,
    path: string,
    { body, headers, signal }: Sending,
  ): Promise<Answer<Body>> {
    const token = await this.token();
    let response: Response;
    let read: unknown;
    try {
      response = await fetch(this.url + path, {
        method,
        headers: {
          Authorization: `Bearer ${token}`,
          ...(body ? { "Content-Type": "application/json" } : {}),
          ...headers,
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
        ...(signal ? { signal } : {}),
        credentials: "omit",
        cache: "no-store",
      });
      read = await response.json().catch(() => null);
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError(
        "The API cannot be reached",
        "Check your connection, then try again. Exports that are running go on meanwhile.",
        0,
      );
    }
    if (response.ok && read !== null) return { status: response.status, body: read as Body };
    const error = errorOf(response.status, read);
    const seconds = Number(response.headers.get("Retry-After"));
    if (error instanceof ApiError && seconds > 0) error.retryAfterMs = seconds * 1000;
    throw error;
  }
}

function errorOf(status: number, read: unknown): Error {
  const problem = read as Partial<Problem> | null;
  if (typeof problem?.title === "string" && typeof problem.detail === "string") {
    const kind = (problem.type ?? "").split(":").at(-1) ?? "";
    return new ApiError(problem.title, problem.detail, status, kind, problem as Problem);
  }
  switch (status) {
    case 401:
      return new SignedOutError();
    case 403:
      return new NotAdminError();
    case 404:
      return new ApiError(
        "Not found",
        "The API has no such route: it may be older than this page.",
        404,
      );
    case 429:
      return new ApiError("Too many requests", "Wait a few seconds, then try again.", 429);
    default:
      return new ApiError(
        "The API did not answer",
        "Try again in some seconds. If it fails again, tell whoever runs this service.",
        status,
      );
  }
}

/** Waits. Rejects at once when the signal aborts, or has. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}
