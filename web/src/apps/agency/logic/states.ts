// The states of a draw and the steps that a reader sees, in their order (draw-proof §2, §9).

export const STEPS = ["requested", "committed", "sealed", "escrowed", "revealed", "drawn", "opened"] as const;
export type Step = (typeof STEPS)[number];
export type DrawState = Step | "aborted";

/** The reasons that an agency may give; the log knows more, which only the ceremony itself gives. */
export const ABORT_REASONS = ["project_cancelled", "request_changed", "infeasible", "fault"] as const;

export type StepMark = "done" | "current" | "ahead" | "skipped";

export interface TimelineStep {
  readonly step: DrawState;
  readonly mark: StepMark;
  /** When the log shows it to be done; null when it does not. */
  readonly at: string | null;
}

export interface LoggedEntry {
  readonly type: string;
  readonly time: string;
}

// The log entries that make a step: how many of which type.
const ENTRIES: Readonly<Record<DrawState, readonly [string, number]>> = {
  requested: ["request", 1],
  committed: ["commit", 2],
  sealed: ["seal", 1],
  escrowed: ["escrow", 2],
  revealed: ["reveal", 2],
  drawn: ["result", 1],
  opened: ["open", 1],
  aborted: ["abort", 1],
};

export const isState = (value: unknown): value is DrawState =>
  value === "aborted" || STEPS.some((step) => step === value);

export const isFinal = (state: DrawState): boolean => state === "opened" || state === "aborted";

/** Whether its people were chosen, not drawn: then nothing that is said of a draw holds. */
export const isChosen = (way: string): boolean => way === "self_selected" || way === "direct";

/** Key of the sentence that says what the agency does next. */
export const actionOf = (state: string): string => (isState(state) ? `page.action.${state}` : "page.action.unknown");

/** Whether the agency may still end it: everything but what has ended. */
export const mayAbort = (state: DrawState): boolean => !isFinal(state);

/** When the log shows a step to be done: the time of the last entry it needs. */
export function loggedAt(step: DrawState, entries: readonly LoggedEntry[]): string | null {
  const [type, count] = ENTRIES[step];
  const found = entries.filter((entry) => entry.type === type);
  return found.length < count ? null : (found.at(-1)?.time ?? null);
}

/** The steps with their marks. An aborted draw keeps the steps that its log shows; the rest did not happen. */
export function timeline(state: DrawState, entries: readonly LoggedEntry[]): TimelineStep[] {
  const reached = state === "aborted" ? -1 : STEPS.indexOf(state);
  const steps = STEPS.map((step, index): TimelineStep => {
    const at = loggedAt(step, entries);
    if (state === "aborted") return { step, mark: at === null ? "skipped" : "done", at };
    if (index < reached || state === "opened") return { step, mark: "done", at };
    return { step, mark: index === reached ? "current" : "ahead", at };
  });
  if (state !== "aborted") return steps;
  return [...steps, { step: "aborted", mark: "current", at: loggedAt("aborted", entries) }];
}
