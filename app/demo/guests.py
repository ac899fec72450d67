"""The drawn experts of the demonstration: invited into the log, answering with the keys of their letters.

Stands for people and messages only: invitations, answers and the replacement are those of any draw, and the
supervisor's node judges the ground like any other.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from app.composition import Installation
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases import invites
from app.usecases.openings import replace
from app.usecases.replacement_grounds import Grounds
from crypto.signing import SEED_BYTES, SigningKey
from draw.letters import sign_statement

ACCEPT: Final = "accept"
DECLINE: Final = "decline"
_LETTER_BYTES: Final = 256
_TO_ANSWER: Final = timedelta(minutes=30)


class Guests:
    """Holds the key in the letter of every invitation, as the experts would."""

    def __init__(self, one: Installation, row: DrawRow) -> None:
        """The draw is drawn and logs its invitations."""
        self._one, self._row = one, row
        self._letters: dict[int, SigningKey] = {}

    async def fill(self, *, declines: int) -> int:
        """Invite everybody; the expert of seat `declines` says no, and whoever follows there yes. Gives the
        number of the event."""
        letters = await self._invite(range(len(await self._holders())))
        for seat, n in letters.items():
            await self._answer(n, DECLINE if seat == declines else ACCEPT)
        grounds = Grounds(seat=declines, cause=DECLINE, invitation=letters[declines])
        t = await replace(self._one.ceremony, self._row.id, grounds)
        for n in (await self._invite([declines])).values():
            await self._answer(n, ACCEPT)
        return t

    async def _holders(self) -> list[invites.Holder | None]:
        return await invites.holders(self._one.platform, self._row)

    async def _invite(self, seats: Sequence[int]) -> dict[int, int]:
        """Numbers of the invitations by seat; a seat that stayed vacant is left out."""
        platform, holders = self._one.platform, await self._holders()
        now = platform.now()
        reply_by = to_text(from_text(now) + _TO_ANSWER)

        async def work(uow: UnitOfWork) -> dict[int, int]:
            numbers = {}
            for holder in (holders[seat] for seat in seats):
                if holder is not None:
                    key = SigningKey.from_seed(platform.random(SEED_BYTES))
                    n = await invites.log_invite(
                        uow,
                        platform,
                        self._row,
                        seat=holder.seat,
                        key=key.public,
                        letter=platform.random(_LETTER_BYTES),
                        reply_by=reply_by,
                        cut_off=reply_by,
                        arrive_by=reply_by,
                        now=now,
                        tenure=holder.tenure,
                    )
                    self._letters[n], numbers[holder.seat] = key, n
            return numbers

        return await platform.database.transact(work)

    async def _answer(self, n: int, answer: str) -> None:
        platform, now = self._one.platform, self._one.platform.now()
        signature = sign_statement(self._letters[n], self._row.k or 0, n, answer, now)

        async def work(uow: UnitOfWork) -> None:
            await invites.log_reply(
                uow,
                platform,
                self._row,
                n=n,
                answer=answer,
                at=now,
                signature=signature,
                record=None,
                now=now,
            )

        await platform.database.transact(work)
