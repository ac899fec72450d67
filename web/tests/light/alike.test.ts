// What stands in Vue's place behaves as Vue does: the same components, changed at random in the same way, give the same
// page and the same calls, on both.
import { describe, expect, it } from "vitest";
import { alike, runtimes, set, sides, stage, type Side } from "./twice.ts";

function chances(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const ITEM = `<script setup>
import { computed, onMounted, onScopeDispose, watch } from "vue";
import { log, shout, vLog } from "world";
const props = defineProps({ one: {}, bold: Boolean, atEnd: Boolean });
const emit = defineEmits(["pick"]);
const words = computed(() => shout.value ? props.one.text.toUpperCase() : props.one.text);
watch(() => props.one.text, (now, before) => log("text " + before + " " + now));
onMounted(() => log("on " + props.one.id));
onScopeDispose(() => log("off " + props.one.id));
</script>
<template>
  <li v-if="one.kind === 'line'" :class="['item', { bold, 'at-end': atEnd }]" :title="one.text || undefined" @click="emit('pick', one.id)">{{ words }}<b v-if="bold"> !</b></li>
  <template v-else>
    <dt :hidden="bold">{{ words }}</dt>
    <dd v-log="one.text" :aria-label="one.text" :data-at="bold ? null : one.id"><slot :x="1" />{{ one.text }}</dd>
  </template>
</template>`;
const BOX = `<script setup>const nothing = null;</script><template><q><slot /></q></template>`;
const LIST = `<script setup>
import { ref } from "vue";
import { items, shout, mode, log } from "world";
import { Box } from "Box";
import { Item } from "Item";
const chosen = ref("");
const pick = (id) => { chosen.value = id; log("pick " + id); };
</script>
<template>
  <h1 v-if="mode !== 'bare'">{{ mode }} <em>{{ items.length }}</em></h1>
  <p v-for="n in 2" :key="n">{{ n }}<br /> {{ shout }}</p>
  <ul>
    <template v-for="one in items" :key="one.id">
      <li v-if="one.lead" class="lead"><span aria-hidden="true">✔</span> {{ one.id }}<br /></li>
      <Item :one="one" :bold="one.id === chosen" at-end @pick="pick">{{ mode }}</Item>
    </template>
  </ul>
  <ol><Item v-for="one in items" :key="one.text + one.id" :one="one" bold @pick="pick" /></ol>
  <div><i v-for="one in items">{{ one.text }}</i></div>
  <Box v-for="one in items" :key="one.id">{{ one.text }}<b v-if="one.lead">!</b></Box>
  <footer v-if="mode === 'full'" id="foot"><input disabled readonly :required="shout" :value="chosen" muted /></footer>
  <footer v-else-if="mode === 'bare'">{{ chosen }}</footer>
  <template v-else><hr /><small>{{ mode }}</small></template>
</template>`;
const MIXED = `<script setup>import { items } from "world";</script>
<template><ul><li v-for="one in items" :id="one" :key="one">{{ one }}</li></ul></template>`;

interface Entry {
  readonly id: string;
  readonly kind: string;
  readonly text: string;
  readonly lead: boolean;
}

describe("templates", () => {
  const make = (chance: (below: number) => number, at: number): Entry => ({ id: `e${at}`, kind: chance(2) ? "line" : "pair", text: ["", "one", "two", "three"][chance(4)] ?? "", lead: chance(3) === 0 });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("changed at random give the same page on both (seed %i)", async (seed) => {
    const chance = chances(seed);
    const all = await sides({ Item: ITEM, Box: BOX, List: LIST }, () => ({ items: [], shout: false, mode: "full" }));
    const pages = new Set([await alike(all)]);
    let items: readonly Entry[] = [];
    for (let step = 0; step < 60; step += 1) {
      const what = chance(6);
      if (what === 0) pages.add(await set(all, "shout", () => step % 2 === 0));
      else if (what === 1) {
        const mode = ["full", "bare", "half"][chance(3)];
        pages.add(await set(all, "mode", () => mode));
      } else {
        const kept = items.filter(() => chance(4) > 0).map((one) => (chance(4) === 0 ? { ...make(chance, 0), id: one.id } : one));
        const added = Array.from({ length: chance(4) }, (_, at) => make(chance, step * 10 + at));
        const mixed = [...kept, ...added].map((one) => ({ one, at: chance(3) === 0 ? chance(1_000) : 0 })).sort((a, b) => a.at - b.at);
        items = mixed.map(({ one }) => one);
        pages.add(await set(all, "items", () => items));
      }
    }
    expect(pages.size).toBeGreaterThan(30);
    // Both told the same; in which order brothers are told is nobody's business.
    expect([...(all[1]?.calls ?? [])].sort()).toEqual([...(all[0]?.calls ?? [])].sort());
    expect(all[0]?.calls.length).toBeGreaterThan(50);
  }, 60_000);

  it("may hand over one thing twice, and leave out what they gave before", async () => {
    const runtimes_ = Object.values(await runtimes());
    const pages = runtimes_.map((runtime) => {
      const element = runtime.createElementVNode as (...all: unknown[]) => unknown;
      const which = runtime.ref(0);
      // The compiler keeps what never changes and gives the same again.
      const kept = element("b", { title: "kept" }, [element("i", null, "x")]);
      const shapes = [[kept, kept], [element("p", { id: "a", title: "t" }), kept], [element("p", { id: "a" }), kept], [kept]];
      const page = stage(runtime, { setup: () => () => element("div", { key: 1 }, [...(shapes[which.value as number] ?? [])]) });
      return { page, which };
    });
    for (const at of [0, 1, 2, 0, 3, 2]) {
      for (const { page, which } of pages) {
        which.value = at;
        await page.settle();
      }
      expect(pages[1]?.page.html()).toBe(pages[0]?.page.html());
    }
    expect(pages[1]?.page.html()).toBe('<div><p id="a"></p><b .title=kept><i>x</i></b></div>');
  });

  it("keep the nodes of a list when it is mixed, and move none that can stay", async () => {
    const [, light] = (await sides({ List: MIXED }, () => ({ items: ["a", "b", "c", "d"] }))) as [Side, Side];
    const before = ["a", "b", "c", "d"].map(light.stage.find);
    await set([light], "items", () => ["x", "b", "c", "y", "d"]);
    expect(["b", "c", "d"].map(light.stage.find)).toEqual(before.slice(1));
    expect(before.map((one) => one.moves)).toEqual([0, 0, 0, 0]);
    expect(await set([light], "items", () => ["d", "c", "b"])).toBe('<ul><li id="d">d</li><li id="c">c</li><li id="b">b</li></ul>');
    expect(["d", "c", "b"].map((id) => before.includes(light.stage.find(id)))).toEqual([true, true, true]);
  });
});
