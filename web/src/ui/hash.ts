// The part of the address behind `#`, followed while the component that asks is shown. It never reaches a server.
import { onScopeDispose, readonly, ref, type Ref } from "vue";

/** What `read` makes of the present hash, anew whenever it changes. */
export function useHash<T extends object>(read: (hash: string) => T): Readonly<Ref<T>> {
  const route = ref(read(window.location.hash)) as Ref<T>;
  const follow = (): void => {
    route.value = read(window.location.hash);
  };
  window.addEventListener("hashchange", follow);
  onScopeDispose(() => window.removeEventListener("hashchange", follow));
  return readonly(route) as Readonly<Ref<T>>;
}
