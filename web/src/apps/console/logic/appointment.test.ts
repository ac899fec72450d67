// The page takes a digest for a document's only when it is, and shows only what that document says.
import { describe, expect, it } from "vitest";
import type { Appointment } from "../../../api/appointments.ts";
import { taggedHex } from "../../../verify/hash.ts";
import { covers } from "./appointment.ts";

const approval = { sha256: "ab".repeat(32), size: 4821, name: "批复.pdf" };
const documentText = JSON.stringify({
  way: "direct",
  reason: { code: "special_project", zh: "技术特别复杂", en: "exceptional" },
  approval,
  parameters: { committee: { experts: 5 } },
  outside: 2,
});
const one: Appointment = {
  id: "apt_1", project: "p", section: "s1", way: "direct", state: "proposed", draw: null,
  reasonCode: "special_project", reasonZh: "技术特别复杂", reasonEn: "exceptional", approval, seats: 5, outside: 2,
  document: taggedHex("qt/1 appointment document", new TextEncoder().encode(documentText)), documentText,
  proposedBy: "olga", decidedBy: null, decidedAt: null, decision: null, logIndex: null,
};

describe("covers", () => {
  it("takes the document whose digest is named", () => expect(covers(one)).toBe(true));
  it("refuses the digest of another document", () => expect(covers({ ...one, document: "00".repeat(32) })).toBe(false));
  it("refuses what is no document, whatever its digest", () => {
    const broken = "{";
    expect(covers({ ...one, documentText: broken, document: taggedHex("qt/1 appointment document", new TextEncoder().encode(broken)) })).toBe(false);
  });
  it.each<Partial<Appointment>>([
    { reasonZh: "另一个理由" }, { reasonCode: "other" }, { seats: 4 }, { outside: 0 }, { way: "self_selected" },
    { approval: { ...approval, sha256: "cd".repeat(32) } }, { approval: { ...approval, name: "另一个.pdf" } },
  ])("refuses what the document does not say: %o", (changed) => expect(covers({ ...one, ...changed })).toBe(false));
});
