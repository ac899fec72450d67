"""From the drawn roster to people who have accepted: the campaign of the demonstration, by the two persons,
over the API.

The worker sends, the carrier delivers, the people answer by themselves; whoever answers by the letter's page
is played by `app.demo.phones`. Seats that fall vacant pass on by the supervisor's answer, without anybody's
doing.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any, Final

from app.demo.callers import Callers
from app.demo.phones import PAUSE_SECONDS, Letter, Phones
from app.demo.places import OPERATOR, SUPERVISOR, Centres
from app.demo.town import LINK
from app.store.repositories.draws import DrawRow
from app.times import from_text, to_text

HOURS: Final = 8
# The campaign is at rest: nothing more to wait for.
SETTLED: Final = frozenset({"sealed", "checked_in", "short"})
# How long the demonstration waits for answers; an evaluation that is far away waits for the morning, too.
TERM_SECONDS: Final = 60.0
SHORT_TERM_SECONDS: Final = 15.0


@dataclass(slots=True, kw_only=True)
class Campaign:
    """A campaign under way. `answered` are the letters answered by their page, in order."""

    api: Callers
    phones: Phones
    row: DrawRow
    answered: list[Letter] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    @property
    def ends(self) -> str:
        """When the evaluation is planned to be over."""
        return to_text(from_text(self.row.evaluation_from or "") + timedelta(hours=HOURS))

    async def start(self, centres: Centres) -> dict[str, Any]:
        """Proposed by the operator, approved by the supervisor: every seat is asked at once."""
        path = f"/draws/{self.row.id}/campaign"
        plan = {
            "begins": self.row.evaluation_from,
            "hours": HOURS,
            "overnight": False,
            "bring": "身份证",
            "contact": "000-12345678",
            "sites": [one.plan() for one in centres.places],
        }
        await self.api.post(OPERATOR, path, {"owner": "演示责任人", "plan": plan})
        return await self.api.post(SUPERVISOR, f"{path}/approval")

    async def settle(self, *, near: bool) -> dict[str, Any]:
        """Let people answer until the roster is sealed or nobody is left; the campaign as it then is, also
        when that takes too long."""
        until = monotonic() + (TERM_SECONDS if near else SHORT_TERM_SECONDS)
        while True:
            await self._play()
            shown = await self.shown()
            if shown["state"] in SETTLED or monotonic() > until:
                return shown
            await asyncio.sleep(PAUSE_SECONDS)

    async def shown(self) -> dict[str, Any]:
        """The campaign as the operator sees it."""
        return await self.api.get(OPERATOR, f"/draws/{self.row.id}/campaign")

    async def _play(self) -> None:
        """Everybody who follows links does so, once."""
        for phone in await self.phones.reached():
            if phone.does != LINK or phone.to in self._seen:
                continue
            letter = await self.phones.letter(phone.to)
            if letter is not None:
                self._seen.add(phone.to)
                await self.phones.answer(letter, phone.answer, reason=phone.code)
                self.answered.append(letter)


async def attending(phones: Phones) -> list[tuple[Letter, Mapping[str, Any]]]:
    """The letters of everybody who is to come, with what each says."""
    found = []
    for phone in await phones.reached():
        letter = await phones.letter(phone.to)
        page = None if letter is None else await phones.page(letter)
        if letter is not None and page is not None and page["state"] == "accepted":
            found.append((letter, phones.content(letter, page)))
    return found
