// One verification as plain data that crosses from a worker to the page. No DOM: runs in either.

import { selfTest } from "../../../verify/drand.ts";
import { ProofError, verify, type Options } from "../../../verify/verify.ts";
import { verdictOf, type Verdict } from "./verdict.ts";

export interface Task {
  /** Told back with the answer, so that an answer to a question no longer asked is dropped. */
  readonly run: number;
  readonly bundle: Uint8Array;
  readonly options: Options;
}

export interface Answer {
  readonly run: number;
  readonly verdict: Verdict;
}

export function judge(bundle: Uint8Array, options: Options): Verdict {
  try {
    return verdictOf(verify(bundle, options));
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    const { number, checkName, zh, en, responsible, passed } = error;
    // An error's own members do not survive the way out of a worker.
    return { ...verdictOf(error), failure: { number, checkName, zh, en, responsible, passed } };
  }
}

interface Scope {
  postMessage(answer: Answer): void;
  addEventListener(type: "message", listener: (event: MessageEvent<Task>) => void): void;
}

/** Answers tasks for as long as the worker lives. A first pairing costs four times a later one, so it is done at once. */
export function answerTasks(scope: Scope): void {
  scope.addEventListener("message", ({ data: { run, bundle, options } }) => {
    scope.postMessage({ run, verdict: judge(bundle, options) });
  });
  selfTest();
}
