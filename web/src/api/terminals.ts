// What a draw terminal asks the server: its own enrolment, the draws that wait, a start by two persons, and the course
// of the ceremony; and what the console does: every terminal, and the end of one.
import { askHere as ask, type Here } from "./here.ts";
import { list, number, record, text, textOrNull } from "./http.ts";
import { getPasskey } from "./webauthn.ts";

export interface Terminal {
  readonly id: string;
  readonly site: string;
  readonly zone: string;
  readonly thumbprint: string;
  readonly state: string;
}

/** A terminal with whose word it has. */
export interface ListedTerminal extends Terminal {
  readonly proposedBy: string;
  readonly approvedBy: string | null;
  readonly revokedBy: string | null;
}

export interface DrawRoom {
  readonly id: string;
  readonly name: string;
}

export interface Draw {
  readonly id: string;
  readonly k: number;
  readonly title: string;
  readonly section: string;
  readonly round: number;
  readonly state: string;
  readonly seats: number;
  readonly owner: string;
  readonly code: string | null;
  /** Types of the log's entries so far, in their order. */
  readonly steps: readonly string[];
}

export interface Start {
  readonly id: string;
  readonly draw: string;
  readonly expiresAt: string;
  readonly statement: string | null;
  readonly beacon: string | null;
}

const at = encodeURIComponent;

export async function drawRooms(here: Here, site: string): Promise<{ readonly name: string; readonly rooms: readonly DrawRoom[] }> {
  const found = record(await ask(here, { path: `/v1/venues/${at(site)}` }));
  const zones = list(found.zones).map(record).filter((zone) => zone.kind === "draw");
  return { name: text(found.name), rooms: zones.map((zone) => ({ id: text(zone.id), name: text(zone.name) })) };
}

export async function proposeTerminal(
  here: Here,
  asked: { readonly zone: string; readonly key: Readonly<Record<string, string>>; readonly signature: string },
): Promise<Terminal> {
  return terminalOf(await ask(here, { method: "POST", path: "/v1/draw-terminals", body: asked, idempotencyKey: crypto.randomUUID() }));
}

export async function approveTerminal(here: Here, id: string, thumbprint: string): Promise<Terminal> {
  const path = `/v1/draw-terminals/${at(id)}/approval`;
  return terminalOf(await ask(here, { method: "POST", path, body: { thumbprint }, idempotencyKey: crypto.randomUUID() }));
}

export async function listTerminals(here: Here): Promise<readonly ListedTerminal[]> {
  const found = record(await ask(here, { path: "/v1/draw-terminals" }));
  return list(found.items).map(record).map((one) => ({
    ...terminalOf(one),
    proposedBy: text(one.proposed_by),
    approvedBy: textOrNull(one.approved_by),
    revokedBy: textOrNull(one.revoked_by),
  }));
}

export async function revokeTerminal(here: Here, id: string, idempotencyKey: string): Promise<void> {
  await ask(here, { method: "POST", path: `/v1/draw-terminals/${at(id)}/revocation`, idempotencyKey });
}

/** Draws that wait to begin, newest first; of the newest hundred. */
export async function waitingDraws(here: Here): Promise<readonly Draw[]> {
  const found = record(await ask(here, { path: "/v1/draws?limit=100" }));
  return list(found.items).map(drawOf).filter((one) => one.state === "requested");
}

export async function getDraw(here: Here, id: string): Promise<Draw> {
  return drawOf(await ask(here, { path: `/v1/draws/${at(id)}` }));
}

export async function askStart(here: Here, terminal: string, thumbprint: string, draw: string): Promise<Start> {
  const body = { terminal, thumbprint, draw };
  return startOf(await ask(here, { method: "POST", path: "/v1/draw-starts", body, idempotencyKey: crypto.randomUUID() }));
}

export async function supervise(here: Here, start: string, login: string, password: string, code: string): Promise<Start> {
  const path = `/v1/draw-starts/${at(start)}/supervisor`;
  return startOf(await ask(here, { method: "POST", path, body: { login, password, code } }));
}

/** Throws NoPasskey when the person or the browser gives none. */
export async function superviseByPasskey(here: Here, start: string): Promise<Start> {
  const options = await ask(here, { method: "POST", path: "/v1/sessions/passkey/options" });
  const body = await getPasskey(record(options));
  return startOf(await ask(here, { method: "POST", path: `/v1/draw-starts/${at(start)}/supervisor-passkey`, body }));
}

export async function begin(here: Here, start: string, signature: string): Promise<Draw> {
  const path = `/v1/draw-starts/${at(start)}/signature`;
  return drawOf(await ask(here, { method: "POST", path, body: { signature }, idempotencyKey: crypto.randomUUID() }));
}

/** Goes on with a draw that has begun; again, it changes nothing. */
export async function carryOn(here: Here, draw: string): Promise<Draw> {
  return drawOf(await ask(here, { method: "POST", path: `/v1/draws/${at(draw)}:run`, idempotencyKey: crypto.randomUUID() }));
}

function terminalOf(value: unknown): Terminal {
  const found = record(value);
  return {
    id: text(found.terminal),
    site: text(found.site),
    zone: text(found.zone),
    thumbprint: text(found.thumbprint),
    state: text(found.state),
  };
}

function drawOf(value: unknown): Draw {
  const found = record(value);
  return {
    id: text(found.id),
    k: number(found.k),
    title: text(found.title),
    section: text(found.section),
    round: number(found.round),
    state: text(found.state),
    seats: number(found.seats),
    owner: text(found.owner),
    code: textOrNull(found.code),
    steps: list(found.steps).map((one) => text(record(one).type)),
  };
}

function startOf(value: unknown): Start {
  const found = record(value);
  return {
    id: text(found.start),
    draw: text(found.draw),
    expiresAt: text(found.expires_at),
    statement: textOrNull(found.statement),
    beacon: textOrNull(found.beacon),
  };
}
