// What a seat's browser asks the server: its key proposed and looked at, the login, the session and its end.
import { ask, list, record, text, textOrNull, type Caller } from "./http.ts";

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
  readonly seat: string;
  readonly site: string;
  readonly code: string;
  readonly expiresAt: string;
}

const seats = (id: string): string => `/v1/seats/${encodeURIComponent(id)}`;

export async function seatKeys(caller: Caller, seat: string): Promise<SeatKeyState[]> {
  const found = record(await ask(caller, { path: `${seats(seat)}/keys` }));
  return list(found.items).map(keyOf);
}

export async function proposeKey(
  caller: Caller,
  seat: string,
  proposal: { readonly key: Readonly<Record<string, string>>; readonly signature: string },
  idempotencyKey: string,
): Promise<SeatKeyState> {
  return keyOf(await ask(caller, { method: "POST", path: `${seats(seat)}/enrolments`, body: proposal, idempotencyKey }));
}

export async function askChallenge(caller: Caller, seat: string, thumbprint: string): Promise<Challenge> {
  const found = record(await ask(caller, { method: "POST", path: `${seats(seat)}/challenges`, body: { thumbprint } }));
  return { id: text(found.challenge), statement: text(found.statement) };
}

export async function logIn(
  caller: Caller,
  seat: string,
  answer: { readonly challenge: string; readonly signature: string; readonly code: string },
): Promise<{ readonly token: string; readonly session: SeatSession }> {
  const found = record(await ask(caller, { method: "POST", path: `${seats(seat)}/logins`, body: answer }));
  const session = {
    seat: text(found.seat),
    site: text(found.site),
    code: text(found.code),
    expiresAt: text(found.expires_at),
  };
  return { token: text(found.token), session };
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
