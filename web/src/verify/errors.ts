// The one error family of the verifier. It carries the number and name of the first failing check (§10) and says,
// in both languages, what happened and who has to act. It never carries a person's name or any field of a record.

import { CHECKS, type CheckNumber, type CheckWords } from "./checks.ts";

/** Who has to act on a failed check. */
export type Responsible = "holder" | "platform" | "agency" | "supervisor" | "cosigner" | "reader";

/** A check that passed. `due` is false when the draw has not come so far or the file for it was not given. */
export interface Passed {
  readonly number: CheckNumber;
  readonly name: string;
  readonly due: boolean;
  readonly zh: CheckWords;
  readonly en: CheckWords;
}

export class ProofError extends Error {
  readonly number: CheckNumber;
  readonly checkName: string;
  readonly zh: string;
  readonly en: string;
  readonly responsible: Responsible;
  /** The checks that had passed before this one failed; filled in by `verify`. */
  passed: readonly Passed[] = [];

  constructor(number: CheckNumber, en: string, zh: string) {
    super(`${number} ${CHECKS[number].name}: ${en}`);
    this.name = CHECKS[number].name;
    this.number = number;
    this.checkName = CHECKS[number].name;
    this.en = en;
    this.zh = zh;
    this.responsible = CHECKS[number].responsible;
  }
}

/** Stops the verification at check `number`. */
export function fail(number: CheckNumber, en: string, zh: string): never {
  throw new ProofError(number, en, zh);
}

/** Fails check `number` unless `holds`. */
export function need(holds: boolean, number: CheckNumber, en: string, zh: string): asserts holds {
  if (!holds) throw new ProofError(number, en, zh);
}
