// The secret of a letter: 26 characters of Crockford's base 32 in the link's fragment, sixteen bytes. It stays in this
// tab: once sessionStorage has it for sure, it is taken out of the visible address, and a reload still finds it.
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHARACTERS = 26;
const PLACE = "qiantong-letter";

/** Sixteen bytes, or null when the text cannot be a letter's secret. Reads small letters, and O, I, L for 0, 1, 1. */
export function readSecret(typed: string): Uint8Array<ArrayBuffer> | null {
  const clean = typed.toUpperCase().replaceAll("O", "0").replace(/[IL]/g, "1");
  if (clean.length !== CHARACTERS || [...clean].some((one) => !ALPHABET.includes(one))) return null;
  const bits = [...clean].reduce((sum, one) => sum * 32n + BigInt(ALPHABET.indexOf(one)), 0n);
  if ((bits & 3n) !== 0n) return null;
  return Uint8Array.from({ length: 16 }, (_, at) => Number((bits >> BigInt(2 + 8 * (15 - at))) & 255n));
}

/** The secret that this tab was opened with, or still holds. */
export function takeSecret(): string | null {
  const given = window.location.hash.slice(1);
  if (given === "") return remembered();
  if (readSecret(given) !== null && keep(given)) {
    const address = new URL(window.location.href);
    address.hash = "";
    window.history.replaceState(null, "", address);
  }
  return given;
}

function keep(secret: string): boolean {
  try {
    window.sessionStorage.setItem(PLACE, secret);
    return window.sessionStorage.getItem(PLACE) === secret;
  } catch {
    return false;
  }
}

function remembered(): string | null {
  try {
    return window.sessionStorage.getItem(PLACE);
  } catch {
    return null;
  }
}
