// What a person does on the page comes to the same on both runtimes: typing, choosing, keys, and an event that changes what
// it passes through.
import { describe, expect, it } from "vitest";
import { alike, fire, later, set, sides, type Side } from "./twice.ts";

const FORM = `<script setup>
import { nextTick, onMounted, ref, watch } from "vue";
import { kind, log } from "world";
const typed = ref("");
const many = ref("b");
const seat = ref("");
const tick = ref(false);
const field = ref(null);
watch(() => typed.value + many.value + seat.value + tick.value, async (now, before) => {
  log(before + " -> " + now);
  await nextTick();
  log("after " + now);
});
onMounted(() => log("field " + (field.value !== null)));
const send = () => { log("send " + typed.value); typed.value = ""; };
</script>
<template>
  <form id="form" @submit.prevent="send">
    <input id="text" ref="field" v-model="typed" maxlength="9" />
    <label v-for="one in ['a', 'b']" :key="one"><input :id="one" v-model="many" type="radio" name="many" :value="one" /> {{ one }}</label>
    <select id="seat" v-model="seat"><option value="" disabled>?</option><option v-for="one in ['s1', 's2']" :key="one" :value="one">{{ one }}</option></select>
    <input id="tick" v-model="tick" type="checkbox" /> <input id="word" v-model="typed" :type="kind" />
    <button id="key" type="button" @keydown.space.prevent="log('down')" @keyup.space="log('up')">{{ typed }}</button>
  </form>
</template>`;

const on = (all: readonly Side[], id: string, work: (side: Side, element: ReturnType<Side["stage"]["find"]>) => void): void => {
  later();
  for (const one of all) work(one, one.stage.find(id));
};

const calls = (all: readonly Side[]): string[] => {
  const [first = [], ...others] = all.map((one) => one.calls);
  for (const other of others) expect(other).toEqual(first);
  return first;
};

describe("forms", () => {
  const begun = async (): Promise<Side[]> => sides({ Form: FORM }, () => ({ kind: "password" }));
  const type = (all: readonly Side[], id: string, words: string): void =>
    on(all, id, (_, element) => {
      element.value = words;
      fire(element, "input");
    });

  it("take what is typed, chosen and ticked, and are emptied by the page", async () => {
    const all = await begun();
    type(all, "text", "一");
    await alike(all);
    type(all, "word", "一二");
    await alike(all);
    on(all, "a", (_, element) => ((element.checked = true), fire(element, "change")));
    await alike(all);
    on(all, "seat", (_, element) => ((element.selectedIndex = 2), fire(element, "change")));
    await alike(all);
    on(all, "tick", (_, element) => ((element.checked = true), fire(element, "change")));
    await alike(all);
    on(all, "form", (_, element) => expect(fire(element, "submit").defaultPrevented).toBe(true));
    await alike(all);
    await set(all, "kind", () => "text");
    const said = calls(all);
    expect(said).toContain("一二as2true -> as2true");
    expect(said).toContain("send 一二");
    expect(said[0]).toBe("field true");
  });

  it("wait for the end of a word that is being composed", async () => {
    const all = await begun();
    on(all, "text", (_, element) => fire(element, "compositionstart"));
    type(all, "text", "qian");
    // A render in between leaves the syllable where it is.
    await set(all, "kind", () => "text");
    expect(all.map((one) => [one.stage.find("text").value, one.stage.find("word").value])).toEqual([["qian", ""], ["qian", ""]]);
    on(all, "text", (_, element) => {
      element.value = "签";
      fire(element, "compositionend");
    });
    await alike(all);
    expect(all.map((one) => one.stage.find("word").value)).toEqual(["签", "签"]);
    expect(calls(all).filter((one) => one.includes("qian"))).toEqual([]);
  });

  it("hear the keys they name alone", async () => {
    const all = await begun();
    on(all, "key", (_, element) => {
      expect(fire(element, "keydown", { key: "a" }).defaultPrevented).toBe(false);
      expect(fire(element, "keydown", { key: " " }).defaultPrevented).toBe(true);
      fire(element, "keyup", { key: " " });
    });
    expect(calls(all).slice(1)).toEqual(["down", "up"]);
  });
});

describe("an event", () => {
  const NESTED = `<script setup>
import { log, open } from "world";
const press = () => { log("in"); open.value = true; };
</script>
<template><section id="out" v-bind:title="open ? 'open' : undefined" v-on:click="open ? log('out') : log('shut')"><div id="late" @click="log('late')"><button id="in" @click="press">x</button></div></section></template>`;
  it("is told to a listener's newest word", async () => {
    const all = await sides({ Nested: NESTED }, () => ({ open: false }));
    on(all, "in", (_, element) => fire(element, "click"));
    await alike(all);
    on(all, "in", (_, element) => fire(element, "click"));
    expect(calls(all)).toEqual(["in", "late", "out", "in", "late", "out"]);
  });

  const FLIP = `<script setup>
import { log, open } from "world";
const go = () => { open.value = true; };
</script>
<template><section><p v-if="open" id="new" @click="log('new')"></p><button v-else id="in" @click="go">x</button></section></template>`;
  it("is not heard by what it brought onto the page itself", async () => {
    const all = await sides({ Flip: FLIP }, () => ({ open: false }));
    for (const one of all) {
      later();
      const event = fire(one.stage.find("in"), "click");
      await one.stage.settle();
      // The same event goes on to what stands there now.
      one.stage.find("new").dispatchEvent(Object.assign(event, { target: null }));
      expect(one.calls.filter((said) => said === "new")).toEqual([]);
      later();
      fire(one.stage.find("new"), "click");
      expect(one.calls.filter((said) => said === "new")).toEqual(["new"]);
    }
  });
});
