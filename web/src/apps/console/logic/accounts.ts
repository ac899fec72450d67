// Who may do what with which account. The server decides; the page only does not offer what it would refuse.
import type { Account } from "../../../api/accounts.ts";
import type { Role, Session } from "../../../api/sessions.ts";

const MAKES: Readonly<Partial<Record<Role, readonly Role[]>>> = {
  operator: ["agency", "operator", "site"],
  supervisor: ["supervisor", "witness"],
};

export const rolesToGive = (role: Role): readonly Role[] => MAKES[role] ?? [];

export type PlaceOf = "agency" | "site" | null;

/** What an account of a role is bound to. */
export const placeOf = (role: Role): PlaceOf => (role === "agency" ? "agency" : role === "site" || role === "witness" ? "site" : null);

type Who = Pick<Session, "person" | "role">;

const isOwn = (who: Who, account: Account): boolean => account.id === who.person;

/** Another person than the one who added or reset it; supervisors approve every kind. */
export function mayApprove(who: Who, account: Account): boolean {
  const kind = who.role === "supervisor" || rolesToGive(who.role).includes(account.role);
  return kind && account.state === "waiting" && account.createdBy !== who.person && !isOwn(who, account);
}

/** Disabling and resetting. */
export const mayManage = (who: Who, account: Account): boolean =>
  account.state !== "disabled" && rolesToGive(who.role).includes(account.role) && !isOwn(who, account);

const ORDER = ["waiting", "stale", "enrolling", "usable", "disabled"];

/** What needs somebody first, then by name. */
export const accountsInOrder = (accounts: readonly Account[]): Account[] =>
  [...accounts].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.login.localeCompare(b.login));
