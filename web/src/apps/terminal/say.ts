// Why something failed, in words for the people before the terminal.
import { Problem, Unreachable } from "../../api/http.ts";

export function say(error: unknown, t: (key: string) => string): string {
  if (error instanceof Unreachable) return t("page.unreachable");
  if (error instanceof Problem) return [error.title || error.code, ...error.faults.map((one) => one.message)].join(" · ");
  return t("page.failed");
}
