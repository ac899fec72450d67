// The link of a clarification: `/clarify#ROOM/TOKEN`. Both stand behind `#`, so no server and no log ever sees them, and
// the page takes them out of the address bar at once.

export interface CallLink {
  readonly room: string;
  readonly token: string;
}

const FORM = /^#([A-Za-z0-9_.:-]{1,64})\/([A-Za-z0-9_-]{16,200})$/;

export function readLink(hash: string): CallLink | null {
  const found = FORM.exec(hash);
  return found?.[1] === undefined || found[2] === undefined ? null : { room: found[1], token: found[2] };
}

export const writeLink = (origin: string, link: CallLink): string => `${origin}/clarify#${link.room}/${link.token}`;

/** What is in the address now, which has it no longer afterwards. */
export function takeLink(place: Pick<Window, "location" | "history">): CallLink | null {
  const { hash, pathname, search } = place.location;
  if (hash !== "") place.history.replaceState(null, "", `${pathname}${search}`);
  return readLink(hash);
}
