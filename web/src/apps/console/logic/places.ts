// The places of a plan: one that the platform does not know, and which of them a refusal is about.
import type { Plan } from "../../../api/console.ts";
import { Problem } from "../../../api/http.ts";

/** What a plan calls a venue that is not registered. */
export const OUTSIDE = "outside";

/** The same refusal, each sentence that is about one place of the plan with that place before it. */
export function namedPlaces(error: unknown, plan: Pick<Plan, "sites">): unknown {
  if (!(error instanceof Problem)) return error;
  const faults = error.faults.map((fault) => {
    const at = /^\/plan\/sites\/(\d+)/.exec(fault.pointer)?.[1];
    const place = at === undefined ? undefined : plan.sites[Number(at)];
    return place === undefined ? fault : { ...fault, message: `${place.site}：${fault.message}` };
  });
  return new Problem(error.status, error.code, error.title, faults, error.retryable, error.trace);
}
