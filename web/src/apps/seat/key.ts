// The key of a seat's browser: P-256, made here, never leaving here. IndexedDB keeps the pair as an object that no
// script can read the private half of; beside it stands the seat it was made for.

export interface SeatKey {
  readonly pair: CryptoKeyPair;
  readonly jwk: Readonly<Record<"kty" | "crv" | "x" | "y", string>>;
  readonly thumbprint: string;
}

export interface Kept {
  readonly seat: string;
  readonly siteName: string;
  readonly pair: CryptoKeyPair;
}

const STORE = "key";
const ONLY = "only";
const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNING = { name: "ECDSA", hash: "SHA-256" } as const;

export async function makePair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(CURVE, false, ["sign", "verify"]);
}

export async function seatKeyOf(pair: CryptoKeyPair): Promise<SeatKey> {
  const { x = "", y = "" } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const jwk = { crv: "P-256", kty: "EC", x, y } as const;
  return { pair, jwk, thumbprint: await thumbprintOf(jwk) };
}

/** RFC 7638: SHA-256 over the required members in their order. */
export async function thumbprintOf(jwk: Readonly<Record<"kty" | "crv" | "x" | "y", string>>): Promise<string> {
  const written = JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y });
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(written))));
}

/** Two people compare what one screen shows with another: groups of four. */
export const grouped = (thumbprint: string): string => thumbprint.match(/.{1,4}/g)?.join(" ") ?? "";

export async function sign(pair: CryptoKeyPair, statement: string): Promise<string> {
  const made = await crypto.subtle.sign(SIGNING, pair.privateKey, new TextEncoder().encode(statement));
  return base64url(new Uint8Array(made));
}

/** What the browser signs to show that it has the key: canonical JSON, members in order. */
export function enrolmentStatement(origin: string, site: string, seat: string, thumbprint: string): string {
  return JSON.stringify({ format: "qt/1 seat-enrolment", key: thumbprint, origin, seat, site });
}

/** What the key signs to enter a room: this certificate, on this socket, in this room, from this page, in this session. */
export function bindingStatement(one: { readonly fingerprint: string; readonly nonce: string; readonly origin: string; readonly room: string; readonly seat: string; readonly session: string }): string {
  const { fingerprint, nonce, origin, room, seat, session } = one;
  return JSON.stringify({ fingerprint, format: "qt/1 room-binding", nonce, origin, room, seat, session });
}

/** The one thing that a browser keeps under a name; what is kept for a seat is `kept`, `keep` and `forget`. */
export function keeper<T>(name: string) {
  return {
    kept: async (): Promise<T | null> => ((await within(name, "readonly", (store) => store.get(ONLY))) as T | undefined) ?? null,
    keep: async (one: T): Promise<void> => void (await within(name, "readwrite", (store) => store.put(one, ONLY))),
    forget: async (): Promise<void> => void (await within(name, "readwrite", (store) => store.delete(ONLY))),
  };
}

export const { kept, keep, forget } = keeper<Kept>("qiantong-seat");

async function within<T>(name: string, mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await opened(name);
  try {
    return await settled(work(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

function opened(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return settled(request);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser keeps nothing"));
  });
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
