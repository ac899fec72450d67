// The way of an evaluation from accounts to the result, and where on it a draw stands.

export const STEPS = ["prepare", "draw", "invite", "arrive", "evaluate", "result"] as const;
export type JourneyStep = (typeof STEPS)[number];

const OF_CAMPAIGN: Readonly<Record<string, JourneyStep>> = {
  sealed: "arrive",
  checked_in: "evaluate",
  opened: "evaluate",
  closed: "evaluate",
  published: "result",
};

/** `campaign` is the state of the invitations, null before they were proposed. */
export function stepOf(draw: string, campaign: string | null): JourneyStep {
  if (campaign !== null) return OF_CAMPAIGN[campaign] ?? "invite";
  return draw === "drawn" || draw === "appointed" ? "invite" : draw === "opened" ? "result" : "draw";
}
