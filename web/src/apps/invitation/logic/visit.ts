// One visit to a letter: opened, answered step by step, and told where it stands. What was signed is kept until it is
// known whether it arrived, so that sending it again is the same answer and not a second one.
import { computed, ref, shallowRef } from "vue";
import { newToken, openLetter, reply, sendCode, signInByCode, signInByPasskey, type Answer, type LetterPage, type Reply } from "../../../api/letters.ts";
import { Problem, Unreachable } from "../../../api/http.ts";
import { deriveKeys, NoCryptography, NotAuthentic, signReply, unseal, type Letter, type LetterKeys } from "./keys.ts";
import { readSecret } from "./secret.ts";
import { ServerClock, standingOf } from "./standing.ts";

export type Place = "opening" | "wrong" | "old" | "offline" | "letter";
export type Step = "read" | "reason" | "code" | "confirm" | "sending" | "passkeys";
/** What somebody shows who they are for: an answer, or to look after their passkeys. */
export type Errand = "answer" | "passkeys";

/** Answers that need no new signature: nobody knows yet whether they count. */
const again = (error: unknown): boolean => error instanceof Unreachable || (error instanceof Problem && error.retryable);

export function useVisit(secret: string | null, language: () => string) {
  const place = ref<Place>("opening");
  const step = ref<Step>("read");
  const page = shallowRef<LetterPage | null>(null);
  const letter = shallowRef<Letter | null>(null);
  const keys = shallowRef<LetterKeys | null>(null);
  const clock = shallowRef<ServerClock | null>(null);
  const choice = ref<Answer>("accept");
  const reason = ref<string | null>(null);
  const code = ref("");
  const errand = ref<Errand>("answer");
  // The token of the newest sign-in, whether it was taken, and whether this answer rests on it and on no code.
  const token = ref("");
  const signedIn = ref(false);
  const proved = ref(false);
  const fault = shallowRef<unknown>(null);
  const signed = shallowRef<Reply | null>(null);
  const standing = computed(() => (page.value === null ? null : standingOf(page.value)));
  const bearer = computed(() => ({ id: keys.value?.id ?? "", auth: keys.value?.auth ?? "", token: token.value, language }));

  function told(found: LetterPage): void {
    page.value = found;
    clock.value = new ServerClock(found.now, performance.now());
    place.value = "letter";
  }

  async function open(): Promise<void> {
    try {
      const bytes = readSecret(secret ?? "");
      if (bytes === null) throw new NotAuthentic();
      keys.value ??= await deriveKeys(bytes);
      const found = await openLetter(bearer.value);
      letter.value = await unseal(keys.value, found.letter);
      told(found);
    } catch (error) {
      fault.value = error;
      place.value = placeOf(error);
    }
  }

  function choose(answer: Answer): void {
    choice.value = answer;
    reason.value = null;
    code.value = "";
    signed.value = null;
    errand.value = "answer";
    proved.value = false;
    go(answer === "accept" ? "code" : "reason");
  }

  function go(to: Step): void {
    fault.value = null;
    step.value = to;
  }

  /** To one's passkeys; by way of a code or a passkey when nobody signed in here yet. */
  function manage(): void {
    errand.value = "passkeys";
    code.value = "";
    go(signedIn.value ? "passkeys" : "code");
  }

  /** Whoever signed in is so no more: the quarter of an hour is over. */
  function signedOut(): void {
    signedIn.value = false;
    proved.value = false;
  }

  /** From the code step: an answer takes its code along, everything else is signed in for first. */
  async function shown(): Promise<void> {
    if (errand.value === "answer") go("confirm");
    else await signIn(() => signInByCode(bearer.value, code.value));
  }

  async function showPasskey(): Promise<void> {
    await signIn(() => signInByPasskey(bearer.value));
  }

  let signing = false;
  async function signIn(how: () => Promise<void>): Promise<void> {
    if (signing) return;
    signing = true;
    fault.value = null;
    token.value = newToken();
    try {
      await how();
      signedIn.value = true;
      proved.value = true;
      go(errand.value === "answer" ? "confirm" : "passkeys");
    } catch (error) {
      signedOut();
      fault.value = error;
    } finally {
      signing = false;
    }
  }

  async function askCode(): Promise<boolean> {
    fault.value = null;
    try {
      await sendCode(bearer.value);
      return true;
    } catch (error) {
      fault.value = error;
      if (error instanceof Problem && error.code === "invitation.state") await look();
      return false;
    }
  }

  /** Where it stands now; back to reading when that has changed. */
  async function look(): Promise<void> {
    const before = page.value;
    await open();
    const changed = page.value?.state !== before?.state || page.value?.answers.length !== before?.answers.length;
    if (place.value === "letter" && changed) go("read");
  }

  async function send(): Promise<void> {
    const own = keys.value;
    if (own === null) return;
    go("sending");
    try {
      signed.value ??= await sign(own);
      if (signed.value === null) return go("read");
      told(await reply(bearer.value, signed.value));
      signed.value = null;
      signedIn.value = true;
      go("read");
    } catch (error) {
      await notSent(error);
    }
  }

  /** The answer, dated by the server's clock as it is now; null when it would count no more. */
  async function sign(own: LetterKeys): Promise<Reply | null> {
    const found = await openLetter(bearer.value);
    told(found);
    if (!found.may.includes(choice.value)) return null;
    const said = { draw: found.draw, n: found.n, answer: choice.value, at: found.now };
    if (!proved.value) token.value = newToken();
    return { answer: choice.value, at: found.now, signature: signReply(own, said), code: proved.value ? null : code.value, reason: reason.value };
  }

  async function notSent(error: unknown): Promise<void> {
    if (!again(error)) signed.value = null;
    if (error instanceof Problem && error.status === 409) await look();
    if (step.value !== "sending") return;
    const unproved = error instanceof Problem && (error.code === "code.refused" || error.code === "letter.not-signed-in");
    if (unproved) signedOut();
    go(unproved ? "code" : "confirm");
    fault.value = error;
  }

  const state = { place, step, page, letter, keys, clock, choice, reason, code, errand, fault, signed, signedIn, standing, bearer };
  return { ...state, open, look, choose, manage, signedOut, shown, showPasskey, go, askCode, send };
}

export type Visit = ReturnType<typeof useVisit>;

function placeOf(error: unknown): Place {
  if (error instanceof NoCryptography) return "old";
  const refused = error instanceof Problem && error.status === 404;
  return error instanceof NotAuthentic || refused ? "wrong" : "offline";
}
