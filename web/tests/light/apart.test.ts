// Where what stands in Vue's place stands alone: what it does not know it says, one fault does not spread, and what has gone
// is told nothing any more.
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { component, runtimes, stage, type Runtime } from "./twice.ts";

let light: Runtime;
let reported: unknown[];
beforeAll(async () => {
  ({ light } = await runtimes());
});
beforeEach(() => {
  reported = [];
  vi.stubGlobal("reportError", (error: unknown) => reported.push(error));
});
const one = (source: string, modules: Parameters<typeof component>[2] = {}): unknown => component(source, light, modules);
const inner = (template: string, script = ""): string => `<script setup>${script}</script><template>${template}</template>`;
const said = (): string[] => reported.map((error) => (error as Error).message);

describe("what it does not know", () => {
  const Child = inner("<p>{{ a }}</p>", "defineProps({ a: {} });");
  it.each([
    ["what a component does not declare", '<Child a="1" b="2" />', "not declared: b"],
    ["a mark on a component", '<Child ref="child" />', "a directive or a ref on a component"],
    ["a modifier of an event", '<p @click.self="shout"></p>', "not known here: self"],
    ["a key", '<p @keyup.esc="shout"></p>', "not known here: esc"],
    ["what v-model is to do besides", '<input v-model.trim="shout" />', "a directive with an argument"],
  ])("it says: %s", (_, template, words) => {
    const script = 'import { ref } from "vue"; import { Child } from "parts"; const shout = ref(""); const child = ref(null);';
    expect(() => {
      stage(light, one(inner(template, script), { parts: { Child: one(Child) } }));
      if (said().length > 0) throw reported[0];
    }).toThrow(words);
  });

  it.each([
    ["Teleport", '<Teleport to="body"><p /></Teleport>', ""],
    ["vShow", '<p v-show="true" />', ""],
    ["reactive", "<p>{{ a.b }}</p>", 'import { reactive } from "vue"; const a = reactive({ b: 1 });'],
    ["onUpdated", "<p />", 'import { onUpdated } from "vue"; onUpdated(() => undefined);'],
  ])("a build says: %s", async (name, template, script) => {
    const file = fileURLToPath(new URL("../../vite.seat.config.ts", import.meta.url));
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const source = inner(template, script);
    const entry = { name: "one", resolveId: (id: string) => (id.endsWith("/one.vue") ? "/one.vue" : null), load: (id: string) => (id === "/one.vue" ? source : null) };
    const made = build({ root, configFile: file, logLevel: "silent", plugins: [entry], build: { write: false, rolldownOptions: { input: "/one.vue" } } });
    await expect(made).rejects.toThrow(name);
  }, 60_000);
});

describe("a fault", () => {
  it("in one component is reported and leaves its place empty and the others as they are", async () => {
    const bad = light.ref(false);
    const Bad = one(inner("<p>{{ bad ? lost() : 'well' }}</p>", 'import { bad, lost } from "world";'), { world: { bad, lost: () => { throw new Error("lost"); } } });
    const Setup = one(inner("<p />", 'throw new Error("unmade");'));
    const root = one(inner("<main>{{ bad }}<Bad /><Unmade /><i>{{ bad }}</i></main>", 'import { bad } from "world"; import { Bad, Unmade } from "parts";'), { world: { bad }, parts: { Bad, Unmade: Setup } });
    const page = stage(light, root);
    expect(page.html()).toBe("<main>false<p>well</p><i>false</i></main>");
    bad.value = true;
    await page.settle();
    expect(page.html()).toBe("<main>true<i>true</i></main>");
    bad.value = false;
    await page.settle();
    expect(page.html()).toBe("<main>false<p>well</p><i>false</i></main>");
    expect(said()).toEqual(["unmade", "lost"]);
  });
});

describe("what has gone", () => {
  it("is told nothing any more, neither by a watcher nor by a value made from others", async () => {
    const [shown, count] = [light.ref(true), light.ref(1)];
    const calls: string[] = [];
    const script = 'import { computed, watch } from "vue"; import { count, log } from "world"; const twice = computed(() => { log("made"); return count.value * 2; }); watch(count, (now) => log("seen " + now));';
    const Part = one(inner("<b>{{ twice }}</b>", script), { world: { count, log: (what: string) => calls.push(what) } });
    const page = stage(light, one(inner("<Part v-if='shown' />", 'import { shown } from "world"; import { Part } from "parts";'), { world: { shown }, parts: { Part } }));
    count.value = 2;
    count.value = 3;
    await page.settle();
    const told = ["made", "seen 3", "made"];
    expect([page.html(), calls]).toEqual(["<b>6</b>", told]);
    // A change of the same turn is not told to what goes in it.
    shown.value = false;
    count.value = 4;
    await page.settle();
    count.value = 5;
    await page.settle();
    expect([page.html(), calls]).toEqual(["", told]);
  });
});

describe("what is no longer looked at", () => {
  it("makes nothing anew when it changes", async () => {
    const [on, far] = [light.ref(true), light.ref(1)];
    const calls: string[] = [];
    const script = 'import { computed } from "vue"; import { far, log, on } from "world"; const sum = computed(() => { log("made"); return on.value ? far.value : 0; });';
    const page = stage(light, one(inner("<b>{{ sum }}</b>", script), { world: { far, on, log: (what: string) => calls.push(what) } }));
    on.value = false;
    await page.settle();
    far.value = 2;
    await page.settle();
    expect([page.html(), calls]).toEqual(["<b>0</b>", ["made", "made"]]);
    on.value = true;
    await page.settle();
    expect([page.html(), calls.length]).toEqual(["<b>2</b>", 3]);
  });
});

describe("a component that is fetched", () => {
  it("is asked for when it is shown, once, and anew when it could not be had", async () => {
    const [shown, word] = [light.ref(false), light.ref("here")];
    let asked = 0;
    const Late = one(inner("<p>{{ word }}</p>", "defineProps({ word: {} });"));
    const fetched = (): Promise<unknown> => ((asked += 1), asked === 1 ? Promise.reject(new Error("offline")) : Promise.resolve({ default: Late }));
    const script = 'import { defineAsyncComponent } from "vue"; import { shown, word, fetched } from "world"; const Late = defineAsyncComponent(fetched);';
    const page = stage(light, one(inner("<Late v-if='shown' :word='word' />", script), { world: { shown, word, fetched } }));
    const turn = async (now: boolean): Promise<void> => {
      shown.value = now;
      await page.settle();
    };
    expect(asked).toBe(0);
    await turn(true);
    await vi.waitFor(() => expect(said()).toEqual(["offline"]));
    expect([asked, page.html()]).toEqual([1, ""]);
    await turn(false);
    await turn(true);
    await vi.waitFor(() => expect(page.html()).toBe("<p>here</p>"));
    await turn(false);
    await turn(true);
    expect([asked, page.html()]).toEqual([2, "<p>here</p>"]);
    word.value = "there";
    await page.settle();
    expect(page.html()).toBe("<p>there</p>");
  });
});
