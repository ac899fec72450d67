// What is to be done anew after a change, once for all changes of a moment: watchers before their component, components
// before those within them, and afterwards what waits for the page to be as it will be seen.

export interface Job {
  /** The component's number: whoever stands within another has a higher one. */
  readonly place: number;
  readonly run: () => void;
}

const due = new Set<Job>();
let after: (() => void)[] = [];
let turn: Promise<void> | null = null;

/** One that fails does not keep the others from their turn: it is reported, and something else stands in for it. */
export function soundly<T>(work: () => T, otherwise: () => T): T {
  try {
    return work();
  } catch (error) {
    reportError(error);
    return otherwise();
  }
}

export const safely = (work: () => void): void => soundly(work, () => undefined);

export function plan(job: Job): void {
  due.add(job);
  turn ??= Promise.resolve().then(workOff);
}

export const drop = (job: Job): void => void due.delete(job);

export function planAfter(work: () => void): void {
  after.push(work);
}

const first = (): Job => [...due].reduce((one, other) => (other.place < one.place ? other : one));

function workOff(): void {
  while (due.size > 0) {
    while (due.size > 0) {
      const job = first();
      due.delete(job);
      safely(job.run);
    }
    settle();
  }
  turn = null;
}

/** Does what was kept until the page stands. */
export function settle(): void {
  while (after.length > 0) {
    const works = after;
    after = [];
    works.forEach(safely);
  }
}

/** Resolves when the page shows what was changed before. */
export const nextTick = (): Promise<void> => turn ?? Promise.resolve();
