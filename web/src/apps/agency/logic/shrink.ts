// How the pool shrinks, filter by filter: what each one took and what is left, for a list and its bars.

export interface FilterStep {
  readonly filter: string;
  readonly left: number;
}

export interface ShrinkRow extends FilterStep {
  readonly removed: number;
  /** Share of the whole pool that is left, 0–100, whole. */
  readonly percent: number;
}

export function shrinkRows(pool: number, steps: readonly FilterStep[]): ShrinkRow[] {
  let before = pool;
  return steps.map((step) => {
    const row = { ...step, removed: before - step.left, percent: pool === 0 ? 0 : Math.round((step.left / pool) * 100) };
    before = step.left;
    return row;
  });
}

/** Those left after the last filter. */
export const eligible = (pool: number, steps: readonly FilterStep[]): number => steps.at(-1)?.left ?? pool;
