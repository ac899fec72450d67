// One visit to a letter: opened, answered step by step, and told where it stands. What was signed is kept until it is
// known whether it arrived, so that sending it again is the same answer and not a second one.
import { computed, ref, shallowRef } from "vue";
import { openLetter, reply, sendCode, type Answer, type LetterPage, type Reply } from "../../../api/letters.ts";
import { Problem, Unreachable } from "../../../api/http.ts";
import { deriveKeys, NoCryptography, NotAuthentic, signReply, unseal, type Letter, type LetterKeys } from "./keys.ts";
import { readSecret } from "./secret.ts";
import { ServerClock, standingOf } from "./standing.ts";

export type Place = "opening" | "wrong" | "old" | "offline" | "letter";
export type Step = "read" | "reason" | "code" | "confirm" | "sending";

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
  const fault = shallowRef<unknown>(null);
  const signed = shallowRef<Reply | null>(null);
  const standing = computed(() => (page.value === null ? null : standingOf(page.value)));
  const bearer = computed(() => ({ id: keys.value?.id ?? "", auth: keys.value?.auth ?? "", language }));

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
    go(answer === "accept" ? "code" : "reason");
  }

  function go(to: Step): void {
    fault.value = null;
    step.value = to;
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
    return { answer: choice.value, at: found.now, signature: signReply(own, said), code: code.value, reason: reason.value };
  }

  async function notSent(error: unknown): Promise<void> {
    if (!again(error)) signed.value = null;
    if (error instanceof Problem && error.status === 409) await look();
    if (step.value !== "sending") return;
    const wrongCode = error instanceof Problem && error.code === "code.refused";
    go(wrongCode ? "code" : "confirm");
    fault.value = error;
  }

  return { place, step, page, letter, keys, clock, choice, reason, code, fault, signed, standing, bearer, open, look, choose, go, askCode, send };
}

export type Visit = ReturnType<typeof useVisit>;

function placeOf(error: unknown): Place {
  if (error instanceof NoCryptography) return "old";
  const refused = error instanceof Problem && error.status === 404;
  return error instanceof NotAuthentic || refused ? "wrong" : "offline";
}
