"""A draw as the API shows it: state, steps and limits; no name, no position, no size."""

from typing import Any

from app.times import from_text
from app.usecases.draw_views import DrawView
from app.usecases.platform import Platform


def draw_json(seen: DrawView, platform: Platform) -> dict[str, Any]:
    """A draw as the API shows it."""
    row = seen.row
    limit = None
    if seen.limit is not None:
        kind, at = seen.limit
        seconds = max(0, int((from_text(at) - platform.clock()).total_seconds()))
        limit = {"kind": kind, "at": at, "seconds": seconds}
    return {
        "id": row.id,
        "k": row.k,
        "project": row.project_id,
        "section": row.section,
        "title": seen.title,
        "round": row.round,
        "way": seen.way,
        "not_drawn": seen.not_drawn,
        "mode": row.mode,
        "state": row.state,
        "seats": seen.seats,
        "sites": list(seen.sites),
        "evaluation": None
        if row.evaluation_from is None
        else {"from": row.evaluation_from, "to": row.evaluation_to},
        "owner": seen.owner,
        "code": row.code,
        "sdr": row.sdr_hash,
        "abort_reason": row.abort_reason,
        "limit": limit,
        "steps": [{"type": one.type, "time": one.time, "index": one.index} for one in seen.steps],
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
