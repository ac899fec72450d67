// Evaluation rooms over HTTP: what stands before and after a room's socket.
import { askHere as ask, type Here } from "./here.ts";
import { list, number, record, text, textOrNull } from "./http.ts";

export interface RoomInfo {
  readonly id: string;
  readonly draw: string;
  readonly openedAt: string;
  readonly closedAt: string | null;
  readonly events: number;
}

const at = (id: string): string => encodeURIComponent(id);

/** Open rooms that the caller has to do with, or every room of one draw. */
export async function listRooms(here: Here, draw: string | null = null): Promise<readonly RoomInfo[]> {
  const found = record(await ask(here, { path: draw === null ? "/v1/rooms" : `/v1/rooms?draw=${at(draw)}` }));
  return list(found.items).map(roomOf);
}

export interface RegisteredCamera {
  readonly id: string;
  /** The name of the room that it films. */
  readonly room: string;
}

/** The cameras that stand in a site's plan. */
export async function listCameras(here: Here, site: string): Promise<readonly RegisteredCamera[]> {
  const found = record(await ask(here, { path: `/v1/venues/${at(site)}` }));
  const rooms = list(found.zones).map(record).flatMap((zone) => list(zone.rooms).map(record));
  return rooms.flatMap((room) => list(room.cameras).map((id) => ({ id: text(id), room: text(room.name) })));
}

function roomOf(value: unknown): RoomInfo {
  const found = record(value);
  return { id: text(found.id), draw: text(found.draw), openedAt: text(found.opened_at), closedAt: textOrNull(found.closed_at), events: number(found.events) };
}
