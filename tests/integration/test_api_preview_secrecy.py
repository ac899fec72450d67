"""A preview cannot be used to feel out who was drawn elsewhere: it knows nothing of other draws (K14)."""

from typing import Any

import pytest

from app.usecases.engagements import bound_elsewhere
from app.usecases.openings import opened
from app.usecases.previews import _COUNTED
from draw.disclosure import roster
from tests.support.service import Service, order, project

pytestmark = pytest.mark.anyio


async def counted(api: Service) -> dict[str, Any]:
    """The counts of a preview of the second section, computed anew and not from memory."""
    _COUNTED.clear()
    answer = await api.post("alice", "/v1/draws:preview", order(section="s2"))
    counts: dict[str, Any] = answer.json()["counts"]
    return counts


async def test_a_panel_drawn_for_the_same_hours_leaves_no_trace_in_a_preview(api: Service) -> None:
    for section in ("s1", "s2"):
        await api.post("alice", "/v1/projects", project(section=section))
    before = await counted(api)
    draw = (await api.post("alice", "/v1/draws", order())).json()["id"]
    await api.ceremony.run(draw)
    assert await counted(api) == before
    api.scene.clock.move(days=1, minutes=1)
    await api.post("bob", f"/v1/draws/{draw}:open")
    assert await counted(api) == before


async def test_the_seal_of_the_second_draw_does_know(api: Service) -> None:
    """So the silence above is the preview's, not a draw that bound nobody."""
    for section in ("s1", "s2"):
        await api.post("alice", "/v1/projects", project(section=section))
    first = (await api.post("alice", "/v1/draws", order())).json()["id"]
    first_row = await api.ceremony.run(first)
    second = (await api.post("alice", "/v1/draws", order(section="s2"))).json()["id"]
    row = await api.ceremony.run(second)
    async with api.platform.database.read() as uow:
        bound = await bound_elsewhere(
            uow, api.platform, row, since="2026-11-24T01:00:00Z", until="2026-11-24T09:00:00Z"
        )
    one, two = await opened(api.platform, first_row), await opened(api.platform, row)
    assert bound.draws == (first,)
    seated = [{expert.id for _, expert in roster(found.outcome, found.cells)} for found in (one, two)]
    assert not seated[0] & seated[1]
    assert len(two.frozen.case.engagements) == 5
