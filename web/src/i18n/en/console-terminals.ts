// Draw terminals, for those who may end one.
export default {
  terminals: {
    title: "Draw terminals",
    lead: "Site staff propose a terminal in a draw room, and another person approves it. One person in doubt is enough to revoke it: at once it starts no draw, for good, until it is enrolled anew.",
    empty: "No draw terminal was ever proposed.",
    states: { proposed: "Waits for approval", enrolled: "Enrolled", revoked: "Revoked" },
    persons: "proposed by {proposed}, approved by {approved}",
    revokedBy: "revoked by {person}",
    key: "Thumbprint of the terminal's key",
    manage: "Revoke {terminal}…",
    warning: "This counts at once and for good; a draw that is about to be started at this terminal does not start there any more.",
    confirm: "I confirm that {terminal} is to be revoked.",
    revoke: "Revoke {terminal}",
    done: "{terminal} is revoked.",
  },
} as const;
