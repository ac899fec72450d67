// Checks 2 to 4: checkpoints, inclusion and consistency, keys of the four parties (§2).

import { fromHex } from "./bytes.ts";
import { entryHash, signedBy, type Context } from "./context.ts";
import { decodeKey } from "./ed25519.ts";
import { isVrfKey } from "./ecvrf.ts";
import { fail, need } from "./errors.ts";
import { consistent, included } from "./merkle.ts";
import { NoteError, openNote, type Checkpoint, type Signer } from "./note.ts";
import { ALL_ROLES, type Entry, type Role, type Trust } from "./shapes.ts";

export interface Checkpoints {
  readonly final: Checkpoint;
  readonly seal: Checkpoint | null;
}

/** The party's own key entry, failing that any of its role. */
function findKey(context: Context, role: Role): Entry<"key"> | undefined {
  const entries = context.by.key.filter((one) => one.body.role === role);
  const wanted = context.request.body.parties[role];
  return entries.find((one) => one.body.public === wanted) ?? entries[0];
}

function keyEntry(context: Context, role: Role): Entry<"key"> {
  return findKey(context, role) ?? fail(4, `the key entry of the ${role} is missing`, `缺少${ZH[role]}的密钥条目`);
}

const ZH: Readonly<Record<Role, string>> = { platform: "平台", agency: "代理机构", supervisor: "监督部门", cosigner: "联署方" };

/** The checkpoint of a note of this log. Fails check `number` when it does not carry exactly the three signatures. */
export function openCheckpoint(context: Context, note: string, number: 2 | 45): Checkpoint {
  const { origin } = context.bundle;
  // A missing key entry is check 4's to name; until then the key of the request serves, under any name.
  const keyOf = (role: Role): string => findKey(context, role)?.body.public ?? context.request.body.parties[role];
  const cosigner = (role: Role): Signer => ({ name: findKey(context, role)?.body.name ?? null, key: keyOf(role), kind: 4 });
  const log: Signer = { name: origin, key: keyOf("platform"), kind: 1 };
  const signers = [log, cosigner("supervisor"), cosigner("cosigner")];
  try {
    return openNote(note, origin, signers);
  } catch (error) {
    if (error instanceof NoteError) return fail(number, error.message, "检查点无法解析、来源不同或签名无效");
    throw error;
  }
}

/** Check 2. */
export function checkCheckpoints(context: Context): Checkpoints {
  const { seal, final } = context.bundle.checkpoints;
  return { final: openCheckpoint(context, final, 2), seal: seal === null ? null : openCheckpoint(context, seal, 2) };
}

/** Check 3. */
export function checkInclusion(context: Context, { final, seal }: Checkpoints): void {
  for (const entry of context.bundle.entries) {
    const holds = included(entryHash(entry), entry.index, final.size, entry.proof.map(fromHex), final.root);
    need(holds, 3, `entry ${entry.index} is not in the log`, `第 ${entry.index} 号条目不在日志中`);
  }
  if (seal === null) return;
  const proof = (context.bundle.consistency ?? []).map(fromHex);
  const grown = consistent(seal.size, seal.root, final.size, final.root, proof);
  need(grown, 3, "the two checkpoints are not consistent", "两个检查点不一致，日志可能被改写");
  const covered = context.by.seal.every((one) => one.index < seal.size);
  const early = context.by.reveal.some((one) => one.index < seal.size);
  need(covered && !early, 3, "the seal checkpoint covers the wrong span", "封存检查点的范围不对");
}

/** Check 4. */
export function checkKeys(context: Context, trust: Trust | null): void {
  for (const role of ALL_ROLES) checkKey(context, role);
  need(context.by.key.length === 4, 4, "there must be four key entries", "密钥条目必须恰为四条");
  const shared = (keys: readonly (string | null)[]): boolean => new Set(keys).size !== keys.length;
  const entries = ALL_ROLES.map((role) => keyEntry(context, role).body);
  const owned = entries.flatMap((body) => [...new Set([body.public, body.vrf, body.seal].filter((key) => key !== null))]);
  need(!shared(owned), 4, "two parties share a key", "两方使用了同一密钥");
  if (trust !== null) checkTrust(context, trust);
}

function checkKey(context: Context, role: Role): void {
  const entry = keyEntry(context, role);
  const { body } = entry;
  const count = context.by.key.filter((one) => one.body.role === role).length;
  need(count === 1, 4, `the ${role} has ${count} key entries`, `${ZH[role]}的密钥条目不唯一`);
  const { parties } = context.request.body;
  need(body.public === parties[role], 4, `the key of the ${role} is not that of the request`, `${ZH[role]}的密钥与申请不符`);
  need(entry.index < context.draw, 4, `the key of the ${role} is not before the request`, `${ZH[role]}的密钥登记晚于申请`);
  need(decodeKey(fromHex(body.public)) !== null, 4, `the key of the ${role} is invalid`, `${ZH[role]}的密钥无效`);
  const own: readonly (readonly [Role, string])[] = role === "platform" ? [] : [[role, body.public]];
  need(signedBy(entry, [["platform", parties.platform], ...own]), 4, `the key entry of the ${role} is wrongly signed`, `${ZH[role]}的密钥条目签名无效`);
  need(body.vrf === null || isVrfKey(fromHex(body.vrf)), 4, `the VRF key of the ${role} is invalid`, `${ZH[role]}的 VRF 密钥无效`);
}

function checkTrust(context: Context, trust: Trust): void {
  need(trust.origin === context.bundle.origin, 4, "the trust file is of another log", "信任文件属于另一份日志");
  for (const role of ALL_ROLES) {
    const listed = trust[role].includes(context.request.body.parties[role]);
    need(listed, 4, `the trust file does not list the key of the ${role}`, `信任文件没有列出${ZH[role]}的密钥`);
  }
}
