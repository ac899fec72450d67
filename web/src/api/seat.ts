// What a seat's browser asks the server: its key proposed and looked at, the login, the session and its end.
import { askHere as ask, type Here } from "./here.ts";
import { list, record, text, textOrNull } from "./http.ts";

export interface SeatKeyState {
  readonly thumbprint: string;
  readonly state: string;
  readonly proposedBy: string;
  readonly approvedBy: string | null;
}

export interface Challenge {
  readonly id: string;
  readonly statement: string;
}

export interface SeatSession {
  readonly id: string;
  readonly seat: string;
  readonly site: string;
  readonly code: string;
  readonly expiresAt: string;
}

const seats = (id: string): string => `/v1/seats/${encodeURIComponent(id)}`;

export async function seatKeys(here: Here, seat: string): Promise<SeatKeyState[]> {
  const found = record(await ask(here, { path: `${seats(seat)}/keys` }));
  return list(found.items).map(keyOf);
}

export async function proposeKey(
  here: Here,
  seat: string,
  proposal: { readonly key: Readonly<Record<string, string>>; readonly signature: string },
  idempotencyKey: string,
): Promise<SeatKeyState> {
  return keyOf(await ask(here, { method: "POST", path: `${seats(seat)}/enrolments`, body: proposal, idempotencyKey }));
}

export async function askChallenge(here: Here, seat: string, thumbprint: string): Promise<Challenge> {
  const found = record(await ask(here, { method: "POST", path: `${seats(seat)}/challenges`, body: { thumbprint } }));
  return { id: text(found.challenge), statement: text(found.statement) };
}

export async function logIn(
  here: Here,
  seat: string,
  answer: { readonly challenge: string; readonly signature: string; readonly code: string },
): Promise<{ readonly token: string; readonly session: SeatSession }> {
  const found = record(await ask(here, { method: "POST", path: `${seats(seat)}/logins`, body: answer }));
  const session = {
    id: text(found.session),
    seat: text(found.seat),
    site: text(found.site),
    code: text(found.code),
    expiresAt: text(found.expires_at),
  };
  return { token: text(found.token), session };
}

/** The room that the session of this seat belongs to; null while it is not open. */
export async function roomOfSeat(here: Here, token: string): Promise<string | null> {
  return textOrNull(record(await ask(here, { path: "/v1/seats/current/room", authorization: `Seat ${token}` })).room);
}

/** What the check at this seat found, as evidence for the site's staff. */
export async function tellCheck(here: Here, token: string, found: unknown): Promise<void> {
  await ask(here, { method: "POST", path: "/v1/seats/current/equipment", authorization: `Seat ${token}`, body: found });
}

/** Ends the session of this seat's browser; its token is shown, whoever else is signed in here. */
export async function getUp(here: Here, token: string): Promise<void> {
  await ask(here, { method: "DELETE", path: "/v1/seats/current", authorization: `Seat ${token}` });
}

function keyOf(value: unknown): SeatKeyState {
  const found = record(value);
  return {
    thumbprint: text(found.thumbprint),
    state: text(found.state),
    proposedBy: text(found.proposed_by),
    approvedBy: textOrNull(found.approved_by),
  };
}
