// The sealed roster of a draw: how far it is, the wish to open it, and reading it. Only `readRoster` brings names; nobody
// here keeps them.
import { ask, list, number, record, text, textOrNull, type Caller } from "./http.ts";

export type OpenTier = 2 | 3;

export interface Wish {
  readonly tier: number;
  readonly version: number;
  readonly logIndex: number;
  readonly askedAt: string;
  readonly openedAt: string | null;
}

export interface RosterState {
  readonly version: number | null;
  readonly sealedAt: string | null;
  readonly notBefore: string | null;
  /** By the server's clock. */
  readonly due: boolean;
  readonly stale: boolean;
  readonly tier: number;
  readonly readable: boolean;
  readonly tiers: readonly { readonly tier: number; readonly readers: readonly string[] }[];
  readonly openings: readonly Wish[];
}

export interface RosterSeat {
  readonly seat: number;
  readonly stratum: string;
  readonly site: string;
  readonly name: string;
}

const at = (draw: string): string => `/v1/draws/${encodeURIComponent(draw)}/roster`;

export async function getRosterState(caller: Caller, draw: string): Promise<RosterState> {
  const found = record(await ask(caller, { path: `${at(draw)}/openings` }));
  return {
    version: typeof found.version === "number" ? found.version : null,
    sealedAt: textOrNull(found.sealed_at),
    notBefore: textOrNull(found.not_before),
    due: found.due === true,
    stale: found.stale === true,
    tier: number(found.tier),
    readable: found.readable === true,
    tiers: list(found.tiers)
      .map(record)
      .map((one) => ({ tier: number(one.tier), readers: list(one.readers).map(text) })),
    openings: list(found.openings).map(record).map(wishOf),
  };
}

export async function openRoster(caller: Caller, draw: string, idempotencyKey: string, tier: OpenTier, reason: string): Promise<void> {
  await ask(caller, { method: "POST", path: `${at(draw)}/openings`, body: { tier, reason }, idempotencyKey });
}

export async function readRoster(caller: Caller, draw: string): Promise<readonly RosterSeat[]> {
  const found = record(await ask(caller, { path: at(draw) }));
  return list(found.seats)
    .map(record)
    .map((one) => ({ seat: number(one.seat), stratum: text(one.stratum), site: text(one.site), name: text(one.name) }));
}

const wishOf = (one: Record<string, unknown>): Wish => ({
  tier: number(one.tier),
  version: number(one.version),
  logIndex: number(one.log_index),
  askedAt: text(one.asked_at),
  openedAt: textOrNull(one.opened_at),
});
