// Check 19: replays every replacement event over the panel and judges each candidate passed over (§8).

import { concat, u32be, utf8 } from "./bytes.ts";
import { ascendingAt, seatDigest } from "./context.ts";
import { need } from "./errors.ts";
import { hmac256 } from "./hash.ts";
import { nameOf, type Holder, type Selection } from "./opening.ts";
import type { Vacancy } from "./outcome.ts";
import { order, Stream, streamKey } from "./select.ts";
import type { At, Opening } from "./shapes.ts";

type EventOpening = Opening["events"][number];
type Skip = EventOpening["skipped"][number];

/** Seats in the end; null is a vacant seat. */
export type Seats = readonly (Holder | null)[];

export class Replay {
  private readonly selection: Selection;
  private readonly attempt: number;
  private readonly cells: readonly At[];
  private readonly seats: (Holder | null)[];
  /** Position → holder for all that are or were on the panel. */
  private readonly ever = new Map<string, Holder>();
  private readonly ownOrders = new Map<string, Generator<number, void>>();

  constructor(selection: Selection, attempt: number, panel: readonly Holder[]) {
    this.selection = selection;
    this.attempt = attempt;
    this.cells = panel.map((one) => one.at);
    this.seats = [...panel];
    for (const one of panel) this.ever.set(nameOf(one.at), one);
  }

  run(vacancies: readonly Vacancy[], openings: readonly EventOpening[]): Seats {
    const matched = openings.length === vacancies.length && openings.every((one, i) => one.t === i + 1);
    need(matched, 19, "the events opened are not those of the log", "公开的递补与日志中的事件不符");
    vacancies.forEach((vacancy, i) => this.replace(vacancy, openings[i] as EventOpening));
    return this.seats;
  }

  private replace(vacancy: Vacancy, opened: EventOpening): void {
    const { t, seat } = opened;
    const cell = this.cells[seat];
    const committed = seatDigest(opened.salt, seat) === vacancy.event.body.seat;
    need(committed && cell !== undefined, 19, `event ${t}: the seat does not open its commitment`, `第 ${t} 次递补的席位与登记不符`);
    need(this.seats[seat] !== null, 19, `event ${t} names a vacant seat`, `第 ${t} 次递补的席位已空缺`);
    this.seats[seat] = null;
    const candidates = this.candidates(vacancy, t, cell);
    for (const skip of opened.skipped) {
      const next = candidates.next();
      const due = !next.done && next.value === skip.i;
      need(due, 19, `event ${t}: a candidate is passed over silently`, `第 ${t} 次递补有人被悄悄跳过`);
      this.judge(t, [cell[0], cell[1], skip.i], skip);
    }
    const taken = candidates.next();
    if (!taken.done) this.seats[seat] = this.accept(t, [cell[0], cell[1], taken.value]);
  }

  private candidates({ beta }: Vacancy, t: number, [j, s]: At): Generator<number, void> {
    const { seed, frame } = this.selection;
    const size = frame.sizes[j]?.[s] ?? 0;
    if (beta === null) return this.ownOrder(j, s, size);
    const key = hmac256(seed, concat(utf8("qt/1 replace"), Uint8Array.of(0), u32be(t), beta));
    return order(new Stream(streamKey(key, "replace", t, j, s)), size);
  }

  /** The cell's own stream of the accepted attempt, behind what it has given so far. */
  private ownOrder(j: number, s: number, size: number): Generator<number, void> {
    const name = `${j},${s}`;
    const known = this.ownOrders.get(name);
    if (known !== undefined) return known;
    const stream = order(new Stream(streamKey(this.selection.seed, "cell", this.attempt, j, s)), size);
    const given = this.cells.filter((cell) => cell[0] === j && cell[1] === s).length;
    for (let i = 0; i < given; i++) stream.next();
    this.ownOrders.set(name, stream);
    return stream;
  }

  /** A skip must give the first reason that holds, and show it. */
  private judge(t: number, at: At, { reason, against }: Skip): void {
    const justified = (holds: boolean): void =>
      need(holds, 19, `event ${t}: skipping [${nameOf(at)}] is not justified`, `第 ${t} 次递补跳过 [${nameOf(at)}] 没有正当理由`);
    const used = this.ever.has(nameOf(at));
    if (reason === "used") return justified(used && against.length === 0);
    justified(!used);
    if (reason === "person") return justified(this.samePerson(this.selection.leaves.person(at), against));
    const known = this.selection.leaves.peekPerson(at);
    justified(known === null || !this.personKnown(known));
    justified(this.sameEmployer(this.selection.leaves.tag(at), against));
  }

  private personKnown(person: string): boolean {
    return [...this.ever.values()].some((one) => one.person === person);
  }

  private samePerson(person: string | null, against: readonly At[]): boolean {
    const other = against.length === 1 && against[0] !== undefined ? this.ever.get(nameOf(against[0])) : undefined;
    return person !== null && other?.person === person;
  }

  private sameEmployer(tag: string | null, against: readonly At[]): boolean {
    const current = new Map(this.seats.filter((one) => one !== null).map((one) => [nameOf(one.at), one.tag]));
    const holding = ascendingAt(against) && against.every((one) => current.get(nameOf(one)) === tag);
    return tag !== null && holding && against.length === this.selection.cap;
  }

  /** The first candidate not skipped must be usable. */
  private accept(t: number, at: At): Holder {
    const { leaves, cap } = this.selection;
    const [person, tag] = [leaves.person(at), leaves.tag(at)];
    need(person !== null && tag !== null, 19, `event ${t}: the replacement [${nameOf(at)}] is not opened`, `第 ${t} 次递补的替补位置未公开`);
    const usable = !this.ever.has(nameOf(at)) && !this.personKnown(person);
    const colleagues = this.seats.filter((one) => one?.tag === tag).length;
    need(usable && colleagues < cap, 19, `event ${t}: the replacement [${nameOf(at)}] may not take the seat`, `第 ${t} 次递补的替补不得入席`);
    const holder = { at, person, tag };
    this.ever.set(nameOf(at), holder);
    return holder;
  }
}
