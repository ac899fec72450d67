"""The relay box: what comes out is what went in, signed by both sides; nothing passes unsigned."""

import base64
import hashlib
from base64 import urlsafe_b64encode
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import select, text, update

from app.store.venue_tables import relay_items
from app.usecases.arrival.ledger import read
from crypto.canonical import canonical
from tests.support.service import Service, faults
from tests.support.troubles import refusal
from tests.support.venues import CITY, booked, hire, open_venues

pytestmark = pytest.mark.anyio
FILE = b"clarification \x00\xff" * 1000
BOX = f"/v1/venues/{CITY}/relay"


class Browser:
    """A browser of site staff: its key never leaves it."""

    def __init__(self, api: Service, person: str, *, site: str = CITY) -> None:
        self.api, self.person, self.site = api, person, site
        self.key = generate_private_key(SECP256R1())
        numbers = self.key.public_key().public_numbers()
        self.jwk = {"kty": "EC", "crv": "P-256", "x": coordinate(numbers.x), "y": coordinate(numbers.y)}
        self.id = ""

    async def register(self, path: str | None = None) -> httpx.Response:
        path = path or f"/v1/venues/{self.site}/relay-keys"
        answer = await self.api.post(self.person, path, {"public": self.jwk})
        self.id = answer.json().get("id", "")
        return answer

    def signed(self, statement: dict[str, Any]) -> dict[str, str]:
        r, s = decode_dss_signature(self.key.sign(canonical(statement), ECDSA(SHA256())))
        signature = (r.to_bytes(32, "big") + s.to_bytes(32, "big")).hex()
        return {
            "reason": statement["reason"],
            "at": statement["time"],
            "key": self.id,
            "signature": signature,
        }

    def put(self, booking: str, content: bytes = FILE, /, **changes: Any) -> dict[str, Any]:
        """A body that puts a file in; `changes` are made after the signing."""
        statement = {
            "type": "qt/1 relay put",
            "site": self.site,
            "zone": "relay",
            "booking": booking,
            "direction": "in",
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "reason": "澄清答复",
            "time": self.api.platform.now(),
        }
        body = {
            "zone": "relay",
            "booking": booking,
            "direction": "in",
            "name": "答复.pdf",
            "content": base64.b64encode(content).decode(),
        }
        return body | self.signed(statement) | changes

    def take(self, item: str, content: bytes) -> dict[str, Any]:
        """A body that signs for what arrived."""
        digest = hashlib.sha256(content).hexdigest()
        statement = {
            "type": "qt/1 relay take",
            "item": item,
            "sha256": digest,
            "reason": "送达评标室",
            "time": self.api.platform.now(),
        }
        return {"sha256": digest} | self.signed(statement)


def coordinate(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()


async def box(api: Service) -> tuple[Browser, Browser, str]:
    """Browsers of dana, who puts in, and rosa, who takes out; the booking that it is about."""
    booking = (await booked(api, await open_venues(api)))["id"]
    await hire(api, rosa=CITY)
    dana, rosa = Browser(api, "dana"), Browser(api, "rosa")
    for one in (dana, rosa):
        assert (await one.register()).status_code == 201
    return dana, rosa, booking


async def test_what_comes_out_is_what_went_in_and_both_sides_have_signed(api: Service) -> None:
    dana, rosa, booking = await box(api)
    put = await api.post("dana", BOX, dana.put(booking))
    assert put.status_code == 201, put.text
    item = put.json()["id"]
    arrived = (await api.get("rosa", f"{BOX}/{item}")).content
    assert arrived == FILE
    taken = await api.post("rosa", f"{BOX}/{item}:take", rosa.take(item, arrived))
    assert taken.status_code == 200, taken.text
    (shown,) = (await api.get("carol", BOX)).json()["items"]
    assert (shown["name"], shown["sha256"]) == ("答复.pdf", hashlib.sha256(FILE).hexdigest())
    assert (shown["put"]["by"], shown["take"]["by"]) == ("dana", "rosa")
    assert refusal(await api.get("rosa", f"{BOX}/{item}")) == (409, "relay.taken")
    async with api.platform.database.read() as uow:
        rows = await uow.relay._connection.execute(select(relay_items.c.sealed_content))
        assert rows.scalars().all() == [None]
        ledger = await read(uow, CITY, "2026-11-23")
    assert ledger.fault is None
    assert [(one.entry.kind, one.about["sha256"]) for one in ledger.entries] == [
        ("relay-put", shown["sha256"]),
        ("relay-take", shown["sha256"]),
    ]
    assert all("答复.pdf" not in str(one.about) for one in ledger.entries)


async def test_nothing_passes_unsigned(api: Service) -> None:
    dana, rosa, booking = await box(api)
    stranger = Browser(api, "dana")
    stranger.id = dana.id
    attacks: dict[str, dict[str, Any]] = {
        "no key": dana.put(booking, key="A" * 43),
        "another person's key": rosa.put(booking),
        "a signature by a key that nobody registered": stranger.put(booking),
        "another file": dana.put(booking, content=base64.b64encode(b"other").decode()),
        "another direction": dana.put(booking, direction="out"),
        "another reason": dana.put(booking, reason="无"),
        "a zero signature": dana.put(booking, signature="00" * 64),
    }
    for attack, body in attacks.items():
        answer = await api.post("dana", BOX, body)
        assert refusal(answer) == (403, "relay.unsigned"), attack
    unsigned = {name: value for name, value in dana.put(booking).items() if name != "signature"}
    assert faults(await api.post("dana", BOX, unsigned)) == [("schema.missing", "/signature")]
    assert (await api.get("dana", BOX)).json()["items"] == []
    async with api.platform.database.read() as uow:
        assert (await read(uow, CITY, "2026-11-23")).entries == []


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_signature_of_another_time_is_no_signature(api: Service, minutes: int) -> None:
    dana, _, booking = await box(api)
    body = dana.put(booking)
    api.scene.clock.move(minutes=minutes)
    assert refusal(await api.post("dana", BOX, body)) == (403, "relay.unsigned")


async def test_a_key_ends_after_ninety_days(api: Service) -> None:
    dana, _, booking = await box(api)
    api.scene.clock.move(days=91)
    assert refusal(await api.post("dana", BOX, dana.put(booking))) == (403, "relay.unsigned")


async def test_a_receiver_whose_bytes_differ_cannot_sign_for_them(api: Service) -> None:
    dana, rosa, booking = await box(api)
    item = (await api.post("dana", BOX, dana.put(booking))).json()["id"]
    differs = await api.post("rosa", f"{BOX}/{item}:take", rosa.take(item, FILE + b"!"))
    assert refusal(differs) == (409, "relay.differs")
    lying = rosa.take(item, FILE + b"!") | {"sha256": hashlib.sha256(FILE).hexdigest()}
    assert refusal(await api.post("rosa", f"{BOX}/{item}:take", lying)) == (403, "relay.unsigned")
    assert (await api.get("dana", BOX)).json()["items"][0]["take"] is None


async def test_bytes_that_changed_in_the_store_are_not_handed_out(api: Service) -> None:
    dana, _, booking = await box(api)
    item = (await api.post("dana", BOX, dana.put(booking))).json()["id"]
    async with api.platform.database.write() as uow:
        forged = uow.cipher.seal(b"forged", table="relay_items", column="sealed_content", row=item)
        await uow.relay._connection.execute(update(relay_items).values(sealed_content=forged))
    assert refusal(await api.get("dana", f"{BOX}/{item}")) == (409, "relay.damaged")


async def test_names_and_contents_of_files_are_sealed(api: Service) -> None:
    dana, _, booking = await box(api)
    await api.post("dana", BOX, dana.put(booking))
    async with api.platform.database.read() as uow:
        for table in ("relay_items", "idempotency"):
            rows = await uow.relay._connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608
            stored = b"".join(
                bytes(one) if isinstance(one, bytes | memoryview) else str(one).encode()
                for row in rows
                for one in row
            )
            assert "答复.pdf".encode() not in stored
            assert FILE[:15] not in stored


async def test_a_file_that_is_too_large_or_empty_or_no_base64_is_refused(api: Service) -> None:
    dana, _, booking = await box(api)
    large = dana.put(booking, b"x" * (512 * 1024 + 1))
    assert faults(await api.post("dana", BOX, large)) == [("schema.length", "/content")]
    most = dana.put(booking, b"x" * (512 * 1024))
    assert (await api.post("dana", BOX, most)).status_code == 201
    assert faults(await api.post("dana", BOX, dana.put(booking, b""))) == [("schema.length", "/content")]
    garbled = dana.put(booking, content="%%%%")
    assert faults(await api.post("dana", BOX, garbled)) == [("schema.format", "/content")]


async def test_another_site_another_zone_and_another_booking_are_not_there(api: Service) -> None:
    dana, _, booking = await box(api)
    carlo = Browser(api, "carlo")
    assert refusal(await carlo.register()) == (404, "site.unknown")
    assert refusal(await api.get("carlo", BOX)) == (404, "site.unknown")
    assert refusal(await api.post("carlo", BOX, dana.put(booking))) == (404, "site.unknown")
    assert refusal(await api.post("dana", BOX, dana.put(booking, zone="evaluation"))) == (404, "zone.unknown")
    assert refusal(await api.post("dana", BOX, dana.put(booking, booking="bkg_none"))) == (
        404,
        "booking.unknown",
    )
    assert refusal(await api.get("dana", f"{BOX}/rly_none")) == (404, "relay.unknown")


async def test_a_key_that_is_no_point_or_registered_already_is_refused(api: Service) -> None:
    dana, _, _ = await box(api)
    assert refusal(await dana.register()) == (409, "relay.key-exists")
    crooked = Browser(api, "dana")
    crooked.jwk["y"] = crooked.jwk["x"]
    assert faults(await crooked.register()) == [("schema.format", "/public")]
