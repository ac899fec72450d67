"""Invited experts in tests: who holds the key of which letter, and what they answer.

Stands for everything between the platform and a person: letters have no content here, answers are signed as
the page of an expert signs them, or recorded by a gateway that has a key of its own.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta

from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases import invites
from app.usecases.platform import Platform
from crypto.signing import SigningKey, sign_record
from draw.letters import GATEWAY_RECORD, GatewayRecord, sign_statement

REPLY = timedelta(minutes=10)
ARRIVE = timedelta(hours=1)
GATEWAY = SigningKey.from_seed(hashlib.sha256(b"gateway of the tests").digest())


@dataclass(slots=True, kw_only=True)
class Guests:
    """The guests of one draw; `keys` by number of the invitation."""

    platform: Platform
    row: DrawRow
    keys: dict[int, SigningKey] = field(default_factory=dict)

    async def invite(self, *seats: int, reply: timedelta = REPLY, arrive: timedelta = ARRIVE) -> list[int]:
        """Invite the holders of these seats in one transaction; gives the numbers of the invitations."""
        now = self.platform.clock()
        holders = await invites.holders(self.platform, self.row)

        async def work(uow: UnitOfWork) -> list[int]:
            numbers = []
            for seat in seats:
                holder = holders[seat]
                assert holder is not None
                key = SigningKey.from_seed(self.platform.random(32))
                n = await invites.log_invite(
                    uow,
                    self.platform,
                    self.row,
                    seat=seat,
                    key=key.public,
                    letter=b"sealed letter",
                    reply_by=to_text(now + reply),
                    cut_off=to_text(now + reply),
                    arrive_by=to_text(now + arrive),
                    now=to_text(now),
                    tenure=holder.tenure,
                )
                self.keys[n] = key
                numbers.append(n)
            return numbers

        return await self.platform.database.transact(work)

    async def say(self, n: int, answer: str, *, at: str | None = None, late: bool = False) -> int:
        """A guest answers on the page of the letter."""
        moment = at or self.platform.now()
        signature = sign_statement(self.keys[n], self.row.k or 0, n, answer, moment)
        return await self._log(n, answer, moment, signature=signature, record=None, late=late)

    async def press(self, n: int, answer: str, *, key: SigningKey = GATEWAY) -> bytes:
        """A guest answers by the keys of a telephone; gives the gateway's record."""
        record = self.recorded(n, answer, key=key)
        await self._log(n, answer, self.platform.now(), signature=None, record=record, late=False)
        return record

    def recorded(self, n: int, answer: str, *, key: SigningKey = GATEWAY) -> bytes:
        """A gateway's record of an answer given now."""
        blank = GatewayRecord(
            gateway="voice",
            message=f"msg_{n}",
            draw=self.row.k or 0,
            n=n,
            answer=answer,
            at=self.platform.now(),
            keys="1#",
            signature=bytes(64),
        )
        return replace(blank, signature=sign_record(key, GATEWAY_RECORD, blank.unsigned())).to_bytes()

    async def _log(
        self, n: int, answer: str, at: str, *, signature: bytes | None, record: bytes | None, late: bool
    ) -> int:
        async def work(uow: UnitOfWork) -> int:
            return await invites.log_reply(
                uow,
                self.platform,
                self.row,
                n=n,
                answer=answer,
                at=at,
                signature=signature,
                record=record,
                now=self.platform.now(),
                late=late,
            )

        return await self.platform.database.transact(work)
