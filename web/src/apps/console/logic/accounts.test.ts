import { describe, expect, it } from "vitest";
import type { Account } from "../../../api/accounts.ts";
import { accountsInOrder, mayApprove, mayManage, placeOf, rolesToGive } from "./accounts.ts";

const account = (changes: Partial<Account>): Account => ({
  id: "usr_1",
  login: "one",
  name: "n",
  role: "site",
  agency: null,
  site: null,
  state: "waiting",
  createdBy: "usr_maker",
  approvedBy: null,
  seenAt: null,
  ...changes,
});
const operator = { person: "usr_op", role: "operator" } as const;
const supervisor = { person: "usr_sup", role: "supervisor" } as const;

describe("accounts", () => {
  it("are added by kind: supervision appoints itself, and nobody else does", () => {
    expect(rolesToGive("operator")).not.toContain("supervisor");
    expect(rolesToGive("supervisor")).toEqual(["supervisor", "witness"]);
    expect(rolesToGive("site")).toEqual([]);
  });

  it("are approved by another person than added them", () => {
    expect(mayApprove(operator, account({}))).toBe(true);
    expect(mayApprove(operator, account({ createdBy: operator.person }))).toBe(false);
    expect(mayApprove(operator, account({ role: "supervisor" }))).toBe(false);
    expect(mayApprove(supervisor, account({ role: "agency" }))).toBe(true);
    expect(mayApprove(supervisor, account({ state: "usable" }))).toBe(false);
    expect(mayApprove(supervisor, account({ id: supervisor.person, role: "supervisor" }))).toBe(false);
  });

  it("are disabled and reset by who gives their role, never one's own", () => {
    expect(mayManage(operator, account({ state: "usable" }))).toBe(true);
    expect(mayManage(supervisor, account({ state: "usable" }))).toBe(false);
    expect(mayManage(operator, account({ id: operator.person, role: "operator" }))).toBe(false);
    expect(mayManage(operator, account({ state: "disabled" }))).toBe(false);
  });

  it("are bound to what their role says, and shown with what waits first", () => {
    expect(["agency", "site", "witness", "operator"].map((role) => placeOf(role as "agency"))).toEqual(["agency", "site", "site", null]);
    const states = accountsInOrder([account({ state: "disabled" }), account({ state: "usable" }), account({})]).map((one) => one.state);
    expect(states).toEqual(["waiting", "usable", "disabled"]);
  });
});
