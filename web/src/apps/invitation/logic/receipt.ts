// Is the receipt of an answer what it says: in the log, cosigned, about this letter, and signed with its own key? The
// keys are those that this site publishes; comparing them with a trust file of one's own is the verifier's business.
import { concat, fromHex, toHex, utf8 } from "../../../verify/bytes.ts";
import { verifySignature } from "../../../verify/ed25519.ts";
import { tagged } from "../../../verify/hash.ts";
import { canonical, JsonError, readCanonical, type JsonObject } from "../../../verify/json.ts";
import { included, leafHash } from "../../../verify/merkle.ts";
import { NoteError, openNote, type Checkpoint } from "../../../verify/note.ts";
import { object, oneOf, ShapeError } from "../../../verify/schema.ts";
import { note, placed, text, trustShape, type Entry, type Trust } from "../../../verify/shapes.ts";

const MAX = 1024 * 1024;
const shape = object({ format: oneOf("qt/1 reply-receipt"), origin: text, checkpoint: note, invite: placed, reply: placed });

export interface Shown {
  readonly answer: string;
  readonly at: string;
  readonly logIndex: number;
  readonly logSize: number;
  /** First sixteen hex digits of the answer's entry in the log. */
  readonly fingerprint: string;
}

/** Why a receipt does not hold: a word for the page's texts. */
export class ReceiptRefused extends Error {}

export interface Mine {
  readonly publicKey: string;
  /** The sealed letter, hex. */
  readonly letter: string;
  readonly draw: number;
  readonly n: number;
}

/** What the receipt proves. Throws ReceiptRefused. */
export function checkReceipt(receipt: Uint8Array, trustFile: Uint8Array, mine: Mine): Shown {
  const found = read(() => shape(readCanonical(receipt, MAX), ""));
  const trust = read(() => trustShape(readCanonical(trustFile, MAX), ""));
  const { invite, reply } = found;
  need(found.origin === trust.origin, "another log");
  const checkpoint = cosigned(found.checkpoint, trust);
  for (const entry of [invite, reply]) {
    const hash = leafHash(canonical(entry.raw));
    need(included(hash, entry.index, checkpoint.size, entry.proof.map(fromHex), checkpoint.root), "not in the log");
    need(trust.platform.some((key) => signedBy(entry, key)), "not the platform's");
  }
  need(invite.type === "invite" && reply.type === "reply", "another kind of entry");
  const asked = (invite as Entry<"invite">).body;
  const { body } = reply as Entry<"reply">;
  const own = asked.key === mine.publicKey && asked.letter === toHex(tagged("qt/1 letter", fromHex(mine.letter)));
  need(own && asked.draw === mine.draw && asked.n === mine.n, "another letter");
  need(body.draw === mine.draw && body.n === mine.n && reply.index > invite.index, "another letter's answer");
  need(body.signature === null || isMine(body, body.signature, mine.publicKey), "not signed by this letter");
  const fingerprint = toHex(leafHash(canonical(reply.raw))).slice(0, 16);
  return { answer: body.answer, at: body.at, logIndex: reply.index, logSize: checkpoint.size, fingerprint };
}

// A list of keys as long as the format allows would keep a phone busy for hours.
const newest = (keys: readonly string[]): readonly string[] => keys.slice(-8);

function cosigned(text: string, trust: Trust): Checkpoint {
  for (const platform of newest(trust.platform))
    for (const supervisor of newest(trust.supervisor))
      for (const cosigner of newest(trust.cosigner)) {
        try {
          return openNote(text, trust.origin, [
            { name: trust.origin, key: platform, kind: 1 },
            { name: null, key: supervisor, kind: 4 },
            { name: null, key: cosigner, kind: 4 },
          ]);
        } catch (error) {
          if (!(error instanceof NoteError)) throw error;
        }
      }
  throw new ReceiptRefused("not cosigned");
}

function signedBy(entry: Entry, key: string): boolean {
  const unsigned: Record<string, unknown> = { ...(entry.raw as JsonObject) };
  delete unsigned["signatures"];
  const message = concat(utf8(`qt/1 ${entry.type}`), Uint8Array.of(0), canonical(unsigned));
  const [one, ...more] = entry.signatures;
  return one !== undefined && more.length === 0 && one.role === "platform" && one.key === key && verifySignature(fromHex(key), message, fromHex(one.signature));
}

function isMine({ draw, n, answer, at }: Entry<"reply">["body"], signature: string, key: string): boolean {
  const statement = concat(utf8("qt/1 statement"), Uint8Array.of(0), canonical({ draw, n, answer, at }));
  return verifySignature(fromHex(key), statement, fromHex(signature));
}

function read<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof JsonError || error instanceof ShapeError) throw new ReceiptRefused("malformed");
    throw error;
  }
}

function need(holds: boolean, why: string): void {
  if (!holds) throw new ReceiptRefused(why);
}
