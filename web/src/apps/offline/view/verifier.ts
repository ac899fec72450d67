// Takes files, runs the verification by itself, shows the result. Framework-free; used by the offline and the public page.
// Files are read in the browser only; nothing is sent or stored.

import type { Language } from "../../../i18n/language.ts";
import type { Options } from "../../../verify/verify.ts";
import { Bench, type Places } from "./bench.ts";
import { element } from "./dom.ts";
import { kindOf, MAX_FILE, type Kind } from "./kinds.ts";
import { renderResult } from "./result.ts";
import type { Verdict } from "./verdict.ts";
import { wordsOf, type Words } from "./words.ts";
import "./view.css";

interface Loaded {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const ORDER: readonly Kind[] = ["bundle", "poolFile", "receipt", "reply", "trust"];

type Message = keyof Pick<Words["intake"], "running" | "runningPool" | "noBundle" | "tooLarge" | "unreadable" | "defect">;

export class Verifier {
  private readonly intakePlace = element("div", {});
  // Stays in the page while its text changes: only so is it read out.
  private readonly statusLine = element("p", { class: "qv-status", role: "status" });
  private readonly statusExtra = element("div", {});
  private readonly resultPlace = element("div", {});
  readonly root = element(
    "div",
    { class: "qv" },
    this.intakePlace,
    element("div", { class: "qv-statusline" }, this.statusLine, this.statusExtra),
    this.resultPlace,
  );
  private language: Language;
  private readonly files = new Map<Kind, Loaded>();
  private verdict: Verdict | null = null;
  private message: Message | null = null;
  private milliseconds = 0;
  private readonly bench: Bench;

  constructor(language: Language, places: Places) {
    this.language = language;
    this.bench = new Bench(places);
    this.root.addEventListener("dragover", (event) => event.preventDefault());
    this.root.addEventListener("drop", (event) => {
      event.preventDefault();
      void this.take([...(event.dataTransfer?.files ?? [])]);
    });
    this.render();
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

  /** Puts the bundle and its result away. */
  forget(): void {
    this.files.delete("bundle");
    this.bench.stop();
    this.verdict = null;
    this.message = null;
    this.render();
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

  /** A message in place of any result. */
  private say(message: Message): void {
    this.bench.stop();
    this.verdict = null;
    this.message = message;
    this.render();
  }

  private start(): void {
    const bundle = this.files.get("bundle")?.bytes;
    if (bundle === undefined) return this.say("noBundle");
    this.say(this.files.has("poolFile") ? "runningPool" : "running");
    const begun = performance.now();
    this.bench.start(bundle, this.options(), (verdict) => {
      this.milliseconds = Math.round(performance.now() - begun);
      if (verdict === null) this.say("defect");
      else this.present(verdict);
    });
  }

  private present(verdict: Verdict): void {
    this.verdict = verdict;
    this.message = null;
    this.render();
    const heading = this.root.querySelector<HTMLElement>("#qv-verdict");
    heading?.focus({ preventScroll: true });
    heading?.closest(".qv-banner")?.scrollIntoView({ block: "start" });
  }

  private options(): Options {
    const options: { -readonly [K in keyof Options]: Options[K] } = {};
    for (const kind of ["poolFile", "receipt", "reply", "trust"] as const) {
      const given = this.files.get(kind)?.bytes;
      if (given !== undefined) options[kind] = given;
    }
    return options;
  }

  private render(): void {
    const words = wordsOf(this.language);
    const choosing = document.activeElement?.id === "qv-files";
    this.intakePlace.replaceChildren(this.intake(words));
    this.fillStatus(words);
    this.resultPlace.replaceChildren(...(this.verdict === null ? [] : [renderResult(this.verdict, this.language)]));
    if (choosing) this.root.querySelector<HTMLElement>("#qv-files")?.focus();
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
        this.bench.stop();
        this.verdict = null;
        this.message = null;
        this.render();
      }
      this.root.querySelector<HTMLElement>("#qv-files")?.focus();
    });
    return element("li", {}, element("strong", {}, words.intake.kind[kind]), ` ${name} `, remove);
  }

  private fillStatus(words: Words): void {
    const done = this.verdict === null ? "" : `${words.intake.done} · ${words.intake.took} ${this.milliseconds} ms`;
    this.statusLine.textContent = this.message === null ? done : words.intake[this.message];
    if (this.message === "running" || this.message === "runningPool") {
      this.statusExtra.replaceChildren(element("progress", { class: "qv-progress", "aria-label": words.intake.running }));
      return;
    }
    if (this.verdict === null) return this.statusExtra.replaceChildren();
    const print = element("button", { type: "button", class: "qt-button" }, words.print);
    print.addEventListener("click", () => window.print());
    this.statusExtra.replaceChildren(print);
  }
}
