// The workbench: runs verifications beside the page, so that a pool of a hundred thousand experts freezes nothing; where
// no worker can be had, in the page itself. One at a time; a new task ends the one before.

import type { Options } from "../../../verify/verify.ts";
import type { Answer, Task } from "./judge.ts";
import type { Verdict } from "./verdict.ts";

type Judge = (bundle: Uint8Array, options: Options) => Verdict;

/** Where a page can run the verifier. */
export interface Places {
  /** A new worker that answers tasks; null where there is none. */
  readonly worker: () => Worker | null;
  /** The verifier in the page itself, for want of a worker. */
  readonly page: () => Promise<Judge>;
}

export class Bench {
  private worker: Worker | null = null;
  private works = true;
  private busy = false;
  private run = 0;

  constructor(private readonly places: Places) {
    this.hire();
  }

  /** Ends what is running; its answer never comes. */
  stop(): void {
    this.run += 1;
    if (!this.busy) return;
    this.busy = false;
    this.worker?.terminate();
    this.hire();
  }

  /** Verifies; `done` gets the verdict, or null after a defect of the verifier itself. */
  start(bundle: Uint8Array, options: Options, done: (verdict: Verdict | null) => void): void {
    this.stop();
    const task: Task = { run: this.run, bundle, options };
    const { worker } = this;
    if (worker === null) return this.here(task, done);
    const finish = (verdict: Verdict | null): void => {
      this.busy = false;
      done(verdict);
    };
    this.busy = true;
    worker.onmessage = ({ data }: MessageEvent<Answer>) => data.run === this.run && finish(data.verdict);
    // A worker that cannot run here at all, or a defect: the page tries for itself and shows which of the two it was.
    worker.onerror = () => {
      this.busy = false;
      this.works = false;
      this.worker = null;
      this.here(task, done);
    };
    worker.postMessage(task);
  }

  private hire(): void {
    try {
      this.worker = this.works ? this.places.worker() : null;
    } catch {
      this.worker = null;
    }
    if (this.worker === null) return;
    this.worker.onerror = () => {
      this.works = false;
      this.worker = null;
    };
  }

  /** In the page: the waiting line is painted first. */
  private here({ run, bundle, options }: Task, done: (verdict: Verdict | null) => void): void {
    requestAnimationFrame(() =>
      setTimeout(() => {
        if (run !== this.run) return;
        this.places.page().then((judge) => done(judge(bundle, options))).catch(() => done(null));
      }, 0),
    );
  }
}
