// Which parts of the wall belong to whom. Nobody is shown a part in which the room would refuse everything.
import type { Role } from "../../../api/sessions.ts";

export const PARTS = {
  witness: ["requests", "phase", "checklist", "calls", "presence", "timeline", "chat"],
  supervisor: ["watch", "cases", "requests", "presence", "timeline", "chat"],
  site: ["site", "requests", "timeline"],
} as const;

export type WallRole = keyof typeof PARTS;
export type PartName = (typeof PARTS)[WallRole][number];

export const isWallRole = (role: Role): role is WallRole => Object.hasOwn(PARTS, role);
export const partsOf = (role: Role): readonly PartName[] => (isWallRole(role) ? PARTS[role] : []);
