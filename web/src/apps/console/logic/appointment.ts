// Whether the document of an appointment has the digest that is approved and says what the page shows beside it.
import type { Appointment } from "../../../api/appointments.ts";
import { taggedHex } from "../../../verify/hash.ts";

interface Document {
  readonly way: unknown;
  readonly reason: { readonly code: unknown; readonly zh: unknown; readonly en: unknown };
  readonly approval: { readonly sha256: unknown; readonly size: unknown; readonly name: unknown };
  readonly parameters: { readonly committee: { readonly experts: unknown } };
  readonly outside: unknown;
}

/** The shown reason, approval file and counts are those of the document, and the digest is the document's. */
export function covers(one: Appointment): boolean {
  if (taggedHex("qt/1 appointment document", new TextEncoder().encode(one.documentText)) !== one.document) return false;
  try {
    return says(JSON.parse(one.documentText) as Document, one);
  } catch {
    return false;
  }
}

function says(told: Document, one: Appointment): boolean {
  const { reason, approval } = told;
  const shown = [one.way, one.reasonCode, one.reasonZh, one.reasonEn, one.approval.sha256, one.approval.size, one.approval.name, one.seats, one.outside];
  const said = [told.way, reason.code, reason.zh, reason.en, approval.sha256, approval.size, approval.name, told.parameters.committee.experts, told.outside];
  return shown.every((value, at) => value === said[at]);
}

/** The document as a file to save, for the supervisor's own node. */
export const fileOf = (one: Appointment): string => `data:application/json;charset=utf-8,${encodeURIComponent(one.documentText)}`;
