// `v-model` on a field for text and on one of several choices. While an input method composes a word, neither side touches the
// other: a half-typed syllable is nobody's text.
import type { Valued } from "./attributes.ts";
import type { Directive, Shown } from "./nodes.ts";

type Tell = (value: unknown) => void;
type Told<E> = E & { tell_?: Tell; composing_?: boolean };
type Field = Told<HTMLInputElement>;

/** The template's latest word on who is told of a new value. */
export function bind(element: Told<Element>, shown: Shown): void {
  element.tell_ = shown.properties?.["onUpdate:modelValue"] as Tell;
}
export const tell = (element: Told<Element>, value: unknown): void => element.tell_?.(value);
export const valueOf = (element: Valued): unknown => ("_value" in element ? element._value : element.value);
const worded = (value: unknown): string => (value === null || value === undefined ? "" : String(value));

export const vModelText: Directive = {
  created: (field: Field, _told, shown) => {
    bind(field, shown);
    field.addEventListener("input", (event) => {
      if (!(event.target as Field).composing_) tell(field, field.value);
    });
    const composed = (): void => {
      if (!field.composing_) return;
      field.composing_ = false;
      field.dispatchEvent(new Event("input"));
    };
    field.addEventListener("compositionstart", () => (field.composing_ = true));
    field.addEventListener("compositionend", composed);
    // Some browsers tell no end when the field is left meanwhile.
    field.addEventListener("change", composed);
  },
  mounted: (field: Field, { value }) => void (field.value = worded(value)),
  beforeUpdate: (field: Field, { value }, shown) => {
    bind(field, shown);
    if (!field.composing_ && field.value !== worded(value)) field.value = worded(value);
  },
};

export const vModelRadio: Directive = {
  created: (field: Field, { value }, shown) => {
    field.checked = Object.is(value, shown.properties?.value);
    bind(field, shown);
    field.addEventListener("change", () => tell(field, valueOf(field)));
  },
  beforeUpdate: (field: Field, { value, oldValue }, shown) => {
    bind(field, shown);
    if (value !== oldValue) field.checked = Object.is(value, shown.properties?.value);
  },
};
