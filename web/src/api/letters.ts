// One letter's page and the server (/v1/letters/{id}…). The credential is derived from the secret in the link's fragment,
// which itself never leaves the browser.
import { getPasskey, makePasskey } from "./webauthn.ts";
import { list, number, Problem, problemOf, record, text, textOrNull, Unreachable } from "./http.ts";

export type Answer = "accept" | "decline" | "leave";

/** A letter as the server tells it: still sealed. `may` lists the answers that count now. */
export interface LetterPage {
  readonly id: string;
  readonly draw: number;
  readonly n: number;
  readonly letter: string;
  readonly state: string;
  readonly replyBy: string;
  readonly cutOff: string;
  /** Later than the letter says when the start was put off. */
  readonly begins: string;
  readonly arriveBy: string;
  readonly now: string;
  readonly may: readonly Answer[];
  readonly answers: readonly { readonly answer: string; readonly at: string; readonly logIndex: number }[];
  readonly codeBy: string | null;
}

/** `token`: what this page made for itself, and what a code or a passkey was shown for (Letter-Session). */
export interface Bearer {
  readonly id: string;
  readonly auth: string;
  readonly token?: string;
  readonly language: () => string;
  readonly fetch?: typeof fetch;
}

export interface Reply {
  readonly answer: Answer;
  readonly at: string;
  readonly signature: string;
  readonly code: string | null;
  readonly reason: string | null;
}

export interface OwnPasskey {
  readonly id: string;
  readonly createdOn: string;
  readonly usedOn: string | null;
}

/** 256 random bits as hex. */
export const newToken = (): string => Array.from(crypto.getRandomValues(new Uint8Array(32)), (one) => one.toString(16).padStart(2, "0")).join("");

export async function openLetter(bearer: Bearer): Promise<LetterPage> {
  return pageOf(await json(await reach(bearer, "GET", "")));
}

/** Sends a one-time code; the channel that it goes by. */
export async function sendCode(bearer: Bearer): Promise<string> {
  return text(record(await json(await reach(bearer, "POST", "/code"))).channel);
}

export async function reply(bearer: Bearer, said: Reply): Promise<LetterPage> {
  return pageOf(await json(await reach(bearer, "POST", "/replies", said)));
}

/** From now on the bearer's token stands for its person, for a quarter of an hour. */
export async function signInByCode(bearer: Bearer, code: string): Promise<void> {
  await json(await reach(bearer, "POST", "/sessions", { code }));
}

/** The same by a passkey. Throws NoPasskey when the person or the browser gives none. */
export async function signInByPasskey(bearer: Bearer): Promise<void> {
  const options = record(await json(await reach(bearer, "POST", "/sessions/passkey/options")));
  await json(await reach(bearer, "POST", "/sessions/passkey", await getPasskey(options)));
}

export async function ownPasskeys(bearer: Bearer): Promise<readonly OwnPasskey[]> {
  const found = record(await json(await reach(bearer, "GET", "/passkeys")));
  return list(found.items).map((one) => {
    const kept = record(one);
    return { id: text(kept.id), createdOn: text(kept.created_on), usedOn: textOrNull(kept.used_on) };
  });
}

/** Throws NoPasskey when the person or the browser makes none. */
export async function keepPasskey(bearer: Bearer): Promise<void> {
  const options = record(await json(await reach(bearer, "POST", "/passkeys/options")));
  await json(await reach(bearer, "POST", "/passkeys", await makePasskey(options)));
}

export async function dropPasskey(bearer: Bearer, id: string): Promise<void> {
  const answer = await reach(bearer, "DELETE", `/passkeys/${encodeURIComponent(id)}`);
  if (!answer.ok) await json(answer);
}

/** The receipt's bytes, exactly as the server made them. */
export async function fetchReceipt(bearer: Bearer): Promise<Uint8Array> {
  const answer = await reach(bearer, "GET", "/receipt");
  if (!answer.ok) await json(answer);
  return new Uint8Array(await answer.arrayBuffer());
}

/** The keys that this site publishes (draw-proof §12). */
export async function fetchTrust(bearer: Bearer): Promise<Uint8Array> {
  const answer = await call(bearer, "/v1/trust", { method: "GET" });
  if (!answer.ok) await json(answer);
  return new Uint8Array(await answer.arrayBuffer());
}

async function reach(bearer: Bearer, method: "GET" | "POST" | "DELETE", part: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = {
    Accept: "application/json, application/problem+json",
    "Accept-Language": bearer.language(),
    Authorization: `Letter ${bearer.auth}`,
  };
  if (bearer.token) headers["Letter-Session"] = bearer.token;
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    headers["Idempotency-Key"] = crypto.randomUUID();
  }
  return call(bearer, `/v1/letters/${bearer.id}${part}`, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
}

async function call(bearer: Bearer, path: string, how: RequestInit): Promise<Response> {
  try {
    return await (bearer.fetch ?? fetch)(path, { ...how, credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" });
  } catch {
    throw new Unreachable();
  }
}

async function json(answer: Response): Promise<unknown> {
  let value: unknown = null;
  try {
    value = await answer.json();
  } catch {
    if (answer.ok) throw new Problem(0, "answer.unreadable", "", [], true, "");
  }
  if (answer.ok) return value;
  throw problemOf(answer.status, value);
}

const isAnswer = (value: string): value is Answer => value === "accept" || value === "decline" || value === "leave";

function pageOf(value: unknown): LetterPage {
  const found = record(value);
  return {
    id: text(found.id),
    draw: number(found.draw),
    n: number(found.n),
    letter: text(found.letter),
    state: text(found.state),
    replyBy: text(found.reply_by),
    cutOff: text(found.cut_off),
    begins: text(found.begins),
    arriveBy: text(found.arrive_by),
    now: text(found.now),
    may: list(found.may).map(text).filter(isAnswer),
    answers: list(found.answers).map((one) => {
      const given = record(one);
      return { answer: text(given.answer), at: text(given.at), logIndex: number(given.log_index) };
    }),
    codeBy: textOrNull(found.code_by),
  };
}
