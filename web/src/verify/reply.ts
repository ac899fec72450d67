// Expert level, checks 45 and 46: the receipt that an expert got for an answer, against the bundle (§11).

import { equal, fromHex } from "./bytes.ts";
import { entryHash, signedByParties, type Context } from "./context.ts";
import { fail, need } from "./errors.ts";
import { checkReply } from "./invitations.ts";
import { JsonError, readCanonical } from "./json.ts";
import { openCheckpoint, type Checkpoints } from "./log.ts";
import { included } from "./merkle.ts";
import { object, oneOf, refuse, ShapeError, type Decoder, type Of } from "./schema.ts";
import { note, placed, text, type Entry, type EntryType } from "./shapes.ts";

export const MAX_REPLY_RECEIPT = 1024 * 1024;

/** What a reply receipt shows. */
export interface Replied {
  readonly n: number;
  readonly answer: "accept" | "decline" | "leave";
  readonly at: string;
  /** Whether the bundle reaches so far in the log as to hold the answer. */
  readonly covered: boolean;
}

function entryOf<T extends EntryType>(type: T): Decoder<Entry<T>> {
  return (value, path) => {
    const entry = placed(value, path);
    return entry.type === type ? (entry as Entry<T>) : refuse(path, `must be of type ${type}`);
  };
}

const shape = object({
  format: oneOf("qt/1 reply-receipt"),
  origin: text,
  checkpoint: note,
  invite: entryOf("invite"),
  reply: entryOf("reply"),
});
type ReplyReceipt = Of<typeof shape>;

/** Runs checks 45 and 46, calling `passed` after each. */
export function checkReplyReceipt(context: Context, { final }: Checkpoints, bytes: Uint8Array, passed: (number: 45 | 46, due?: boolean) => void): Replied {
  const receipt = read(bytes);
  checkForm(context, receipt);
  passed(45);
  const { n, answer, at } = receipt.reply.body;
  need(receipt.reply.body.draw === context.draw, 46, "the receipt is of another draw", "答复回执属于另一次抽取");
  const held = [receipt.invite, receipt.reply].every((entry) => entry.index >= final.size || isHeld(context, entry));
  need(held, 46, "the proof does not hold this answer where the receipt shows it", "回执所示的答复不在抽取证明里");
  const covered = receipt.reply.index < final.size;
  if (!covered) context.notes.push(NOT_COVERED);
  passed(46, covered);
  return { n, answer, at, covered };
}

const NOT_COVERED = {
  code: "reply-not-covered",
  zh: "这份抽取证明出具时，回执上的答复还没有登记；请换用更新的抽取证明再核对。",
  en: "This draw proof is older than the answer on the receipt; compare the receipt with a newer one.",
};

function read(bytes: Uint8Array): ReplyReceipt {
  try {
    return shape(readCanonical(bytes, MAX_REPLY_RECEIPT), "");
  } catch (error) {
    if (error instanceof JsonError || error instanceof ShapeError) return fail(45, error.message, "答复回执不合规范");
    throw error;
  }
}

function checkForm(context: Context, { origin, checkpoint, invite, reply }: ReplyReceipt): void {
  need(origin === context.bundle.origin, 45, "the receipt is of another log", "答复回执属于另一份日志");
  const { size, root } = openCheckpoint(context, checkpoint, 45);
  const logged = [invite, reply].every((entry) => included(entryHash(entry), entry.index, size, entry.proof.map(fromHex), root));
  need(logged, 45, "an entry of the receipt is not in the log", "回执中的条目不在日志中");
  const own = reply.body.n === invite.body.n && reply.body.draw === invite.body.draw && invite.index < reply.index;
  need(own, 45, "the reply does not belong to the invitation", "答复与邀请不相对应");
  need(signedByParties(context, invite, "platform"), 45, "the invitation is wrongly signed", "邀请的签名无效");
  checkReply(context, invite, reply, 45);
}

function isHeld({ bundle }: Context, entry: Entry): boolean {
  const there = bundle.entries.find((one) => one.index === entry.index);
  return there !== undefined && equal(entryHash(there), entryHash(entry));
}
