// What a terminal's browser keeps: its pair, whose private half no script can read, and what it was enrolled for.
import { keeper } from "../seat/key.ts";

export interface Kept {
  readonly terminal: string;
  readonly room: string;
  readonly siteName: string;
  /** Whether a second person's approval was seen here; the server judges each start by itself. */
  readonly approved: boolean;
  readonly pair: CryptoKeyPair;
}

export const { kept, keep, forget } = keeper<Kept>("qiantong-terminal");

/** What the browser signs to show that it has the key: canonical JSON, members in order. */
export const enrolmentStatement = (origin: string, site: string, zone: string, thumbprint: string): string =>
  JSON.stringify({ format: "qt/1 terminal-enrolment", key: thumbprint, origin, site, zone });
