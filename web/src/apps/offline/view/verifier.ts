// Takes files, runs the verification by itself, shows the result. Framework-free; used by the offline and the public page.
// Files are read in the browser only; nothing is sent or stored.

import type { Language } from "../../../i18n/language.ts";
import { selfTest } from "../../../verify/drand.ts";
import { ProofError, verify, type Options, type Report } from "../../../verify/verify.ts";
import { element } from "./dom.ts";
import { kindOf, MAX_FILE, type Kind } from "./kinds.ts";
import { renderResult } from "./result.ts";
import { verdictOf, type Verdict } from "./verdict.ts";
import { wordsOf, type Words } from "./words.ts";
import "./view.css";

interface Loaded {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const ORDER: readonly Kind[] = ["bundle", "poolFile", "receipt", "trust"];

type Message = keyof Pick<Words["intake"], "running" | "runningPool" | "noBundle" | "tooLarge" | "unreadable">;

export class Verifier {
  readonly root = element("div", { class: "qv" });
  private language: Language;
  private readonly files = new Map<Kind, Loaded>();
  private verdict: Verdict | null = null;
  private message: Message | null = null;
  private milliseconds = 0;
  private run = 0;

  constructor(language: Language) {
    this.language = language;
    this.root.addEventListener("dragover", (event) => event.preventDefault());
    this.root.addEventListener("drop", (event) => {
      event.preventDefault();
      void this.take([...(event.dataTransfer?.files ?? [])]);
    });
    this.render();
    // While the reader looks for the file, the engine gets ready: a first pairing costs four times a later one.
    setTimeout(selfTest, 200);
  }

  setLanguage(language: Language): void {
    this.language = language;
    this.render();
  }

  /** Verifies a bundle that the page fetched, in place of any chosen before. */
  show(name: string, bytes: Uint8Array): void {
    this.files.set("bundle", { name, bytes });
    this.start();
  }

  private async take(files: readonly File[]): Promise<void> {
    for (const file of files) {
      if (file.size > MAX_FILE) return this.say("tooLarge");
      try {
        const bytes = new Uint8Array(await file.arrayBuffer());
        this.files.set(kindOf(bytes), { name: file.name, bytes });
      } catch {
        return this.say("unreadable");
      }
    }
    if (files.length > 0) this.start();
  }

  private say(message: Message): void {
    this.message = message;
    this.render();
  }

  /** Lets the browser paint the waiting line, then verifies; a later start makes an earlier one void. */
  private start(): void {
    const run = ++this.run;
    this.verdict = null;
    if (!this.files.has("bundle")) return this.say("noBundle");
    this.say(this.files.has("poolFile") ? "runningPool" : "running");
    requestAnimationFrame(() => setTimeout(() => run === this.run && this.finish(), 0));
  }

  private finish(): void {
    const begun = performance.now();
    this.verdict = verdictOf(this.judge());
    this.milliseconds = Math.round(performance.now() - begun);
    this.message = null;
    this.render();
    const heading = this.root.querySelector<HTMLElement>("#qv-verdict");
    heading?.focus({ preventScroll: true });
    heading?.closest(".qv-banner")?.scrollIntoView({ block: "start" });
  }

  private judge(): Report | ProofError {
    const bytes = (kind: Kind): Uint8Array | undefined => this.files.get(kind)?.bytes;
    const options: { -readonly [K in keyof Options]: Options[K] } = {};
    for (const kind of ["poolFile", "receipt", "trust"] as const) {
      const given = bytes(kind);
      if (given !== undefined) options[kind] = given;
    }
    try {
      return verify(bytes("bundle") ?? new Uint8Array(0), options);
    } catch (error) {
      if (error instanceof ProofError) return error;
      throw error;
    }
  }

  private render(): void {
    const words = wordsOf(this.language);
    this.root.replaceChildren(this.intake(words), this.status(words), ...(this.verdict === null ? [] : [renderResult(this.verdict, this.language)]));
  }

  private intake(words: Words): HTMLElement {
    const input = element("input", { type: "file", multiple: "", id: "qv-files", class: "qv-input" }) as HTMLInputElement;
    input.addEventListener("change", () => void this.take([...(input.files ?? [])]));
    const chosen = ORDER.filter((kind) => this.files.has(kind)).map((kind) => this.fileLine(kind, words));
    return element(
      "section",
      { class: "qv-intake" },
      element("h2", {}, words.intake.title),
      element("p", { id: "qv-hint" }, words.intake.hint),
      element("div", { class: "qv-drop" }, input, element("label", { for: "qv-files", class: "qt-button" }, words.intake.choose), element("span", {}, words.intake.drop)),
      chosen.length === 0 ? null : element("ul", { class: "qv-files" }, ...chosen),
    );
  }

  private fileLine(kind: Kind, words: Words): HTMLElement {
    const name = this.files.get(kind)?.name ?? "";
    const remove = element("button", { type: "button", class: "qt-button qv-remove", "aria-label": `${words.intake.remove} ${name}` }, words.intake.remove);
    remove.addEventListener("click", () => {
      this.files.delete(kind);
      if (this.files.size > 0) this.start();
      else {
        this.verdict = null;
        this.message = null;
        this.render();
      }
    });
    return element("li", {}, element("strong", {}, words.intake.kind[kind]), ` ${name} `, remove);
  }

  private status(words: Words): HTMLElement {
    const done = this.verdict === null ? "" : `${words.intake.done} · ${words.intake.took} ${this.milliseconds} ms`;
    const line = element("p", { class: "qv-status", role: "status" }, this.message === null ? done : words.intake[this.message]);
    if (this.verdict === null) return line;
    const print = element("button", { type: "button", class: "qt-button qv-print" }, words.print);
    print.addEventListener("click", () => window.print());
    return element("div", { class: "qv-statusline" }, line, print);
  }
}
