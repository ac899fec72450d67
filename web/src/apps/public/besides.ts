// Members of the same committee who were not drawn. A draw proof speaks of the drawn alone, so the platform is asked.

export interface NotDrawn {
  readonly way: "self_selected" | "direct";
  readonly seats: number;
  readonly logIndex: number;
}

/** Nobody was not drawn: an empty list. Null when the platform did not answer, which is not the same. */
export async function fetchBesides(code: string): Promise<readonly NotDrawn[] | null> {
  try {
    const answer = await fetch(`/v1/proofs/${code}/appointments`, { credentials: "omit", referrerPolicy: "no-referrer" });
    return answer.ok ? read(await answer.json()) : null;
  } catch {
    return null;
  }
}

function read(body: unknown): readonly NotDrawn[] | null {
  const items = (body as { items?: unknown } | null)?.items;
  return Array.isArray(items) ? items.map(one) : null;
}

function one(item: { way: unknown; seats: unknown; log_index: unknown }): NotDrawn {
  const way = item.way === "direct" ? "direct" : "self_selected";
  return { way, seats: Number(item.seats), logIndex: Number(item.log_index) };
}
