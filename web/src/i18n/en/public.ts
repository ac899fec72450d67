import type { Words } from "../index.ts";
import type chinese from "../zh-CN/public.ts";

export default {
  title: "Verify a draw",
  lead: "Verification runs in your own browser; this site's server does not decide the outcome.",
  code: "Verification code",
  codeHint: "The 12 letters and digits on the certificate; case, spaces and hyphens do not matter.",
  submit: "Verify",
  codeWrong: "The code has 12 letters or digits; please compare it with the certificate.",
  loading: "Fetching the draw proof…",
  notFound: "There is no draw proof for this code; please compare it with the certificate.",
  unreachable: "The draw proof cannot be fetched now. Try again later, or choose a saved proof below.",
  offline: "Download the offline verifier",
  offlineHint: "One file that works without a network and asks this site for nothing.",
  save: "Save the draw proof",
  besides: {
    title: "Members of this committee who were not drawn",
    one: "{seats} not drawn ({way}) and no part of the proof below; entry {index} of the log.",
    ways: { self_selected: "self-selected", direct: "appointed directly" },
    source: "Told by the platform. The log's entry is signed by the supervisor and holds reason, digest of the approval file and counts only.",
    unknown: "The platform did not answer whether there are members who were not drawn; please try again later.",
  },
  exampleTitle: "In plain words: how the drawing of lots is kept honest",
  example: {
    step1: "First the list is locked: every eligible expert becomes a lot in a glass drum, and three parties sign the seal. One lot more or less, and the seal no longer fits.",
    step2: "Then the random numbers are locked: agency and supervisor each put a number into an envelope, and the cosigner keeps a sealed copy of both. Neither knows the other's number.",
    step3: "Then the envelopes are opened: the two numbers and a key of the platform are mixed into one seed, and a public random number that nobody controls may be added. If a single one is truly random, nobody can foresee the result.",
    step4: "So everybody can compute: seed, method and drum are public, and whoever computes gets the same people. Verifying on this page is your own browser computing it again.",
    step5: "Whoever is drawn is then invited, and answering fast helps nobody: a lot is passed on to the next in rank only when the log shows why, such as a decline, no answer in time, or leaving again.",
    change: "What if somebody exchanged an expert afterwards? The lot would no longer fit the seal: the tick 'List unchanged' would turn to 'failed', with the number of the check and who must explain.",
  },
} satisfies Words<typeof chinese>;
