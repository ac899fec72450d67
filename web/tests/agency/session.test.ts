import { beforeAll, describe, expect, it, vi } from "vitest";

const stored = new Map<string, string>();
beforeAll(() => {
  vi.stubGlobal("window", {
    sessionStorage: {
      getItem: (name: string) => stored.get(name) ?? null,
      setItem: (name: string, value: string) => stored.set(name, value),
      removeItem: (name: string) => stored.delete(name),
    },
  });
});

describe("the signed-in key", () => {
  it("is read without the blanks that pasting brings, and refused when it cannot be one", async () => {
    const { readKey } = await import("../../src/apps/agency/session.ts");
    expect(readKey(" qt_live_k0a1_00ff\n")).toBe("qt_live_k0a1_00ff");
    for (const wrong of ["", "Bearer qt_live_k0a1_00ff", "qt_live_k0a1", `qt_live_k0a1_${"0".repeat(300)}`]) {
      expect(readKey(wrong)).toBeNull();
    }
  });
  it("is gone from the tab when the session ends", async () => {
    const { useSession } = await import("../../src/apps/agency/session.ts");
    const { key, ended, begin, end } = useSession();
    begin("qt_live_k0a1_00ff");
    expect([...stored.values()]).toEqual(["qt_live_k0a1_00ff"]);
    end("refused");
    expect([stored.size, key.value, ended.value]).toEqual([0, null, "refused"]);
  });
});
