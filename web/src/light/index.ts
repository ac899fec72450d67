// What stands in Vue's place in a page that must be light: the part of it that the seat's components use, under the same
// names, for the same compiled templates. What is missing here a build says, by the name of it. Two things differ on
// purpose: `ref` looks into nothing that it holds (as `shallowRef`), and `reactive` is missing for the same reason.
export { ref, shallowReactive, shallowRef, unref } from "./cells.ts";
export { vModelCheckbox, vModelDynamic, vModelSelect } from "./choices.ts";
export { computed, defineAsyncComponent, inject, onMounted, onScopeDispose, watch } from "./components.ts";
export { withKeys, withModifiers } from "./events.ts";
export { vModelRadio, vModelText } from "./fields.ts";
export {
  createBlock,
  createCommentVNode,
  createElementBlock,
  createElementVNode,
  createTextVNode,
  createVNode,
  defineComponent,
  Fragment,
  normalizeClass,
  openBlock,
  renderList,
  renderSlot,
  toDisplayString,
  withCtx,
  withDirectives,
} from "./nodes.ts";
export { createApp } from "./page.ts";
export { nextTick } from "./turns.ts";
