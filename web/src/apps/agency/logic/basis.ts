// A printed source as the server gives it: everything that was not read in full says so in a mark at the end.

export interface Basis {
  readonly source: string;
  readonly standing: "excerpt" | "unchecked" | "policy" | null;
}

export function readBasis(printed: string): Basis {
  const found = /^(.*?)\s*\[(excerpt|unchecked|policy)\]$/.exec(printed);
  return found === null ? { source: printed, standing: null } : { source: found[1] ?? "", standing: found[2] as Basis["standing"] };
}
