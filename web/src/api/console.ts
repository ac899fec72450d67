// What operators and supervisors ask the server about invitations, and the answers as the console uses them. No answer
// names an expert.
import { ask, list, number, Problem, record, text, textOrNull, type Caller } from "./http.ts";

export interface Queued {
  readonly draw: string;
  readonly state: string;
  readonly begins: string;
  readonly owner: string;
}

export interface Place {
  readonly site: string;
  readonly venue: string;
  readonly area: string;
  readonly address: string;
}

export interface Plan {
  readonly begins: string;
  readonly hours: number;
  readonly overnight: boolean;
  readonly bring: string;
  readonly contact: string;
  readonly sites: readonly Place[];
  /** Why no seat is booked on the platform for these people; null: every seat has to be booked and confirmed. */
  readonly unbooked: string | null;
}

export interface Seat {
  readonly seat: number;
  readonly stratum: string | null;
  readonly site: string | null;
  readonly state: string;
  readonly since: string | null;
  readonly round: number;
  readonly next: { readonly what: string; readonly at: string } | null;
  readonly lastDelivery: { readonly channel: string; readonly kind: string; readonly at: string } | null;
}

export interface StepTaken {
  readonly step: string;
  readonly reasonZh: string;
  readonly reasonEn: string;
  readonly by: string;
  readonly at: string;
  readonly logIndex: number;
}

/** One time that the start was put off. */
export interface Delay {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly words: string | null;
  readonly extended: boolean;
  readonly by: string;
  readonly at: string;
  readonly logIndex: number;
}

export interface Campaign {
  readonly draw: string;
  readonly state: string;
  readonly needed: number;
  readonly accepted: number;
  readonly invited: number;
  readonly begins: string;
  readonly nextDeadline: string | null;
  readonly owner: string;
  readonly proposedBy: string;
  readonly approvedBy: string | null;
  readonly ownOrder: string | null;
  readonly moves: number;
  readonly delays: readonly Delay[];
  readonly plan: Plan;
  readonly open: readonly string[];
  readonly taken: readonly StepTaken[];
  readonly seats: readonly Seat[];
}

export interface Notice {
  readonly change: string;
  readonly audience: string;
  readonly channel: string;
  readonly template: string;
  readonly state: string;
  readonly at: string | null;
  readonly createdAt: string;
}

export interface Venue {
  readonly id: string;
  readonly name: string;
  readonly address: string;
}

/** What a draw's request says of places and hours. */
export interface Wanted {
  readonly sites: readonly string[];
  readonly from: string | null;
}

export async function listCampaigns(caller: Caller): Promise<Queued[]> {
  const found = record(await ask(caller, { path: "/v1/campaigns" }));
  return list(found.items)
    .map(record)
    .map((one) => ({ draw: text(one.draw), state: text(one.state), begins: text(one.begins), owner: text(one.owner) }));
}

/** A draw's campaign, or null before one was proposed. */
export async function getCampaign(caller: Caller, draw: string): Promise<Campaign | null> {
  try {
    return campaignOf(await ask(caller, { path: at(draw) }));
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

export async function getWanted(caller: Caller, draw: string): Promise<Wanted> {
  const found = record(await ask(caller, { path: `/v1/draws/${encodeURIComponent(draw)}` }));
  return { sites: list(found.sites).map(text), from: textOrNull(record(found.evaluation).from) };
}

export async function listVenues(caller: Caller): Promise<Venue[]> {
  const found = record(await ask(caller, { path: "/v1/venues" }));
  return list(found.items)
    .map(record)
    .map((one) => ({ id: text(one.id), name: text(one.name), address: text(one.address) }));
}

export async function listNotices(caller: Caller, draw: string): Promise<Notice[]> {
  const found = record(await ask(caller, { path: `/v1/draws/${encodeURIComponent(draw)}/notices` }));
  return list(found.items)
    .map(record)
    .map((one) => ({
      change: text(one.change_id),
      audience: text(one.audience),
      channel: text(one.channel),
      template: text(one.template),
      state: text(one.state),
      at: textOrNull(one.at),
      createdAt: text(one.created_at),
    }));
}

/** What can be done with a campaign, beside proposing it: the end of its address. */
export type Step = "approval" | "ladder" | "own-order" | "move" | "put-off" | "vacate" | "cancel";

export const propose = (caller: Caller, draw: string, key: string, owner: string, plan: Plan): Promise<Campaign> =>
  change(caller, at(draw), key, { owner, plan });

export const act = (caller: Caller, draw: string, key: string, step: Step, body?: unknown): Promise<Campaign> =>
  change(caller, `${at(draw)}/${step}`, key, body);

async function change(caller: Caller, path: string, key: string, body: unknown): Promise<Campaign> {
  const question = { method: "POST" as const, path, idempotencyKey: key };
  return campaignOf(await ask(caller, body === undefined ? question : { ...question, body }));
}

const at = (draw: string): string => `/v1/draws/${encodeURIComponent(draw)}/campaign`;

function campaignOf(value: unknown): Campaign {
  const found = record(value);
  const ladder = record(found.ladder);
  return {
    draw: text(found.draw),
    state: text(found.state),
    needed: number(found.needed),
    accepted: number(found.accepted),
    invited: number(found.invited),
    begins: text(found.begins),
    nextDeadline: textOrNull(found.next_deadline),
    owner: text(found.owner),
    proposedBy: text(found.proposed_by),
    approvedBy: textOrNull(found.approved_by),
    ownOrder: textOrNull(found.own_order),
    moves: number(found.moves),
    delays: list(found.delays).map(delayOf),
    plan: planOf(record(found.plan)),
    open: list(ladder.open).map(text),
    taken: list(ladder.taken).map(takenOf),
    seats: list(found.seats).map(seatOf),
  };
}

function planOf(found: Record<string, unknown>): Plan {
  return {
    begins: text(found.begins),
    hours: number(found.hours),
    overnight: found.overnight === true,
    bring: text(found.bring),
    contact: text(found.contact),
    sites: list(found.sites)
      .map(record)
      .map((one) => ({ site: text(one.site), venue: text(one.venue), area: text(one.area), address: text(one.address) })),
    unbooked: textOrNull(found.unbooked),
  };
}

function delayOf(value: unknown): Delay {
  const found = record(value);
  return {
    from: text(found.from),
    to: text(found.to),
    reason: text(found.reason),
    words: textOrNull(found.words),
    extended: found.extended === true,
    by: text(found.by),
    at: text(found.at),
    logIndex: number(found.log_index),
  };
}

function takenOf(value: unknown): StepTaken {
  const found = record(value);
  const reason = record(found.reason);
  return {
    step: text(found.step),
    reasonZh: text(reason.zh),
    reasonEn: text(reason.en),
    by: text(found.by),
    at: text(found.at),
    logIndex: number(found.log_index),
  };
}

function seatOf(value: unknown): Seat {
  const found = record(value);
  const next = record(found.next);
  const sent = record(found.last_delivery);
  return {
    seat: number(found.seat),
    stratum: textOrNull(found.stratum),
    site: textOrNull(found.site),
    state: text(found.state),
    since: textOrNull(found.since),
    round: number(found.round),
    next: found.next ? { what: text(next.what), at: text(next.at) } : null,
    lastDelivery: found.last_delivery ? { channel: text(sent.channel), kind: text(sent.kind), at: text(sent.at) } : null,
  };
}
