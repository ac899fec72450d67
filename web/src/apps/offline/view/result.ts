// The result of one verification as a page section: banner, failure, six ticks with the numbered checks beneath, notes,
// facts, fingerprints, roster and raw data. Reads a verdict, decides nothing.

import type { Language } from "../../../i18n/language.ts";
import { CHECKS, type CheckNumber, type Replied, type Report } from "../../../verify/verify.ts";
import { details, element, table, type Child } from "./dom.ts";
import { groupOf, type CheckLine, type Failure, type State, type Tick, type Verdict } from "./verdict.ts";
import { wordsOf, type Words } from "./words.ts";

const SIGNS: Readonly<Record<State, string>> = { pass: "✔", fail: "✘", partial: "◐", notDue: "○", unknown: "?" };
const BEIJING_OFFSET_MS = 8 * 3600 * 1000;

interface View {
  readonly language: Language;
  readonly words: Words;
}

function sign(state: State): HTMLElement {
  return element("span", { class: `qv-sign qv-sign-${state}`, "aria-hidden": "true" }, SIGNS[state]);
}

function checkWords({ language }: View, number: CheckNumber) {
  return CHECKS[number][language === "en" ? "en" : "zh"];
}

/** The whole result in one language. */
export function renderResult(verdict: Verdict, language: Language): HTMLElement {
  const view: View = { language, words: wordsOf(language) };
  const { failure, report } = verdict;
  // Of a file that is no proof at all there is nothing to say tick by tick.
  const readable = failure?.number !== 1;
  return element(
    "section",
    { class: "qv-result", "aria-labelledby": "qv-verdict" },
    failure === null ? null : failureBanner(view, failure),
    report === null ? null : banner(view, report),
    readable ? summary(view, verdict) : null,
    readable ? element("div", { class: "qv-ticks" }, ...verdict.ticks.map((tick) => tickCard(view, tick, verdict))) : null,
    report === null ? null : notes(view, report),
    report?.seats == null ? null : seats(view, report),
    report?.stage === "opened" ? doesAndDoesNot(view) : null,
    report === null ? null : facts(view, report),
    report === null ? null : fingerprints(view, report),
    report === null ? null : raw(view, report),
    failure === null ? null : rawFailure(view, failure),
  );
}

function heading(state: State, text: string): HTMLElement {
  return element("h2", { id: "qv-verdict", tabindex: "-1" }, sign(state), ` ${text}`);
}

/** Only a draw that came to its end is called verified without more ado. */
function banner({ words }: View, report: Report): HTMLElement {
  const kind = report.stage === "opened" ? "pass" : report.stage === "aborted" ? "passAborted" : "passSoFar";
  const levels = report.levels.map((level) => words.level[level]).join(" · ");
  return element(
    "div",
    { class: `qv-banner qv-banner-${kind === "pass" ? "pass" : "unfinished"}` },
    heading("pass", words.banner[kind]),
    element("p", {}, `${words.stage[report.stage]}${words.gap}${words.banner.passAll}`),
    element("p", {}, element("strong", {}, words.levelTitle), words.colon, levels),
    report.levels.includes("supervisor") ? null : element("p", {}, words.levelPublicOnly),
    report.receipt === null ? null : element("p", {}, words.receipt[report.receipt as keyof Words["receipt"]]),
    report.reply === null ? null : element("p", {}, replyText(words, report.reply)),
  );
}

function replyText({ reply }: Words, { answer, at, covered }: Replied): string {
  return reply[covered ? "logged" : "notCovered"].replace("{answer}", reply.answer[answer]).replace("{at}", beijing(at));
}

function failureBanner(view: View, failure: Failure): HTMLElement {
  const { words, language } = view;
  const { title } = checkWords(view, failure.number);
  const line = (term: string, text: string): Child[] => [element("dt", {}, term), element("dd", {}, text)];
  const meaning = failure.number === 1 ? words.failure.noProof : words.group[groupOf(failure.number)].failed;
  return element(
    "div",
    { class: "qv-banner qv-banner-fail" },
    heading("fail", failure.number === 1 ? words.banner.noProof : words.banner.fail),
    element("p", {}, words.banner.failLead, " ", element("strong", {}, `${failure.number} ${title}`), " ", element("code", {}, failure.checkName)),
    element(
      "dl",
      {},
      ...line(words.failure.what, language === "en" ? failure.en : failure.zh),
      ...line(words.failure.meaning, meaning),
      ...line(words.failure.act, words.responsible[failure.responsible]),
    ),
    element("p", {}, words.failure.next),
  );
}

/** All six at one glance; each leads to its card. */
function summary({ words }: View, { ticks }: Verdict): HTMLElement {
  const links = ticks.map(({ group, state }) =>
    element(
      "li",
      {},
      element("a", { href: `#qv-${group}`, class: `qv-chip qv-tick-${state}` }, sign(state), " ", words.group[group].title, element("span", { class: "qv-hidden" }, ` ${words.state[state]}`)),
    ),
  );
  return element("nav", { "aria-label": words.summaryTitle }, element("ul", { class: "qv-chips" }, ...links));
}

/** One sentence of meaning, one of limit; the second is null where there is nothing to limit. */
function sentencesOf({ words }: View, tick: Tick, { report }: Verdict): { readonly meaning: string; readonly limit: string | null } {
  const group = words.group[tick.group];
  const { recusal } = words.group;
  if (tick.state === "fail") return { meaning: group.failed, limit: null };
  if (tick.state === "unknown") return { meaning: report === null ? words.stopped : words.group.calls.elsewhere, limit: null };
  if (tick.state === "notDue") return { meaning: report?.stage === "aborted" ? words.neverDue : words.later, limit: null };
  if (tick.state === "pass") return { meaning: group.means, limit: group.limit };
  if (tick.group === "recusal") return { meaning: recusal.partialMeans, limit: recusal.partialLimit };
  return { meaning: report?.stage === "aborted" ? words.untilAbort : words.soFar, limit: group.limit };
}

function tickCard(view: View, tick: Tick, verdict: Verdict): HTMLElement {
  const { words } = view;
  const { meaning, limit } = sentencesOf(view, tick, verdict);
  const aborted = verdict.report?.stage === "aborted";
  const unfinished = tick.state === "partial" && tick.group !== "recusal" ? "soFar" : tick.state;
  const said = tick.state === "notDue" && aborted ? "neverDue" : unfinished;
  return element(
    "article",
    { class: `qv-tick qv-tick-${tick.state}`, id: `qv-${tick.group}`, tabindex: "-1" },
    element(
      "h3",
      {},
      sign(tick.state),
      ` ${words.group[tick.group].title} `,
      element("span", { class: "qv-state" }, words.state[said]),
    ),
    limit === null ? element("p", {}, meaning) : sentence(words.means, meaning),
    limit === null ? null : sentence(words.limit, limit),
    tick.checks.length === 0 ? null : checkList(view, tick.checks, verdict),
  );
}

function sentence(term: string, text: string): HTMLElement {
  return element("p", {}, element("span", { class: "qv-term" }, term), ` ${text}`);
}

function checkList(view: View, checks: readonly CheckLine[], { failure }: Verdict): HTMLElement {
  const items = checks.map((line) => checkItem(view, line));
  const shown = details(view.words.checksToggle.replace("{count}", String(checks.length)), element("ul", { class: "qv-checks" }, ...items));
  if (failure !== null && checks.some((line) => line.state === "fail")) shown.setAttribute("open", "");
  return shown;
}

function checkItem(view: View, { number, state }: CheckLine): HTMLElement {
  const { words } = view;
  const { title, proves, limit } = checkWords(view, number);
  const head = element("strong", {}, ` ${number} ${title}`);
  const name = element("code", {}, CHECKS[number].name);
  return element(
    "li",
    {},
    element("div", {}, sign(state), head, " ", name, ` — ${words.state[state]}`),
    state === "pass" ? element("div", { class: "qv-small" }, `${words.proves}${words.colon}${proves}${words.gap}${words.leaves}${words.colon}${limit}`) : null,
  );
}

function notes({ words, language }: View, report: Report): HTMLElement | null {
  if (report.notes.length === 0) return null;
  const items = report.notes.map((note) => element("li", {}, language === "en" ? note.en : note.zh));
  return element("section", {}, element("h3", {}, words.notesTitle), element("ul", {}, ...items));
}

function facts({ words }: View, report: Report): HTMLElement {
  const names = words.facts;
  const reasons: Readonly<Record<string, string>> = words.abortReason;
  const rows: [string, string | number | null][] = [
    [names.draw, report.draw],
    [names.round, report.round],
    [names.previous, report.previous],
    [names.log, report.origin],
    [names.logSize, report.log.size],
    [names.ownEntries, report.log.entries],
    [names.rules, report.rules === null ? null : `${report.rules.id} ${report.rules.version}`],
    [names.layers, report.rules === null ? null : report.rules.layers.map((one) => `${one.id} ${one.digest.slice(0, 16)}`).join(" · ")],
    [names.rejected, report.rejected],
    [names.replacements, report.replacements.length],
    [names.invitations, invitationsText(words, report)],
    [names.recent, report.recentChanges],
    [names.avoid, report.avoidUnits],
    [names.abort, report.abortReason === null ? null : (reasons[report.abortReason] ?? report.abortReason)],
  ];
  const lines = rows.flatMap(([term, value]) => (value === null ? [] : [element("div", {}, element("dt", {}, term), element("dd", {}, String(value)))]));
  return element("section", {}, element("h3", {}, words.factsTitle), element("dl", { class: "qv-facts" }, ...lines));
}

function invitationsText({ facts }: Words, { invitations }: Report): string | null {
  if (invitations === null) return null;
  return invitations.logged ? `${invitations.sent} / ${invitations.replies}` : facts.invitationsElsewhere;
}

function fingerprints({ words }: View, report: Report): HTMLElement {
  const rows = report.parties.map(({ role, name, fingerprint }) => [
    words.role[role],
    name,
    element("code", { class: "qv-fingerprint" }, fingerprint.replace(/(.{4})(?=.)/g, "$1 ")),
  ]);
  const { role, name, fingerprint } = words.column;
  return element(
    "section",
    {},
    element("h3", {}, words.keysTitle),
    element("p", {}, report.trusted ? words.keysCompared : words.keysUncompared),
    table(words.keysTitle, [role, name, fingerprint], rows),
  );
}

function fieldText(words: Words, name: string, value: unknown): string {
  const titles: Readonly<Record<string, string>> = words.titleValue;
  if (typeof value === "string") return name === "title" ? (titles[value] ?? value) : value;
  if (!Array.isArray(value)) return value === null ? "—" : JSON.stringify(value);
  const one = (item: unknown): string =>
    typeof item === "object" && item !== null && "org" in item ? String(item.org).replace(/^uscc:/, "") : typeof item === "string" ? item : JSON.stringify(item);
  return value.map(one).join(", ") || "—";
}

function seats({ words }: View, report: Report): HTMLElement {
  const list = report.seats ?? [];
  const published = Object.keys(words.field).filter((name) => list.some((seat) => name in seat.fields)) as (keyof Words["field"])[];
  const rows = list.map((seat) => [
    String(seat.seat + 1),
    seat.stratum,
    seat.at === null ? words.vacant : seat.site,
    ...published.map((name) => (seat.at === null ? "—" : fieldText(words, name, seat.fields[name]))),
  ]);
  const head = [words.column.seat, words.column.stratum, words.column.site, ...published.map((name) => words.field[name])];
  const silent = published.length === 0 ? element("p", {}, words.unpublished) : null;
  return element("section", {}, element("h3", {}, words.seatsTitle), silent, table(words.seatsTitle, head, rows));
}

function doesAndDoesNot({ words }: View): HTMLElement {
  const { does } = words;
  const list = (title: string, mark: State, items: readonly string[]): HTMLElement =>
    element("div", {}, element("h4", {}, sign(mark), ` ${title}`), element("ul", {}, ...items.map((item) => element("li", {}, item))));
  return element(
    "section",
    {},
    element("h3", {}, words.doesTitle),
    element("div", { class: "qv-columns" }, list(words.doesYes, "pass", [does.yes1, does.yes2, does.yes3]), list(words.doesNo, "notDue", [does.no1, does.no2, does.no3])),
  );
}

function beijing(time: string): string {
  return new Date(Date.parse(time) + BEIJING_OFFSET_MS).toISOString().slice(0, 19).replace("T", " ");
}

function rawFailure({ words }: View, { number, checkName, en, zh, responsible, passed }: Failure): HTMLElement {
  const plain = { number, name: checkName, en, zh, responsible, passed: passed.map((one) => one.number) };
  return details(words.rawTitle, element("pre", { class: "qv-raw", tabindex: "0" }, JSON.stringify(plain, null, 1)));
}

function raw({ words }: View, report: Report): HTMLElement {
  const names: Readonly<Record<string, string>> = words.step;
  const rows = report.steps.map(({ index, type, time }) => [String(index), `${names[type] ?? type} (${type})`, beijing(time)]);
  const { checks, notes: _, ...rest } = report;
  const plain = { ...rest, checks: checks.map(({ number, name, due }) => ({ number, name, due })) };
  return details(
    words.rawTitle,
    element("h4", {}, words.rawSteps),
    table(words.rawSteps, [words.column.index, words.column.step, words.column.time], rows),
    element("h4", {}, words.rawReport),
    element("pre", { class: "qv-raw", tabindex: "0" }, JSON.stringify(plain, null, 1)),
  );
}
