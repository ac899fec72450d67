// The offline page: plain DOM, no framework, no network. Builds its frame and switches its language in place.
// The same script is its own worker; there it only answers tasks.
import english from "../../i18n/en/offline.ts";
import { applyLanguage, otherLanguage, startLanguage, type Language } from "../../i18n/language.ts";
import chinese from "../../i18n/zh-CN/offline.ts";
import enCommon from "../../i18n/en/common.ts";
import zhCommon from "../../i18n/zh-CN/common.ts";
import "../../ui/base.css";
import { element } from "./view/dom.ts";
import { answerTasks, judge } from "./view/judge.ts";
import { Verifier } from "./view/verifier.ts";
import { makeWorker } from "./worker.ts";

const TEXTS = { "zh-CN": { ...zhCommon, ...chinese }, en: { ...enCommon, ...english } } as const;

function show(language: Language, verifier: Verifier): void {
  const texts = TEXTS[language];
  const other = otherLanguage(language);
  applyLanguage(language);
  verifier.setLanguage(language);
  document.title = `${texts.title} · ${texts.product}`;
  const button = element(
    "button",
    { type: "button", class: "qt-button", lang: other, title: texts.switchLanguageHint },
    texts.switchLanguage,
  );
  button.addEventListener("click", () => {
    show(other, verifier);
    document.querySelector<HTMLElement>(".qt-header .qt-button")?.focus();
  });
  const brand = element("span", { class: "qt-brand" }, texts.product);
  document
    .querySelector("#app")
    ?.replaceChildren(
      element("a", { class: "qt-skip", href: "#main" }, texts.skip),
      element("header", { class: "qt-header" }, element("div", { class: "qt-header-row" }, brand, button)),
      element(
        "main",
        { id: "main", class: "qt-main", tabindex: "-1" },
        element("h1", {}, texts.title),
        element("p", { class: "qt-lead" }, texts.lead),
        verifier.root,
      ),
      element("footer", { class: "qt-footer" }, texts.footer),
    );
}

if (typeof document === "undefined") answerTasks(self);
else {
  const language = startLanguage();
  show(language, new Verifier(language, { worker: makeWorker, page: () => Promise.resolve(judge) }));
}
