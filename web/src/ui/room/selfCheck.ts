// What this computer can tell of itself before the room: its cores and memory as far as the browser says, and a short
// probe of the way to the server. Measured here, judged by the server.
import type { Devices } from "../../protocol/frames.ts";

export interface Computer {
  readonly cores: number | null;
  readonly memory_mb: number | null;
}

export interface Network {
  readonly answered: number;
  readonly lost: number;
  /** Median and longest round trip of what was answered, in milliseconds. */
  readonly rtt_ms: number | null;
  readonly worst_ms: number | null;
}

export interface SelfCheck {
  readonly parts?: Readonly<Partial<Record<keyof Devices, "ok" | "faulty">>>;
  readonly pc: Computer;
  readonly network: Network;
}

const QUESTIONS = 10;
const PATIENCE = 2_000;

export function computerOf(told: { readonly hardwareConcurrency?: number; readonly deviceMemory?: number }): Computer {
  const { hardwareConcurrency: cores, deviceMemory: memory } = told;
  return { cores: cores ? Math.min(cores, 1_024) : null, memory_mb: memory ? Math.round(memory * 1_024) : null };
}

const reach = (signal: AbortSignal): Promise<Response> => fetch("/healthz", { signal, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" });

/** Asks one question after the other, so that none waits for another; ends within 20 s whatever comes. */
export async function probe(ask: (signal: AbortSignal) => Promise<unknown> = reach, now: () => number = () => performance.now()): Promise<Network> {
  const trips: number[] = [];
  for (let asked = 0; asked < QUESTIONS; asked += 1) {
    const began = now();
    try {
      await ask(AbortSignal.timeout(PATIENCE));
      trips.push(Math.round(now() - began));
    } catch {
      // Counted by what is missing.
    }
  }
  trips.sort((a, b) => a - b);
  return { answered: trips.length, lost: QUESTIONS - trips.length, rtt_ms: trips[trips.length >> 1] ?? null, worst_ms: trips.at(-1) ?? null };
}

/** Nothing is said of a device that nobody tried. */
export function checkOf(states: Devices, pc: Computer, network: Network): SelfCheck {
  const tried = Object.entries(states).filter(([, state]) => state !== "off");
  const parts = Object.fromEntries(tried.map(([part, state]) => [part, state === "ok" ? "ok" : "faulty"]));
  return tried.length > 0 ? { parts, pc, network } : { pc, network };
}
