// What members, sites and tracks of a room are called, in the language of the page. Who has left keeps its name here.
import type { Member, Role } from "../../../protocol/frames.ts";
import type { RoomView } from "../../../protocol/state.ts";
import { worded, type Label } from "../../../ui/room/shown.ts";

export interface Tongue {
  readonly t: (key: string, values?: Record<string, unknown>) => string;
  readonly has: (key: string) => boolean;
  readonly language: () => string;
}


/** A word of a table of words, or the code itself where the table has none. */
export const word = ({ t, has }: Tongue, table: string, code: string): string => (has(`${table}.${code}`) ? t(`${table}.${code}`) : code);

export class Names {
  private readonly labels = new Map<string, Label>();
  private sites: ReadonlyMap<string, { readonly label: Label }> = new Map();
  private nodes: RoomView["nodes"] = new Map();

  constructor(private readonly tongue: Tongue) {}

  learn(view: RoomView): void {
    if (view.you !== null) this.keep(view.you);
    for (const one of view.members.values()) this.keep(one);
    this.sites = view.sites;
    this.nodes = view.nodes;
  }

  keep(member: Pick<Member, "id" | "label">): void {
    this.labels.set(member.id, member.label);
  }

  member(id: string | null): string {
    if (id === null) return this.tongue.t("page.platform");
    const label = this.labels.get(id);
    return label === undefined ? this.tongue.t("page.someone") : worded(label, this.tongue.language());
  }

  site(id: string | null): string {
    const found = id === null ? undefined : this.sites.get(id);
    return found === undefined ? (id ?? "") : worded(found.label, this.tongue.language());
  }

  /** "member/source" as "picture of seat 3"; the masked voice has no member. */
  track(id: string | null): string {
    const [member, source] = (id ?? "").split("/");
    if (member === undefined || source === undefined || !this.labels.has(member)) return id ?? "";
    return this.tongue.t("page.alarms.track", { who: this.member(member), source: word(this.tongue, "page.sources", source) });
  }

  node(id: string): string {
    const found = this.nodes.get(id);
    return found === undefined ? id : `${this.site(found.site)} ${worded(found.label, this.tongue.language())}`;
  }

  /** Whom an intercom is meant for. */
  addressee(of: { readonly to_member: string | null; readonly to_site: string | null }): string {
    if (of.to_member !== null) return this.member(of.to_member);
    return of.to_site === null ? this.tongue.t("page.intercom.all") : this.tongue.t("page.intercom.site", { site: this.site(of.to_site) });
  }
}

/** Why the room is held, in words; a break is its own kind. */
export function causeWords(tongue: Tongue, names: Names, cause: string | null): string {
  if (cause === null) return "";
  const [kind = "", site] = cause.split(":");
  if (site !== undefined) return tongue.t(`page.causes.${kind}`, { site: names.site(site) });
  return tongue.has(`page.breaks.${cause}`) ? tongue.t(`page.breaks.${cause}`) : word(tongue, "page.causes", cause);
}

export const SEATED: ReadonlySet<Role> = new Set<Role>(["expert", "owner"]);
