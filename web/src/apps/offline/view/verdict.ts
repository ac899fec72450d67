// What the page says of a verification: six plain ticks over the numbered checks. Pure, no DOM, no words.

import { CHECKS, ProofError, type CheckNumber, type Passed, type Report } from "../../../verify/verify.ts";

export const GROUPS = ["list", "recusal", "random", "result", "calls", "signatures"] as const;
export type Group = (typeof GROUPS)[number];

/** `partial`: all that could be checked passed, but the full check needs another file. */
export type State = "pass" | "partial" | "notDue" | "fail" | "unknown";

export interface CheckLine {
  readonly number: CheckNumber;
  readonly state: State;
}

export interface Tick {
  readonly group: Group;
  readonly state: State;
  readonly checks: readonly CheckLine[];
}

/** What is told of the first check that failed. */
export type Failure = Pick<ProofError, "number" | "checkName" | "zh" | "en" | "responsible" | "passed">;

/** Plain data throughout. */
export interface Verdict {
  readonly passed: boolean;
  readonly failure: Failure | null;
  readonly report: Report | null;
  readonly ticks: readonly Tick[];
}

const MEMBERS: Readonly<Record<Group, readonly CheckNumber[]>> = {
  list: [5, 7, 15, 16, 20, 31, 32, 41, 42],
  recusal: [33, 34, 35, 36, 43],
  random: [6, 8, 9, 10, 14],
  result: [11, 12, 17, 18, 19, 21, 44],
  calls: [23, 24, 25, 26, 45, 46],
  signatures: [1, 2, 3, 4, 13, 22, 27],
};
const FULL_RECUSAL: readonly CheckNumber[] = [33, 34, 35, 36];
const FROM_FILES = 30;
/** Opening and abort: a draw has at most one of them, so the other is not missed. */
const ONLY_SOMETIMES: readonly CheckNumber[] = [13, 22];

/** The group in which a check stands. */
export function groupOf(number: CheckNumber): Group {
  return GROUPS.find((group) => MEMBERS[group].includes(number)) ?? "signatures";
}

export function verdictOf(outcome: Report | ProofError): Verdict {
  const failure = outcome instanceof ProofError ? outcome : null;
  const report = outcome instanceof ProofError ? null : outcome;
  const passed = failure === null ? (report?.checks ?? []) : failure.passed;
  const ticks = GROUPS.map((group) => tickOf(group, passed, failure)).map((tick) => unlogged(tick, report));
  return { passed: failure === null, failure, report, ticks };
}

/** Where the log holds no invitations, their checks will never be due: the tick stays open and says so. */
function unlogged(tick: Tick, report: Report | null): Tick {
  const silent = tick.group === "calls" && report?.invitations?.logged === false && report.stage !== "aborted";
  return silent ? { ...tick, state: "unknown", checks: tick.checks.filter((line) => line.state === "pass") } : tick;
}

function stateOf(number: CheckNumber, passed: readonly Passed[], failure: Failure | null): State {
  if (failure?.number === number) return "fail";
  const ran = passed.find((one) => one.number === number);
  if (ran !== undefined) return ran.due ? "pass" : "notDue";
  return failure === null ? "notDue" : "unknown";
}

function tickOf(group: Group, passed: readonly Passed[], failure: Failure | null): Tick {
  const lines = MEMBERS[group].map((number) => ({ number, state: stateOf(number, passed, failure) }));
  // Checks of a file that was not given are left out.
  const ran = (line: CheckLine): boolean => line.state === "pass" || line.state === "fail";
  const checks = lines.filter((line) => ran(line) || (line.number < FROM_FILES && !ONLY_SOMETIMES.includes(line.number)));
  return { group, state: group === "recusal" ? recusalState(lines, passed, failure) : plainState(checks), checks };
}

function plainState(checks: readonly CheckLine[]): State {
  const has = (state: State): boolean => checks.some((line) => line.state === state);
  if (has("fail")) return "fail";
  if (has("unknown")) return "unknown";
  if (!has("pass")) return "notDue";
  return has("notDue") ? "partial" : "pass";
}

/** Full only with the pool file; the sealed rules alone (check 7) make it partial. */
function recusalState(lines: readonly CheckLine[], passed: readonly Passed[], failure: Failure | null): State {
  if (lines.some((line) => line.state === "fail")) return "fail";
  if (FULL_RECUSAL.every((number) => lines.some((line) => line.number === number && line.state === "pass"))) return "pass";
  if (stateOf(7, passed, failure) === "pass") return "partial";
  return failure === null ? "notDue" : "unknown";
}

export { CHECKS };
