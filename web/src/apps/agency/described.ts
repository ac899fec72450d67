// Ties a field's note to the control itself. Element Plus hands such attributes to its outer box, where no reader of
// screens looks for them.
import { nextTick, onMounted, watch } from "vue";

export function useDescribed(id: () => string, wrong: () => boolean): void {
  const tie = async (): Promise<void> => {
    await nextTick();
    const control = document.getElementById(id());
    control?.setAttribute("aria-describedby", `${id()}-note`);
    control?.setAttribute("aria-invalid", String(wrong()));
  };
  onMounted(tie);
  watch([id, wrong], tie);
}
