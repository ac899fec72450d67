import { describe, expect, it } from "vitest";
import {
  ABORT_REASONS,
  actionOf,
  isFinal,
  isState,
  loggedAt,
  mayAbort,
  STEPS,
  timeline,
  type DrawState,
} from "../../src/apps/agency/logic/states.ts";
import chinese from "../../src/i18n/zh-CN/agency.ts";

const STATES: DrawState[] = [...STEPS, "aborted"];
const entry = (type: string, time = "2026-11-23T01:00:00Z") => ({ type, time });

describe("the states of a draw", () => {
  it.each(STATES)("%s has words, a meaning and a next action", (state) => {
    expect(chinese.state[state]).not.toBe("");
    expect(chinese.meaning[state]).not.toBe("");
    expect(actionOf(state)).toBe(`page.action.${state}`);
    expect(chinese.action[state]).not.toBe("");
  });
  it("a state that the page does not know is not guessed", () => {
    expect(isState("postponed")).toBe(false);
    expect(actionOf("postponed")).toBe("page.action.unknown");
  });
  it("every reason to abort has words", () => {
    for (const reason of ABORT_REASONS) expect(chinese.reason[reason]).not.toBe("");
  });
  it("only what has ended cannot be aborted", () => {
    expect(STATES.filter((state) => !mayAbort(state))).toEqual(["opened", "aborted"]);
    expect(STATES.filter(isFinal)).toEqual(["opened", "aborted"]);
  });
});

describe("the timeline", () => {
  it("goes on step by step and never runs ahead of the state", () => {
    for (const [at, state] of STEPS.entries()) {
      const marks = timeline(state, []).map((step) => step.mark);
      expect(marks.slice(0, at).every((mark) => mark === "done")).toBe(true);
      expect(marks.slice(at + 1).every((mark) => mark === "ahead")).toBe(true);
      expect(marks[at]).toBe(state === "opened" ? "done" : "current");
    }
  });
  it("needs both parties' entries before it gives a time", () => {
    expect(loggedAt("committed", [entry("commit")])).toBeNull();
    expect(loggedAt("committed", [entry("commit"), entry("commit", "2026-11-23T01:05:00Z")])).toBe("2026-11-23T01:05:00Z");
  });
  it("of an aborted draw keeps what happened, skips the rest and ends there", () => {
    const steps = timeline("aborted", [entry("request"), entry("commit"), entry("commit"), entry("seal"), entry("abort")]);
    expect(steps.map((step) => step.mark)).toEqual(["done", "done", "done", "skipped", "skipped", "skipped", "skipped", "current"]);
    expect(steps.at(-1)).toMatchObject({ step: "aborted", at: "2026-11-23T01:00:00Z" });
  });
});
