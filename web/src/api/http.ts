// Calls to the served interface: bearer key in a header, or the session's cookie with the mark that only a page of this
// site can add; JSON both ways, refusals as problem+json (RFC 9457). A key travels in the header only, never in an
// address; nothing here keeps it.

import { away } from "./presence.ts";

export interface Fault {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
  readonly basis: string;
  readonly alarm: boolean;
}

/** The server understood and refused. `status` 0 stands for an answer that could not be read. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly faults: readonly Fault[],
    readonly retryable: boolean,
    readonly trace: string,
  ) {
    super(code);
  }
}

/** No answer at all: whether the server has acted is unknown. */
export class Unreachable extends Error {}

export interface Question {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  /** The version that is to be replaced, and no other. */
  readonly version?: number;
  readonly signal?: AbortSignal;
  /** A credential of its own kind instead of the caller's, as an Authorization header writes it. */
  readonly authorization?: string;
}

/** `key` null: whoever is signed in with this browser. */
export interface Caller {
  readonly key: string | null;
  readonly language: () => string;
  readonly fetch?: typeof fetch;
}

export async function ask(caller: Caller, question: Question): Promise<unknown> {
  const headers: Record<string, string> = {
    Accept: "application/json, application/problem+json",
    "Accept-Language": caller.language(),
    ...credential(caller, question),
  };
  if (question.body !== undefined) headers["Content-Type"] = "application/json";
  if (question.idempotencyKey !== undefined) headers["Idempotency-Key"] = question.idempotencyKey;
  if (question.version !== undefined) headers["If-Match"] = `"${question.version}"`;
  const answer = await reach(caller, question, headers);
  const value = answer.status === 204 ? null : await readJson(answer);
  if (answer.ok) return value;
  throw problemOf(answer.status, value);
}

const bySession = (caller: Caller, question: Question): boolean => caller.key === null && question.authorization === undefined;

function credential(caller: Caller, question: Question): Record<string, string> {
  if (bySession(caller, question)) return { "X-Qiantong": "1", ...(away() ? { "X-Qiantong-Away": "1" } : {}) };
  return { Authorization: question.authorization ?? `Bearer ${caller.key ?? ""}` };
}

async function reach(caller: Caller, question: Question, headers: Record<string, string>): Promise<Response> {
  try {
    return await (caller.fetch ?? fetch)(question.path, {
      method: question.method ?? "GET",
      headers,
      body: question.body === undefined ? null : JSON.stringify(question.body),
      signal: question.signal ?? null,
      credentials: bySession(caller, question) ? "same-origin" : "omit",
      cache: "no-store",
      referrerPolicy: "no-referrer",
    });
  } catch (error) {
    if (question.signal?.aborted) throw error;
    throw new Unreachable();
  }
}

async function readJson(answer: Response): Promise<unknown> {
  try {
    return await answer.json();
  } catch {
    if (answer.ok) throw new Problem(0, "answer.unreadable", "", [], true, "");
    return null;
  }
}

export function problemOf(status: number, value: unknown): Problem {
  const found = record(value);
  return new Problem(
    status,
    text(found.code) || `http.${status}`,
    text(found.detail) || text(found.title),
    list(found.errors).map(faultOf),
    found.retryable === true || status === 429 || status === 503,
    text(found.trace_id),
  );
}

export function faultOf(value: unknown): Fault {
  const found = record(value);
  return {
    // What lies in the registered project is told by its place there: the form shows the project, not its fields.
    pointer: text(found.project_pointer) || text(found.pointer),
    code: text(found.code),
    message: text(found.message) || text(found.detail) || text(found.code),
    basis: text(found.basis),
    alarm: found.alarm === true,
  };
}

export const record = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const text = (value: unknown): string => (typeof value === "string" ? value : "");
export const number = (value: unknown): number => (typeof value === "number" ? value : 0);
export const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);
