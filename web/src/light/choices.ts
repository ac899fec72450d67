// `v-model` on what the staff's form has besides: a list to choose from, a tick, a field whose kind changes.
import { bind, tell, valueOf, vModelText } from "./fields.ts";
import type { Directive } from "./nodes.ts";

const choose = (list: HTMLSelectElement, value: unknown): void => {
  list.selectedIndex = [...list.options].findIndex((one) => Object.is(valueOf(one), value));
};

export const vModelSelect: Directive = {
  created: (list: HTMLSelectElement, _told, shown) => {
    bind(list, shown);
    list.addEventListener("change", () => {
      const chosen = list.options[list.selectedIndex];
      tell(list, chosen && valueOf(chosen));
    });
  },
  mounted: (list: HTMLSelectElement, { value }) => choose(list, value),
  beforeUpdate: (list: HTMLSelectElement, _told, shown) => bind(list, shown),
  updated: (list: HTMLSelectElement, { value }) => choose(list, value),
};

export const vModelCheckbox: Directive = {
  created: (field: HTMLInputElement, _told, shown) => {
    bind(field, shown);
    field.addEventListener("change", () => tell(field, field.checked));
  },
  mounted: (field: HTMLInputElement, { value }) => void (field.checked = value === true),
  beforeUpdate: (field: HTMLInputElement, { value }, shown) => {
    bind(field, shown);
    field.checked = value === true;
  },
};

/** Text however it is shown: a password that may be looked at stays a text. */
export const vModelDynamic = vModelText;
