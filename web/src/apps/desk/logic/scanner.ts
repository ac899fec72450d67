// A scanner that types: what it sends is the document number, whatever it puts around it. Chinese identity cards end in
// a digit or X; readers differ in case, blanks, and in what they end with.

/** The number as the server takes it, or null when it can be none. */
export function documentOf(typed: string): string | null {
  const bare = typed.normalize("NFKC").replace(/[\s\p{Cc}-]/gu, "").toUpperCase();
  return /^[0-9A-Z]{6,32}$/.test(bare) ? bare : null;
}

/** Eight digits, typed in any grouping, or null. */
export function arrivalCodeOf(typed: string): string | null {
  const bare = typed.normalize("NFKC").replace(/[\s-]/g, "");
  return /^[0-9]{8}$/.test(bare) ? bare : null;
}
