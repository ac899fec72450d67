// Calls from a page of this site with its session cookie, which no script sees. The mark X-Qiantong shows the server
// that a page of this site asks: a form or a foreign page cannot add it.
import { Problem, problemOf, Unreachable } from "./http.ts";

export interface Here {
  readonly language: () => string;
  readonly fetch?: typeof fetch;
}

export interface Asked {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
  /** For what is no account's: the session of a seat. */
  readonly authorization?: string;
}

/** The answer's JSON, or null for an answer without content. Throws Problem or Unreachable. */
export async function askHere(here: Here, asked: Asked): Promise<unknown> {
  const answer = await reach(here, asked);
  if (answer.status === 204) return null;
  const value = await read(answer);
  if (answer.ok) return value;
  throw problemOf(answer.status, value);
}

async function reach(here: Here, asked: Asked): Promise<Response> {
  const headers: Record<string, string> = {
    Accept: "application/json, application/problem+json",
    "Accept-Language": here.language(),
    "X-Qiantong": "1",
  };
  if (asked.body !== undefined) headers["Content-Type"] = "application/json";
  if (asked.authorization !== undefined) headers.Authorization = asked.authorization;
  if (asked.idempotencyKey !== undefined) headers["Idempotency-Key"] = asked.idempotencyKey;
  try {
    return await (here.fetch ?? fetch)(asked.path, {
      method: asked.method ?? "GET",
      headers,
      body: asked.body === undefined ? null : JSON.stringify(asked.body),
      signal: asked.signal ?? null,
      credentials: "same-origin",
      cache: "no-store",
      referrerPolicy: "no-referrer",
    });
  } catch (error) {
    if (asked.signal?.aborted) throw error;
    throw new Unreachable();
  }
}

async function read(answer: Response): Promise<unknown> {
  try {
    return await answer.json();
  } catch {
    if (answer.ok) throw new Problem(0, "answer.unreadable", "", [], true, "");
    return null;
  }
}
