// What the agency's page asks the server, and the answers as the page uses them. Members that the page does not need
// are not read.
import { ask, faultOf, list, number, Problem, record, text, textOrNull, type Caller, type Fault } from "./http.ts";

export interface Project {
  readonly project: string;
  readonly section: string;
  readonly owner: string;
  readonly title: string;
  readonly from: string;
  readonly to: string;
  readonly base: string;
  readonly overlays: readonly string[];
  readonly bidders: number;
  readonly avoidUnits: number;
}

export interface Limit {
  readonly kind: string;
  readonly at: string;
  /** Milliseconds that the server's clock is ahead of this one: offices' clocks are not always right. */
  readonly ahead: number;
}

export interface Draw {
  readonly id: string;
  readonly k: number;
  readonly project: string;
  readonly section: string;
  readonly title: string;
  readonly round: number;
  readonly state: string;
  /** `drawn`, or how its people were chosen instead. */
  readonly way: string;
  /** Seats of the committee that were filled without a draw. */
  readonly notDrawn: number;
  readonly seats: number;
  readonly owner: string;
  readonly code: string | null;
  readonly limit: Limit | null;
  readonly abortReason: string | null;
  /** What the log shows of it, in its order. */
  readonly steps: readonly LoggedStep[];
  readonly updatedAt: string;
}

/** How far the invitations are: counts and moments, and nothing about anybody. */
export interface Invitations {
  readonly state: string;
  readonly needed: number;
  readonly accepted: number;
  readonly begins: string;
  readonly nextDeadline: string | null;
  /** The start was put off to `begins`: from when, and the code of the reason. */
  readonly putOff: { readonly from: string; readonly reason: string } | null;
  /** The order of a top-up, when one may be asked for. */
  readonly topUp: TopUp | null;
}

/** A further round of the seats that a committee lacks; `body` is the order as the server states it. */
export interface TopUp {
  readonly experts: number;
  readonly seated: number;
  readonly owners: number;
  readonly strata: readonly { readonly id: string; readonly prefixes: readonly string[]; readonly seats: number }[];
  readonly sites: readonly { readonly id: string; readonly regions: readonly string[] }[];
  readonly body: string;
}

export interface DrawPage {
  readonly draws: readonly Draw[];
  readonly next: string | null;
}

export interface StratumGate {
  readonly experts: number;
  readonly seats: number;
  readonly verdict: "ok" | "yellow" | "stop";
  /** The number of possible outcomes is at least 2 to this power. */
  readonly bits: number;
}

export interface Counts {
  readonly pool: number;
  readonly steps: readonly { readonly filter: string; readonly left: number }[];
  /** Eligible experts by stratum and site. */
  readonly cells: readonly (readonly number[])[];
  readonly strata: readonly StratumGate[];
}

/** `counts` is null when the parameters break a limit; the faults say which. */
export interface Preview {
  readonly feasible: boolean;
  readonly counts: Counts | null;
  readonly faults: readonly Fault[];
}

export interface Pool {
  readonly id: string;
  readonly version: number;
  readonly size: number;
}

export interface Rule {
  readonly name: string;
  readonly words: string;
  readonly value: string;
  readonly source: string;
  readonly layer: string;
}

export interface Pack {
  readonly title: string;
  readonly rules: readonly Rule[];
}

export interface Specialty {
  readonly code: string;
  readonly name: string;
}

/** A draw as asked for. An empty number goes as null: the server says what is missing. */
export interface Order {
  readonly project: string;
  readonly section: string;
  readonly pool: string;
  readonly parameters: {
    readonly rule: "uniform/1";
    readonly committee: { readonly experts: number | null; readonly owners: number | null };
    readonly strata: readonly { readonly id: string; readonly prefixes: readonly string[]; readonly seats: number | null }[];
    readonly sites: readonly {
      readonly id: string;
      readonly regions: readonly string[];
      readonly min: number | null;
      readonly max: number | null;
    }[];
    readonly cap: number | null;
  };
  readonly beacon: string | null;
  readonly override: string | null;
  readonly opens_at: null;
  readonly redraw_reason: string | null;
}

export interface LoggedStep {
  readonly type: string;
  readonly time: string;
}

/** A section handed from one responsible person to another. */
export interface HandOver {
  readonly version: number;
  readonly at: string;
  readonly former: string;
  readonly owner: string;
  readonly reason: string;
  readonly by: string;
}

const PAGE = 50;
const MOST_PROJECTS = 1_000;

export async function listProjects(caller: Caller): Promise<Project[]> {
  const found: Project[] = [];
  let cursor: string | null = null;
  do {
    const page = record(await ask(caller, { path: paged("/v1/projects", 200, cursor) }));
    found.push(...list(page.items).map(projectOf));
    cursor = textOrNull(page.next);
  } while (cursor !== null && found.length < MOST_PROJECTS);
  return found;
}

export async function listDraws(caller: Caller, cursor: string | null = null, signal?: AbortSignal): Promise<DrawPage> {
  const path = paged("/v1/draws", PAGE, cursor);
  const page = record(await ask(caller, signal === undefined ? { path } : { path, signal }));
  return { draws: list(page.items).map(drawOf), next: textOrNull(page.next) };
}

export async function getDraw(caller: Caller, id: string): Promise<Draw> {
  return drawOf(await ask(caller, { path: `/v1/draws/${encodeURIComponent(id)}` }));
}

/** The newest hand-overs of a section, newest first. */
export async function getHandOvers(caller: Caller, project: string, section: string): Promise<HandOver[]> {
  const page = record(await ask(caller, { path: paged(`${sectionPath(project, section)}/owners`, PAGE, null) }));
  return list(page.items)
    .map(record)
    .map((one) => ({
      version: number(one.version),
      at: text(one.at),
      former: text(one.former),
      owner: text(one.owner),
      reason: text(one.reason),
      by: text(one.by),
    }));
}

export async function sectionVersion(caller: Caller, project: string, section: string): Promise<number> {
  return number(record(await ask(caller, { path: sectionPath(project, section) })).version);
}

export async function handOver(
  caller: Caller,
  project: string,
  body: { readonly section: string; readonly owner: string; readonly reason: string },
  version: number,
): Promise<void> {
  const path = `/v1/projects/${encodeURIComponent(project)}/owner`;
  await ask(caller, { method: "PUT", path, body, version });
}

const sectionPath = (project: string, section: string): string =>
  `/v1/projects/${encodeURIComponent(project)}/${encodeURIComponent(section)}`;

/** The invitations of a drawn draw, or null before they went out. */
export async function getInvitations(caller: Caller, id: string): Promise<Invitations | null> {
  try {
    const path = `/v1/draws/${encodeURIComponent(id)}/campaign/counts`;
    return invitationsOf(record(await ask(caller, { path })));
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

export async function previewDraw(caller: Caller, order: Order, signal: AbortSignal): Promise<Preview> {
  const found = record(await ask(caller, { method: "POST", path: "/v1/draws:preview", body: order, signal }));
  return {
    feasible: found.feasible === true,
    counts: found.counts === null ? null : countsOf(record(found.counts)),
    faults: list(found.faults).map(faultOf),
  };
}

export async function requestDraw(caller: Caller, body: string, idempotencyKey: string): Promise<Draw> {
  const order: unknown = JSON.parse(body);
  return drawOf(await ask(caller, { method: "POST", path: "/v1/draws", body: order, idempotencyKey }));
}

export async function abortDraw(caller: Caller, id: string, reason: string, idempotencyKey: string): Promise<Draw> {
  const path = `/v1/draws/${encodeURIComponent(id)}:abort`;
  return drawOf(await ask(caller, { method: "POST", path, body: { reason }, idempotencyKey }));
}

export async function listPools(caller: Caller): Promise<Pool[]> {
  const found = record(await ask(caller, { path: "/v1/stats" }));
  return list(found.pools)
    .map(record)
    .map((pool) => ({ id: text(pool.id), version: number(pool.version), size: number(pool.size) }));
}

export async function getPack(caller: Caller, base: string, overlays: readonly string[]): Promise<Pack> {
  const query = new URLSearchParams(overlays.map((overlay) => ["overlay", overlay]));
  const found = record(await ask(caller, { path: `/v1/packs/${encodeURIComponent(base)}?${query.toString()}` }));
  return { title: text(found.title), rules: list(found.rules).map(ruleOf) };
}

export async function listSpecialties(caller: Caller): Promise<Specialty[]> {
  const found = record(await ask(caller, { path: "/v1/specialties" }));
  return list(found.items)
    .map(record)
    .map((one) => ({ code: text(one.code), name: text(one.name) }));
}

function paged(path: string, limit: number, cursor: string | null): string {
  const query = new URLSearchParams({ limit: String(limit) });
  if (cursor !== null) query.set("cursor", cursor);
  return `${path}?${query.toString()}`;
}

function projectOf(value: unknown): Project {
  const found = record(value);
  const document = record(found.document);
  const evaluation = record(document.evaluation);
  const pack = record(document.pack);
  return {
    project: text(found.project),
    section: text(found.section),
    owner: text(found.owner),
    title: text(document.title),
    from: text(evaluation.from),
    to: text(evaluation.to),
    base: text(pack.base),
    overlays: list(pack.overlays).map(text),
    bidders: list(document.bidders).length,
    avoidUnits: list(document.avoid_units).length,
  };
}

function drawOf(value: unknown): Draw {
  const found = record(value);
  return {
    id: text(found.id),
    k: number(found.k),
    project: text(found.project),
    section: text(found.section),
    title: text(found.title),
    round: number(found.round),
    state: text(found.state),
    way: text(found.way),
    notDrawn: number(found.not_drawn),
    seats: number(found.seats),
    owner: text(found.owner),
    code: textOrNull(found.code),
    limit: found.limit ? limitOf(record(found.limit), Date.now()) : null,
    abortReason: textOrNull(found.abort_reason),
    steps: list(found.steps).map((one) => ({ type: text(record(one).type), time: text(record(one).time) })),
    updatedAt: text(found.updated_at),
  };
}

export function limitOf(found: Record<string, unknown>, now: number): Limit {
  const at = text(found.at);
  const seconds = number(found.seconds);
  // Behind its moment the server counts no further, and so tells nothing about its clock.
  const ahead = seconds > 0 ? Date.parse(at) - seconds * 1000 - now : 0;
  return { kind: text(found.kind), at, ahead: Number.isNaN(ahead) ? 0 : ahead };
}

function invitationsOf(found: Record<string, unknown>): Invitations {
  return {
    state: text(found.state),
    needed: number(found.needed),
    accepted: number(found.accepted),
    begins: text(found.begins),
    nextDeadline: textOrNull(found.next_deadline),
    putOff: found.put_off ? { from: text(record(found.put_off).from), reason: text(record(found.put_off).reason) } : null,
    topUp: found.top_up ? topUpOf(record(found.top_up)) : null,
  };
}

export function topUpOf(order: Record<string, unknown>): TopUp {
  const parameters = record(order.parameters);
  const committee = record(parameters.committee);
  return {
    experts: number(committee.experts),
    seated: number(committee.seated),
    owners: number(committee.owners),
    strata: list(parameters.strata)
      .map(record)
      .map((one) => ({ id: text(one.id), prefixes: list(one.prefixes).map(text), seats: number(one.seats) })),
    sites: list(parameters.sites)
      .map(record)
      .map((one) => ({ id: text(one.id), regions: list(one.regions).map(text) })),
    body: JSON.stringify(order),
  };
}

function countsOf(found: Record<string, unknown>): Counts {
  return {
    pool: number(found.pool),
    steps: list(found.steps).map((one) => ({ filter: text(record(one).filter), left: number(record(one).left) })),
    cells: list(found.cells).map((row) => list(row).map(number)),
    strata: list(found.strata).map(gateOf),
  };
}

function gateOf(value: unknown): StratumGate {
  const found = record(value);
  // Anything that is not plainly fine is shown as stopped.
  const verdict = found.verdict === "ok" || found.verdict === "yellow" ? found.verdict : "stop";
  return { experts: number(found.experts), seats: number(found.seats), verdict, bits: number(found.bits) };
}

function ruleOf(value: unknown): Rule {
  const found = record(value);
  return {
    name: text(found.name),
    words: text(found.text),
    value: typeof found.value === "string" ? found.value : JSON.stringify(found.value),
    source: text(found.source),
    layer: text(found.layer),
  };
}
