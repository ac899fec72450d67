// C2SP signed notes holding a tlog-checkpoint, with exactly three signatures: log, supervisor, cosigner (§2).
// Parsing and signature checks; what the tree must hold is the matter of check 3.

import { concat, equal, fromHex, utf8 } from "./bytes.ts";
import { verifySignature } from "./ed25519.ts";
import { sha256 } from "./hash.ts";

/** A name (null: any) and key that must have signed. `kind` 1 is the log's own signature, 4 a timed cosignature. */
export interface Signer {
  readonly name: string | null;
  readonly key: string;
  readonly kind: 1 | 4;
}

export interface Checkpoint {
  readonly size: number;
  readonly root: Uint8Array;
  /** Seconds since 1970 of the timed cosignatures, in order. */
  readonly times: readonly bigint[];
}

/** Why a note is refused; English, without content of the note. */
export class NoteError extends Error {}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** Printable ASCII without plus (draw-proof §2). */
const NAME = /^[!-*,-~]{1,128}$/;
/** Times of cosignatures are from 1 to 2^63 − 1 (draw-proof §2). */
const MAX_TIME = 1n << 63n;
const SIZE = /^(?:0|[1-9][0-9]{0,15})$/;

/** Bytes of canonical padded base64, or null. */
export function fromBase64(text: string): Uint8Array | null {
  if (!BASE64.test(text)) return null;
  const raw = atob(text);
  if (btoa(raw) !== text) return null;
  return Uint8Array.from(raw, (c) => c.charCodeAt(0));
}

function parseBody(body: string, origin: string): { size: number; root: Uint8Array } {
  const lines = body.split("\n");
  if (lines.length !== 4 || lines[3] !== "") throw new NoteError("a checkpoint has three lines");
  if (lines[0] !== origin) throw new NoteError("the checkpoint has another origin");
  const size = Number(lines[1]);
  if (!SIZE.test(lines[1] ?? "") || !Number.isSafeInteger(size)) throw new NoteError("the tree size is malformed");
  const root = fromBase64(lines[2] ?? "");
  if (root?.length !== 32) throw new NoteError("the root is malformed");
  return { size, root };
}

/** Signature bytes of one line after its key id; the line must be of this signer. */
function signatureOf(line: string, { name, key, kind }: Signer): Uint8Array {
  const space = line.indexOf(" ", 2);
  if (!line.startsWith("— ") || space < 0) throw new NoteError("a signature line is malformed");
  const given = line.slice(2, space);
  if (!NAME.test(given) || (name !== null && given !== name)) throw new NoteError("a signature line names another signer");
  const blob = fromBase64(line.slice(space + 1));
  if (blob?.length !== (kind === 1 ? 68 : 76)) throw new NoteError("a signature has the wrong size");
  const keyId = sha256(concat(utf8(`${given}\n`), Uint8Array.of(kind), fromHex(key))).subarray(0, 4);
  if (!equal(keyId, blob.subarray(0, 4))) throw new NoteError("a signature is of another key");
  return blob.subarray(4);
}

function seconds(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
}

/** Checks one signature line over the body; the time of a cosignature, else null. */
function checkLine(line: string, body: string, signer: Signer): bigint | null {
  const signature = signatureOf(line, signer);
  const when = signer.kind === 4 ? seconds(signature) : null;
  const message = when === null ? body : `cosignature/v1\ntime ${when}\n${body}`;
  if (when !== null && (when < 1n || when >= MAX_TIME)) throw new NoteError("a cosignature has an impossible time");
  const bytes = when === null ? signature : signature.subarray(8);
  if (!verifySignature(fromHex(signer.key), utf8(message), bytes)) throw new NoteError("a signature does not verify");
  return when;
}

/** The checkpoint of a note that has `origin` and exactly the signatures of `signers` in order. Throws NoteError. */
export function openNote(note: string, origin: string, signers: readonly Signer[]): Checkpoint {
  const cut = note.indexOf("\n\n");
  if (cut < 0 || !note.endsWith("\n")) throw new NoteError("not a signed note");
  const body = note.slice(0, cut + 1);
  const lines = note.slice(cut + 2, -1).split("\n");
  if (lines.length !== signers.length) throw new NoteError(`the note has ${lines.length} signature lines`);
  const tree = parseBody(body, origin);
  const times = signers.map((signer, i) => checkLine(lines[i] ?? "", body, signer)).filter((when) => when !== null);
  return { ...tree, times };
}
