import { describe, expect, it } from "vitest";
import { loginNames, MOST_IDS, type Named } from "./persons.ts";

function asking(answer: (ids: readonly string[]) => Promise<readonly Named[]>): { called: (id: string) => string; asked: string[][] } {
  const asked: string[][] = [];
  const called = loginNames((ids) => {
    asked.push([...ids]);
    return answer(ids);
  });
  return { called, asked };
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

describe("login names", () => {
  it("asks for what is shown together in one call, each id once", async () => {
    const { called, asked } = asking(async (ids) => ids.map((id) => ({ id, login: `login of ${id}` })));
    expect([called("usr_a"), called("usr_b"), called("usr_a")]).toEqual(["usr_a", "usr_b", "usr_a"]);
    await settled();
    expect([called("usr_a"), called("usr_b")]).toEqual(["login of usr_a", "login of usr_b"]);
    await settled();
    expect(asked).toEqual([["usr_a", "usr_b"]]);
  });

  it("leaves what is no account as it is, and asks nobody", async () => {
    const { called, asked } = asking(async () => []);
    expect(called("terminal")).toBe("terminal");
    await settled();
    expect(asked).toEqual([]);
  });

  it("keeps the id where nobody has it or nobody answers", async () => {
    const unknown = asking(async () => []);
    const silent = asking(() => Promise.reject(new Error("no answer")));
    for (const { called } of [unknown, silent]) called("usr_a");
    await settled();
    expect([unknown.called("usr_a"), silent.called("usr_a")]).toEqual(["usr_a", "usr_a"]);
  });

  it("asks for no more at once than the interface answers", async () => {
    const { called, asked } = asking(async () => []);
    for (let number = 0; number <= MOST_IDS; number += 1) called(`usr_${number}`);
    await settled();
    expect(asked.map((ids) => ids.length)).toEqual([MOST_IDS, 1]);
  });
});
