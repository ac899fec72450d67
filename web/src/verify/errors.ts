// The one error family of the verifier. It carries the number and name of the first failing check (§10) and says,
// in both languages, what happened and who has to act. It never carries a person's name or any field of a record.

import { CHECKS, type CheckNumber } from "./checks.ts";

/** Who has to act on a failed check. */
export type Responsible = "holder" | "platform" | "agency" | "supervisor" | "cosigner" | "reader";

export class ProofError extends Error {
  readonly number: CheckNumber;
  readonly checkName: string;
  readonly zh: string;
  readonly en: string;
  readonly responsible: Responsible;

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
