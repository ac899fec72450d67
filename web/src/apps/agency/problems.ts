// What went wrong, in a sentence: the server's own words where it has any.
import { Problem, Unreachable } from "../../api/http.ts";
import type { Say } from "../../ui/refusals.ts";

export function sentence(error: unknown, t: Say): string {
  if (error instanceof Unreachable) return t("page.problem.unreachable");
  if (!(error instanceof Problem)) return t("page.problem.other", { code: "page" });
  if (error.status === 0) return t("page.problem.unreadable");
  const said = error.title || t("page.problem.other", { code: error.code });
  return error.trace ? `${said} · ${t("page.problem.trace", { trace: error.trace })}` : said;
}

/** Whether the key itself was refused: then it must be pasted anew. A key that may not do one thing is not meant. */
export const keyRefused = (error: unknown): boolean =>
  error instanceof Problem && ((error.status === 401 && error.code !== "signature.required") || error.code === "key.mode");
