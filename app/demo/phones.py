"""The phones of the simulated people, and what their owners do with a letter: what its page does, over HTTP.

Whoever holds a phone reads the link out of the short message. Everything else follows from the secret in it;
a platform's database is never looked into.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from app.demo.callers import Callers
from app.usecases.invitations import letters
from app.usecases.invitations.letters import LetterKeys
from draw.letters import sign_statement

PAUSE_SECONDS: Final = 0.1
_LINK: Final = re.compile(r"https?://\S+/i#([0-9A-Z]{26})")
_CODE: Final = re.compile(r"\b(\d{6})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """One phone that was reached, and what its owner does."""

    to: str = field(repr=False)
    does: str
    answer: str
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter in somebody's hand; `link` is what the message said."""

    to: str = field(repr=False)
    link: str = field(repr=False)
    keys: LetterKeys = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phones:
    """All phones, at the carrier; answers go to the platform."""

    client: httpx.AsyncClient = field(repr=False)
    carrier: str
    api: Callers

    async def reached(self) -> list[Phone]:
        """Everybody who was reached, in that order."""
        found = (await self.client.get(f"{self.carrier}/phones")).json()
        return [
            Phone(to=one["to"], **{name: one["person"][name] for name in ("does", "answer", "code")})
            for one in found
        ]

    async def letter(self, to: str) -> Letter | None:
        """The newest letter that came to a phone."""
        found = [match for text in await self._texts(to) if (match := _LINK.search(text))]
        if not found:
            return None
        return Letter(to=to, link=found[-1][0], keys=letters.derive(letters.decode(found[-1][1])))

    async def page(self, letter: Letter) -> dict[str, Any]:
        """What the page of a letter is told."""
        return await self.api.call("GET", f"/letters/{letter.keys.id}", _shown(letter))

    def content(self, letter: Letter, page: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the letter says, unsealed on the phone."""
        return letters.unseal(letter.keys, bytes.fromhex(page["letter"]))

    async def answer(self, letter: Letter, answer: str, *, reason: str | None) -> dict[str, Any]:
        """Open the page, ask for a code, read it on the phone, sign, and send."""
        page, keys = await self.page(letter), letter.keys
        seen = len(await self._texts(letter.to))
        await self.api.call("POST", f"/letters/{keys.id}/code", _shown(letter))
        code = await self._code(letter.to, seen)
        # The server's clock, as the page has it.
        at = str(page["now"])
        signature = sign_statement(keys.reply, page["draw"], page["n"], answer, at)
        said = {"answer": answer, "at": at, "signature": signature.hex(), "code": code, "reason": reason}
        return await self.api.call("POST", f"/letters/{keys.id}/replies", _shown(letter), said)

    async def receipt(self, letter: Letter) -> bytes:
        """The receipt of an answer, byte for byte as the page hands it over."""
        url = f"{self.api.address}/v1/letters/{letter.keys.id}/receipt"
        return (await self.client.get(url, headers=_shown(letter))).raise_for_status().content

    async def _code(self, to: str, seen: int) -> str:
        """The one-time code, once it has come."""
        while True:
            for text in (await self._texts(to))[seen:]:
                if (match := _CODE.search(text)) is not None:
                    return match[1]
            await asyncio.sleep(PAUSE_SECONDS)

    async def _texts(self, to: str) -> list[str]:
        found = (await self.client.post(f"{self.carrier}/inbox", json={"to": to})).json()
        return [str(one["text"]) for one in found if one["channel"] == "sms"]


def _shown(letter: Letter) -> dict[str, str]:
    return {"Authorization": f"Letter {letter.keys.auth.hex()}"}
