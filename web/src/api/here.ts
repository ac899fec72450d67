// Calls from a page of this site by whoever is signed in with this browser: its cookie, which no script sees, and the
// mark that no form and no foreign page can add.
import { ask, type Caller, type Question } from "./http.ts";

export type Here = Pick<Caller, "language" | "fetch">;

/** The answer's JSON, or null for an answer without content. Throws Problem or Unreachable. */
export const askHere = (here: Here, question: Question): Promise<unknown> => ask({ ...here, key: null }, question);
