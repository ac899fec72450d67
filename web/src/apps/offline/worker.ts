// The offline file's worker: the page's own script once more, since the file can fetch no other.

import { trusted } from "./view/trusted.ts";

let own: string | undefined;

/** A classic worker, since no module loads from a page on disk. Null when the script does not stand inside the page, as while developing. */
export function makeWorker(): Worker | null {
  const code = document.querySelector('script[type="module"]')?.textContent ?? "";
  if (code.trim() === "") return null;
  own ??= URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  return new Worker(trusted(own));
}
