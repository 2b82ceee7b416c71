/** Runs exports: starts them, looks until each has an outcome, downloads what succeeded. */

import { type Api, ApiError, asApiError, NotAdminError, pause, rowLimitProblem } from "../api";
import type { Export, ExportRequest } from "../contract";
import { SignedOutError } from "../session";
import { downloads } from "./downloads";
import { afterEvent, type Event, isOpen, type Job } from "./jobs";

const AT_ONCE = 2;
const LOOKS_AFTER_MS = [1000, 1500, 2000, 3000, 5000]; // the last goes on
const GIVE_UP_AFTER_MISSED_LOOKS = 5;

export class ExportRunner {
  jobs: readonly Job[] = [];
  private readonly listeners = new Set<() => void>();
  private working = 0;

  constructor(
    private readonly api: Api,
    private readonly onAccessLost: (error: unknown) => void,
  ) {}

  /** Calls back at each change, until the function it returns is called. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Starts exports, two at a time, in the order given. */
  start(requests: ExportRequest[]): void {
    const jobs = requests.map((request) => ({ key: crypto.randomUUID(), request }));
    this.tell({ type: "added", jobs });
    this.work();
  }

  /** Sends what did not come through again, with its own key; what failed becomes a new export. */
  retry(job: Job): void {
    if (job.phase === "refused" && job.error?.isPassing) {
      void this.run(job);
    } else {
      this.tell({ type: "dismissed", key: job.key });
      this.start([job.request]);
    }
  }

  async cancel(job: Job): Promise<void> {
    this.tell({ type: "cancelling", key: job.key });
    if (!job.export) return; // it has not begun, or `run` cancels it once it has an id
    await this.stop(job.key, job.export.id);
  }

  dismiss(job: Job): void {
    this.tell({ type: "dismissed", key: job.key });
  }

  private work(): void {
    // The newest stand first; of those added together, the first one is to begin.
    const next = this.jobs.find(({ phase }) => phase === "waiting");
    if (!next || this.working >= AT_ONCE) return;
    this.working += 1;
    void this.run(next).finally(() => {
      this.working -= 1;
      this.work();
    });
    this.work();
  }

  private async run({ key, request }: Job): Promise<void> {
    this.tell({ type: "sent", key });
    try {
      let found = await this.api.startExport(request, key);
      this.tell({ type: "looked", key, export: found });
      if (this.job(key)?.isCancelling) await this.stop(key, found.id);
      for (let look = 0; this.isRunning(key); look += 1) {
        await pause(LOOKS_AFTER_MS[Math.min(look, LOOKS_AFTER_MS.length - 1)] ?? 0);
        found = await this.look(found.id);
        if (this.isRunning(key)) this.tell({ type: "looked", key, export: found });
      }
      if (this.job(key)?.phase === "succeeded") downloads.add(found.files);
    } catch (error) {
      this.failed(key, error);
    }
  }

  private async look(id: string): Promise<Export> {
    for (let missed = 1; ; missed += 1) {
      try {
        return await this.api.export(id);
      } catch (error) {
        const isPassing = error instanceof ApiError && error.isPassing;
        if (!isPassing || missed >= GIVE_UP_AFTER_MISSED_LOOKS) throw error;
        await pause(missed * 2000);
      }
    }
  }

  private async stop(key: string, id: string): Promise<void> {
    try {
      this.tell({ type: "looked", key, export: await this.api.cancelExport(id) });
    } catch {
      // Most often it had just finished: the next look says how.
      this.tell({ type: "cancelFailed", key });
    }
  }

  private failed(key: string, error: unknown): void {
    if (error instanceof SignedOutError || error instanceof NotAdminError) {
      this.tell({ type: "dismissed", key });
      this.onAccessLost(error);
      return;
    }
    const shown = asApiError(error);
    const over = rowLimitProblem(shown);
    this.tell(
      over
        ? {
            type: "rejected",
            key,
            rows: over.row_count,
            limit: over.row_limit,
            parts: over.suggested_timeframes,
          }
        : { type: "refused", key, error: shown },
    );
  }

  private job(key: string): Job | undefined {
    return this.jobs.find((job) => job.key === key);
  }

  private isRunning(key: string): boolean {
    const job = this.job(key);
    return job !== undefined && isOpen(job);
  }

  private tell(event: Event): void {
    this.jobs = afterEvent(this.jobs, event);
    for (const listener of this.listeners) listener();
  }
}
