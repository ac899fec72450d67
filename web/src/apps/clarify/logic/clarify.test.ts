import { describe, expect, it } from "vitest";
import { NOWHERE, type RoomView } from "../../../protocol/state.ts";
import { courseOf, endOf } from "./course.ts";
import { readLink, takeLink, writeLink } from "./link.ts";

const LINK = { room: "room_0123456789abcdef", token: "A".repeat(43) };

describe("the link", () => {
  it("goes out as it is read", () => {
    expect(readLink(new URL(writeLink("https://a.example", LINK)).hash)).toEqual(LINK);
  });
  it("has nothing that a server would see", () => {
    const address = new URL(writeLink("https://a.example", LINK));
    expect(`${address.pathname}${address.search}`).toBe("/clarify");
  });
  it.each(["", "#", "#room", "#room/", "#room/short", `#room/${"A".repeat(201)}`, `#ro om/${"A".repeat(43)}`, `#room/${"A".repeat(43)}/x`, `#room/${"A".repeat(20)}?x`])("is none: %s", (hash) => {
    expect(readLink(hash)).toBeNull();
  });
  it("is out of the address as soon as it was read, a broken one too", () => {
    for (const hash of [`#${LINK.room}/${LINK.token}`, "#broken"]) {
      const replaced: string[] = [];
      const place = {
        location: { hash, pathname: "/clarify", search: "?lang=en" },
        history: { replaceState: (_: unknown, __: string, to: string) => void replaced.push(to) },
      } as unknown as Window;
      takeLink(place);
      expect(replaced).toEqual(["/clarify?lang=en"]);
    }
  });
});

type State = "asked" | "released" | "refused" | "live" | "ended";
const CALL = { id: "c", question: "q", bidder: null, from: null, at: null, reason: null, speaking: null, started_at: null, ended_at: null };
function view(state: State | null, more: Partial<RoomView> = {}): RoomView {
  return { ...NOWHERE, entered: true, calls: state === null ? new Map() : new Map([["c", { ...CALL, state }]]), ...more };
}
const ending = (how: "fault" | "taken-over" | "refused" | "closed" | "left") => ({ link: { ...NOWHERE.link, state: "ended" as const, ending: how } });
const held = { holds: new Map([["held", { kind: "held", cause: null, since: "2026-11-24T01:00:00.000Z", until: null, zone: null, escorts: null }]]) } as Partial<RoomView>;

describe("the call", () => {
  it.each([
    [NOWHERE, "connecting"],
    [view(null), "connecting"],
    [view("released"), "released"],
    [view("live"), "live"],
    [view("live", held), "held"],
    [view("released", held), "released"],
  ] as const)("stands where the room says", (seen, course) => {
    expect(courseOf(seen)).toBe(course);
  });

  it.each([
    [view("live"), true, null],
    [view("ended"), true, "over"],
    [view("released", ending("closed")), false, "over"],
    [view("live", ending("refused")), true, "over"],
    [view(null, ending("refused")), false, "refused"],
    [view("live", ending("left")), true, "left"],
    [view("live", ending("taken-over")), true, "taken"],
    [view("live", ending("fault")), true, "fault"],
  ] as const)("ends as it ended", (seen, spoke, end) => {
    expect(endOf(seen, spoke)).toBe(end);
  });
});
