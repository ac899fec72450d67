// Everything that follows from a letter's secret: HKDF-SHA-256 (RFC 5869) without salt, one info string per use. The
// letter opens with AES-256-GCM bound to its id; answers are signed with Ed25519 (RFC 8032).
import { ed25519 } from "@noble/curves/ed25519.js";
import { concat, fromHex, toHex, utf8 } from "../../../verify/bytes.ts";
import { canonical } from "../../../verify/json.ts";

const NONCE = 12;
const DIGITS = 8;

export interface LetterKeys {
  readonly id: string;
  readonly auth: string;
  readonly key: CryptoKey;
  readonly seed: Uint8Array;
  readonly publicKey: string;
  readonly arrivalCode: string;
}

/** What a letter says. Times of day are Beijing's, moments are UTC. */
export interface Letter {
  readonly date: string;
  readonly start: string;
  readonly hours: string;
  readonly overnight: boolean;
  readonly area: string;
  readonly site: string;
  readonly bring: string;
  readonly contact: string;
}

/** The browser has no cryptography to read a letter with: too old, or the page did not come over HTTPS. */
export class NoCryptography extends Error {}
/** The letter does not open with this secret. */
export class NotAuthentic extends Error {}

export async function deriveKeys(secret: Uint8Array<ArrayBuffer>): Promise<LetterKeys> {
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) throw new NoCryptography();
  const source = await subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const bytes = async (info: string, count: number): Promise<Uint8Array<ArrayBuffer>> => {
    const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: new TextEncoder().encode(info) };
    return new Uint8Array(await subtle.deriveBits(how, source, 8 * count));
  };
  const seed = await bytes("qt/1 reply key", 32);
  const number = new DataView((await bytes("qt/1 arrival code", 4)).buffer).getUint32(0);
  return {
    id: `inv_${toHex(await bytes("qt/1 letter id", 10))}`,
    auth: toHex(await bytes("qt/1 letter auth", 32)),
    key: await subtle.importKey("raw", await bytes("qt/1 letter key", 32), "AES-GCM", false, ["decrypt"]),
    seed,
    publicKey: toHex(ed25519.getPublicKey(seed)),
    arrivalCode: String(number % 10 ** DIGITS).padStart(DIGITS, "0"),
  };
}

export async function unseal(keys: LetterKeys, sealed: string): Promise<Letter> {
  const bytes = Uint8Array.from(fromHex(sealed));
  const how = { name: "AES-GCM", iv: bytes.slice(0, NONCE), additionalData: new TextEncoder().encode(keys.id) };
  try {
    const plain = await crypto.subtle.decrypt(how, keys.key, bytes.slice(NONCE));
    return letterOf(JSON.parse(new TextDecoder().decode(plain)) as Record<string, unknown>);
  } catch {
    throw new NotAuthentic();
  }
}

/** The signature (hex) over what is answered and when (draw-proof §2). */
export function signReply(keys: LetterKeys, said: { readonly draw: number; readonly n: number; readonly answer: string; readonly at: string }): string {
  const { draw, n, answer, at } = said;
  const statement = concat(utf8("qt/1 statement"), Uint8Array.of(0), canonical({ draw, n, answer, at }));
  return toHex(ed25519.sign(statement, keys.seed));
}

function letterOf(found: Record<string, unknown>): Letter {
  const say = (name: string): string => String(found[name] ?? "");
  return {
    date: say("date"),
    start: say("start"),
    hours: say("hours"),
    overnight: found["overnight"] === "yes",
    area: say("area"),
    site: say("site"),
    bring: say("bring"),
    contact: say("contact"),
  };
}
