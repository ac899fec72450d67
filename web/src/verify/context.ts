// What the checks of one bundle share: its entries by type, the facts of the draw, and the notes for the reader.
// Structure of check 1 beyond the schema (stage, order, which parts are null) is settled here.

import { fromHex, toHex, u32be, utf8, concat } from "./bytes.ts";
import { verifySignature } from "./ed25519.ts";
import { fail, need } from "./errors.ts";
import { tagged } from "./hash.ts";
import { canonical, type JsonObject } from "./json.ts";
import { leafHash } from "./merkle.ts";
import type { Bundle, Entry, EntryType, Role, Sdr, Stage } from "./shapes.ts";

/** A remark that is no failure: what the reader should know about this draw. */
export interface Note {
  readonly code: string;
  readonly zh: string;
  readonly en: string;
}

type Grouped = { readonly [T in EntryType]: readonly Entry<T>[] };

export interface Context {
  readonly bundle: Bundle;
  readonly by: Grouped;
  readonly request: Entry<"request">;
  /** The draw number k. */
  readonly draw: number;
  /** The first seal entry, its record and `sdr`; null before the seal. */
  readonly sealed: Sealed | null;
  readonly notes: Note[];
}

export interface Sealed {
  readonly entry: Entry<"seal">;
  readonly sdr: Sdr;
  readonly digest: string;
}

function group(entries: readonly Entry[]): Grouped {
  const of = <T extends EntryType>(type: T): Entry<T>[] => entries.filter((one): one is Entry<T> => one.type === type);
  return {
    key: of("key"), pool: of("pool"), request: of("request"), commit: of("commit"), seal: of("seal"),
    escrow: of("escrow"), reveal: of("reveal"), result: of("result"), event: of("event"), answer: of("answer"),
    invite: of("invite"), reply: of("reply"), record: of("record"), open: of("open"), abort: of("abort"),
  };
}

function stageOf(by: Grouped): Stage {
  if (by.abort.length > 0) return "aborted";
  if (by.open.length > 0) return "opened";
  if (by.result.length > 0) return "revealed";
  return by.seal.length > 0 ? "sealed" : "requested";
}

/** `sdr` of §5 in hexadecimal, from the record as it was read. */
export function sdrDigest(raw: Entry["raw"]): string {
  return toHex(tagged("qt/1 sdr", canonical((raw as JsonObject)["body"])));
}

/** Finishes check 1 and gives what the later checks work on. */
export function makeContext(bundle: Bundle): Context {
  const wrong = (en: string, zh: string): never => fail(1, en, zh);
  const ascending = bundle.entries.every((one, i) => i === 0 || (bundle.entries[i - 1]?.index ?? 0) < one.index);
  if (!ascending) wrong("entries do not ascend by index", "日志条目没有按序号排列");
  const by = group(bundle.entries);
  if (bundle.stage !== stageOf(by)) wrong("the stage does not follow from the entries", "所写阶段与日志条目不符");
  const request = by.request[0];
  if (request === undefined || by.request.length > 1) return wrong("there must be exactly one request", "必须恰有一条申请");
  const seal = by.seal[0];
  const isSealed = seal !== undefined;
  const present = [bundle.rules, bundle.checkpoints.seal, bundle.consistency].map((part) => part !== null);
  if (present.some((one) => one !== isSealed)) wrong("rules, seal checkpoint or consistency at the wrong stage", "规则或封存检查点与阶段不符");
  if (by.pool.length > (isSealed ? 1 : 0)) wrong("a pool entry that does not belong here", "出现了不该有的专家库条目");
  if (bundle.stage !== "aborted" && (bundle.opening !== null) !== (bundle.stage === "opened")) {
    wrong("the opening does not fit the stage", "公开内容与阶段不符");
  }
  checkOrder(bundle);
  const sealed = isSealed ? { entry: seal, sdr: seal.body as Sdr, digest: sdrDigest(seal.raw) } : null;
  return { bundle, by, request, draw: request.index, sealed, notes: [] };
}

function checkOrder({ opening }: Bundle): void {
  if (opening === null) return;
  need(ascendingAt(opening.leaves.map((leaf) => leaf.at)), 1, "positions do not ascend", "位置没有按序排列");
}

function compareAt(a: readonly number[], b: readonly number[]): number {
  return (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0) || (a[2] ?? 0) - (b[2] ?? 0);
}

/** Whether positions ascend strictly. */
export function ascendingAt(positions: readonly (readonly number[])[]): boolean {
  return positions.every((one, i) => i === 0 || compareAt(positions[i - 1] ?? [], one) < 0);
}

/** RFC 6962 leaf hash of the entry's bytes. */
export function entryHash(entry: Entry): Uint8Array {
  return leafHash(canonical(entry.raw));
}

/** Whether the entry carries exactly the signatures of these roles, in this order, by these keys. */
export function signedBy(entry: Entry, signers: readonly (readonly [Role, string])[]): boolean {
  if (entry.signatures.length !== signers.length) return false;
  const unsigned: Record<string, unknown> = { ...(entry.raw as JsonObject) };
  delete unsigned["signatures"];
  const message = concat(utf8(`qt/1 ${entry.type}`), Uint8Array.of(0), canonical(unsigned));
  return signers.every(([role, key], i) => {
    const one = entry.signatures[i];
    return one?.role === role && one.key === key && verifySignature(fromHex(key), message, fromHex(one.signature));
  });
}

/** As `signedBy`, the keys being those of the request's parties. */
export function signedByParties(context: Context, entry: Entry, ...roles: readonly Role[]): boolean {
  const { parties } = context.request.body;
  return signedBy(entry, roles.map((role) => [role, parties[role]] as const));
}

/** Whether an entry of this draw names this draw and this record. */
export function belongs(context: Context, body: { readonly draw: number; readonly sdr?: string | null }): boolean {
  return body.draw === context.draw && (body.sdr === undefined || body.sdr === (context.sealed?.digest ?? null));
}

/** The record of a sealed bundle; fails check 7 when there is none. */
export function sealedOf(context: Context): Sealed {
  need(context.sealed !== null, 7, "the seal is missing", "缺少封存条目");
  return context.sealed;
}

export function seatDigest(salt: string, seat: number): string {
  return toHex(tagged("qt/1 seat", fromHex(salt), u32be(seat)));
}

