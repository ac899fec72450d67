// Who has put in what, read from the entries that the log shows of a draw.

export interface Contributor {
  readonly who: "agency" | "supervisor" | "cosigner" | "beacon" | "platform";
  /** Whether it is bound: committed, or holding the sealed values. */
  readonly present: boolean;
  /** Whether its part of the outcome is in. */
  readonly given: boolean;
}

/** Commitments, receipts and reveals come in pairs, one for the agency and one for the supervisor. */
export function contributors(steps: readonly string[], beacon: string | null): readonly Contributor[] {
  const has = (type: string): boolean => steps.includes(type);
  const both = (type: string): boolean => steps.filter((one) => one === type).length === 2;
  return [
    { who: "agency", present: both("commit"), given: both("reveal") },
    { who: "supervisor", present: both("commit"), given: both("reveal") },
    { who: "cosigner", present: both("escrow"), given: both("escrow") },
    ...(beacon === null ? [] : [{ who: "beacon" as const, present: has("seal"), given: has("result") }]),
    { who: "platform", present: has("seal"), given: has("result") },
  ];
}
