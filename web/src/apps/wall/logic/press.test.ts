import { describe, expect, it } from "vitest";
import { Press, type PressState } from "./press.ts";

/** A microphone and a room that answer when the test says so. */
function begin() {
  const opens: { done: () => void; fail: (error: Error) => void }[] = [];
  const tells: { on: boolean; done: () => void; fail: (error: Error) => void }[] = [];
  const did: string[] = [];
  const states: PressState[] = [];
  const failures: unknown[] = [];
  const press = new Press({
    open: () => new Promise<void>((done, fail) => void (did.push("open"), opens.push({ done, fail }))),
    shut: () => void did.push("shut"),
    tell: (on) => new Promise<void>((done, fail) => void (did.push(on ? "on" : "off"), tells.push({ on, done, fail }))),
    changed: (state) => states.push(state),
    failed: (error) => failures.push(error),
  });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
  };
  return { press, opens, tells, did, states, failures, settle };
}

describe("push-to-talk", () => {
  it("opens the microphone before the room is told, and shuts it before the room is told of the end", async () => {
    const { press, opens, tells, did, settle } = begin();
    press.down();
    opens[0]?.done();
    await settle();
    tells[0]?.done();
    await settle();
    expect(press.state).toBe("on");
    press.up();
    tells[1]?.done();
    await settle();
    expect(did).toEqual(["open", "on", "shut", "off"]);
    expect(press.state).toBe("idle");
  });

  it("let go before the microphone opened never reaches the room", async () => {
    const { press, opens, did, settle } = begin();
    press.down();
    press.up();
    opens[0]?.done();
    await settle();
    expect(did).toEqual(["open", "shut"]);
    expect(press.state).toBe("idle");
  });

  it("let go while the room is being told ends at once after the answer", async () => {
    const { press, opens, tells, did, settle } = begin();
    press.down();
    opens[0]?.done();
    await settle();
    press.up();
    tells[0]?.done();
    await settle();
    expect(did).toEqual(["open", "on", "shut", "off"]);
  });

  it("held twice opens once: a key that repeats is one press", async () => {
    const { press, opens, settle } = begin();
    press.down();
    press.down();
    opens[0]?.done();
    await settle();
    press.down();
    expect(opens.length).toBe(1);
  });

  it("pressed again while it ends begins anew after it", async () => {
    const { press, opens, tells, did, settle } = begin();
    press.down();
    opens[0]?.done();
    await settle();
    tells[0]?.done();
    await settle();
    press.up();
    press.down();
    tells[1]?.done();
    await settle();
    expect(did).toEqual(["open", "on", "shut", "off", "open"]);
  });

  it("that the room refuses leaves no microphone open, and says off in case only the answer was lost", async () => {
    const { press, opens, tells, did, failures, settle } = begin();
    press.down();
    opens[0]?.done();
    await settle();
    tells[0]?.fail(new Error("no"));
    await settle();
    expect(did).toEqual(["open", "on", "shut", "off"]);
    expect(failures.length).toBe(1);
    expect(press.state).toBe("idle");
  });

  it("without a microphone tells the room nothing", async () => {
    const { press, opens, did, failures, settle } = begin();
    press.down();
    opens[0]?.fail(new Error("NotFoundError"));
    await settle();
    expect(did).toEqual(["open", "shut"]);
    expect(failures.length).toBe(1);
  });
});
