// How much script an expert's page loads, in Chinese, from the built files: what it begins with, and what the room adds
// once somebody sits there. Compressed sizes, as they travel.
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { build, type Rolldown } from "vite";
import { beforeAll, describe, expect, it, vi } from "vitest";

const MOST = 40_000;
const CONFIG = fileURLToPath(new URL("../../vite.seat.config.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
let chunks: Map<string, Rolldown.OutputChunk>;

beforeAll(async () => {
  // As it is built for the server, not for a test.
  vi.stubEnv("NODE_ENV", "production");
  const built = (await build({ root: ROOT, configFile: CONFIG, logLevel: "silent", build: { write: false } })) as Rolldown.RolldownOutput;
  chunks = new Map(built.output.flatMap((one) => (one.type === "chunk" ? [[one.fileName, one]] : [])));
  vi.unstubAllEnvs();
}, 120_000);

/** A chunk with all that it loads before it runs. */
function loaded(names: readonly string[], found = new Set<string>()): Set<string> {
  for (const name of names) {
    if (found.has(name)) continue;
    found.add(name);
    loaded(chunks.get(name)?.imports ?? [], found);
  }
  return found;
}

const weight = (names: Iterable<string>): number => [...names].reduce((sum, name) => sum + gzipSync(chunks.get(name)?.code ?? "", { level: 6 }).length, 0);
const named = (end: string): string[] => [...chunks.values()].filter((one) => one.facadeModuleId?.endsWith(end)).map((one) => one.fileName);

describe("an expert's page", () => {
  it("loads at most 40 KB of script until somebody sits in the room", () => {
    const first = loaded(named("seat.html"));
    const room = loaded(named("RoomDoor.vue"));
    const added = [...room].filter((name) => !first.has(name));
    expect(first.size).toBeGreaterThan(0);
    expect(added.length).toBeGreaterThan(0);
    const figures = { first: weight(first), room: weight(added) };
    console.info(`script of the seat's page, gzip: ${figures.first} bytes first, ${figures.room} bytes for the room, ${figures.first + figures.room} in all`);
    expect(figures.first + figures.room).toBeLessThanOrEqual(MOST);
  });

  it("runs on what stands in Vue's place, and nothing of Vue comes with it", () => {
    const modules = [...chunks.values()].flatMap((one) => one.moduleIds);
    expect(modules.filter((one) => one.includes("node_modules"))).toEqual([]);
    expect(modules.some((one) => one.endsWith("src/light/page.ts"))).toBe(true);
  });

  it("leaves the enrolment and the other language to those who ask for them", () => {
    const all = loaded([...named("seat.html"), ...named("RoomDoor.vue")]);
    for (const other of ["Enrol.vue", "english.ts"]) {
      const own = named(other);
      expect(own.length, other).toBe(1);
      expect(all.has(own[0] ?? ""), other).toBe(false);
    }
  });
});
