// Signs, tones and the order of the way from the door to the seat. A state is told by a sign and a word, never by its
// colour alone.

export type Tone = "good" | "warn" | "bad" | "plain";

export const WAY = ["confirmed", "deposited", "inside", "seat_assigned", "seated"] as const;

const REACHED: Readonly<Record<string, number>> = {
  expected: -1,
  identified: -1,
  confirmed: 0,
  deposited: 1,
  gate_open: 1,
  detector_hold: 1,
  inside: 2,
  seat_assigned: 3,
  seated: 4,
  recused: 4,
  left: 4,
  returned: 4,
  refused: -1,
};

/** How far somebody is on `WAY`: the index of the last step done, -1 before the first. */
export const reached = (state: string): number => REACHED[state] ?? -1;

export function toneOf(state: string): Tone {
  if (["detector_hold", "refused", "returned_booking"].includes(state)) return "bad";
  if (["seated", "returned", "ok", "confirmed_booking"].includes(state)) return "good";
  if (["gate_open", "left", "recused", "pending"].includes(state)) return "warn";
  return "plain";
}

export const signOf = (tone: Tone): string => ({ good: "✔", warn: "▲", bad: "✖", plain: "●" })[tone];

/** What can be done next with an arrival, by its state. */
export type Action = "deposit" | "gate-in" | "seat" | "slip" | "gate-out" | "return" | "wait" | "none";

export function actionsOf(state: string, released: boolean): readonly Action[] {
  switch (state) {
    case "confirmed":
      return ["deposit"];
    case "deposited":
    case "gate_open":
      return ["gate-in"];
    case "detector_hold":
      return ["wait"];
    case "inside":
      return ["seat", "gate-out"];
    case "seat_assigned":
    case "seated":
      return ["slip", "gate-out"];
    case "recused":
      return ["gate-out"];
    case "left":
      return released ? ["return"] : ["gate-in", "return"];
    default:
      return ["none"];
  }
}
