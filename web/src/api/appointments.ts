// Members of a committee who were not drawn: proposed by one person, decided by another. Names go in, none comes out.
import { ask, list, number, record, text, textOrNull, type Caller } from "./http.ts";

export interface ApprovalFile {
  readonly sha256: string;
  readonly size: number;
  readonly name: string;
}

export interface Appointment {
  readonly id: string;
  readonly project: string;
  readonly section: string;
  readonly way: string;
  readonly state: string;
  readonly draw: string | null;
  readonly reasonCode: string;
  readonly reasonZh: string;
  readonly reasonEn: string;
  readonly approval: ApprovalFile;
  readonly seats: number;
  readonly outside: number;
  readonly document: string;
  readonly documentText: string;
  readonly proposedBy: string;
  readonly decidedBy: string | null;
  readonly decidedAt: string | null;
  readonly decision: string | null;
  readonly logIndex: number | null;
}

/** Seats that a self-selection may fill now: strata with their number, and sites. */
export interface Vacancy {
  readonly pool: string;
  readonly strata: readonly { readonly id: string; readonly seats: number }[];
  readonly sites: readonly string[];
}

export interface ChosenExpert {
  readonly stratum: string;
  readonly site: string;
  readonly expert: string;
}

export async function listAppointments(caller: Caller): Promise<readonly Appointment[]> {
  return list(record(await ask(caller, { path: "/v1/appointments" })).items).map(appointmentOf);
}

export async function getVacancy(caller: Caller, draw: string): Promise<Vacancy | null> {
  const found = record(await ask(caller, { path: `/v1/draws/${encodeURIComponent(draw)}/self-selection` }));
  if (found.parameters === null) return null;
  const parameters = record(found.parameters);
  const strata = list(parameters.strata).map(record);
  return {
    pool: text(found.pool),
    strata: strata.map((one) => ({ id: text(one.id), seats: number(one.seats) })),
    sites: list(parameters.sites).map((one) => text(record(one).id)),
  };
}

export async function propose(caller: Caller, body: Readonly<Record<string, unknown>>, idempotencyKey: string): Promise<Appointment> {
  return appointmentOf(await ask(caller, { method: "POST", path: "/v1/appointments", body, idempotencyKey }));
}

export async function approve(caller: Caller, one: Appointment, idempotencyKey: string): Promise<Appointment> {
  return decide(caller, one, "approve", { document: one.document }, idempotencyKey);
}

export async function refuse(caller: Caller, one: Appointment, reason: string, idempotencyKey: string): Promise<Appointment> {
  return decide(caller, one, "refuse", { reason }, idempotencyKey);
}

async function decide(caller: Caller, one: Appointment, step: string, body: Readonly<Record<string, unknown>>, idempotencyKey: string): Promise<Appointment> {
  const path = `/v1/appointments/${encodeURIComponent(one.id)}:${step}`;
  return appointmentOf(await ask(caller, { method: "POST", path, body, idempotencyKey }));
}

function appointmentOf(value: unknown): Appointment {
  const one = record(value);
  const reason = record(one.reason);
  const file = record(one.approval);
  return {
    id: text(one.id),
    project: text(one.project),
    section: text(one.section),
    way: text(one.way),
    state: text(one.state),
    draw: textOrNull(one.draw),
    reasonCode: text(reason.code),
    reasonZh: text(reason.zh),
    reasonEn: text(reason.en),
    approval: { sha256: text(file.sha256), size: number(file.size), name: text(file.name) },
    seats: number(one.seats),
    outside: number(one.outside),
    document: text(one.document),
    documentText: text(one.document_text),
    proposedBy: text(one.proposed_by),
    decidedBy: textOrNull(one.decided_by),
    decidedAt: textOrNull(one.decided_at),
    decision: textOrNull(one.decision),
    logIndex: typeof one.log_index === "number" ? one.log_index : null,
  };
}
