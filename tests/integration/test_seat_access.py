"""Seats: given by chance, opened by an enrolled browser for the person inside it was given to, no other."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from app.store.repositories.seat_access import Seating
from app.times import from_text
from app.usecases.invitations import arrivals
from app.usecases.openings import open_draw, opened
from crypto.canonical import canonical, parse
from crypto.hashing import tagged
from remote_eval.seating import next_seat, seating_seed
from tests.support.arriving import CITY, Arriving, Browser
from tests.support.troubles import refusal

pytestmark = pytest.mark.anyio


async def reasons(arriving: Arriving) -> list[str]:
    """Why logins were refused, as the ledger knows it and the browser does not."""
    entries = (await arriving.ledger())["entries"]
    return [one["about"]["reason"] for one in entries if one["kind"] == "seat-login-refused"]


async def seatings(arriving: Arriving) -> Sequence[Seating]:
    async with arriving.platform.database.read() as uow:
        return await uow.seat_access.seatings(arriving.row.id, CITY)


async def test_no_seat_before_the_gate(arriving: Arriving) -> None:
    arrival = await arriving.arrived(arriving.letters[CITY][0])
    await arriving.deposit(arrival)
    answer = await arriving.post("dana", f"/desk/arrivals/{arrival}/seat")
    assert refusal(answer) == (409, "arrival.transition")


async def test_seats_can_be_computed_again_once_the_draw_is_open(arriving: Arriving) -> None:
    """Seed, order and every document: what stands in the log is what chance gave."""
    for number, letter in enumerate(arriving.letters[CITY], 1):
        await arriving.seat(await arriving.inside(letter, f"A-{number:02}"))
    ceremony = arriving.calling.context.ceremony
    begins = from_text(arriving.row.evaluation_from or "")
    arriving.stage.clock.now = max(arriving.stage.clock(), begins)
    row = await open_draw(ceremony, arriving.row.id)
    seed = seating_seed((await opened(arriving.platform, row)).outcome.drawn.seed, CITY)
    _, course = await ceremony.shown(row)
    logged = [entry.body["digest"] for _, entry in course.all("record", topic="seating")]
    taken: set[str] = set()
    given = await seatings(arriving)
    assert len(given) == len(arriving.letters[CITY]) == len(logged)
    for one, digest in zip(given, logged, strict=True):
        assert tagged("qt/1 record", one.document).hex() == digest
        document: Any = parse(one.document, max_bytes=65_536)
        assert document["seat"] == one.seat == next_seat(seed, document["seats"], taken)
        taken.add(one.seat)


async def test_two_desks_at_once_give_two_seats(arriving: Arriving) -> None:
    first, second = arriving.letters[CITY][:2]
    came = [await arriving.inside(first, "A-01"), await arriving.inside(second, "A-02")]
    given = await asyncio.gather(arriving.seat(came[0], "dana"), arriving.seat(came[1], "dora"))
    assert len({one["seat"] for one in given}) == 2
    assert sorted(one["position"] for one in given) == [1, 2]


async def test_a_faulty_seat_is_passed_over_and_the_document_says_so(arriving: Arriving) -> None:
    booked = [f"{CITY}-e1-{number}" for number in range(1, len(arriving.letters[CITY]) + 1)]
    report = {"part": "microphone", "condition": "faulty", "note": "无声"}
    assert (
        await arriving.post("dana", f"/venues/{CITY}/seats/{booked[0]}/reports", report)
    ).status_code == 201
    seats = set()
    for number, letter in enumerate(arriving.letters[CITY][:-1], 1):
        seats.add((await arriving.seat(await arriving.inside(letter, f"A-{number:02}")))["seat"])
    assert seats == set(booked[1:])
    document: Any = parse((await seatings(arriving))[0].document, max_bytes=65_536)
    assert (document["broken"], document["seats"]) == ([booked[0]], booked)
    last = await arriving.inside(arriving.letters[CITY][-1], "A-09")
    answer = await arriving.post("dana", f"/desk/arrivals/{last}/seat")
    assert refusal(answer) == (409, "seat.none-free")


async def test_one_person_cannot_approve_what_they_proposed(arriving: Arriving) -> None:
    """Not the same person under another role either: what counts is the accountable human."""
    browser = Browser(seat=f"{CITY}-e1-1")
    assert (await arriving.propose(browser)).status_code == 201
    path, body = f"/seats/{browser.seat}/approvals", {"thumbprint": browser.thumbprint}
    assert refusal(await arriving.post("dana", path, body)) == (403, "access.role")
    async with arriving.platform.database.write() as uow:
        key = await uow.seat_access.key(browser.thumbprint)
        assert key is not None
        await uow.arrivals._connection.exec_driver_sql("UPDATE seat_keys SET proposed_by = 'olga'")
    assert refusal(await arriving.post("olga", path, body)) == (403, "seat.two-persons")
    assert (await arriving.post("oscar", path, body)).json()["state"] == "enrolled"


async def test_a_key_is_proposed_by_that_sites_staff_with_proof_of_the_private_half(
    arriving: Arriving,
) -> None:
    browser = Browser(seat=f"{CITY}-e1-1")
    assert refusal(await arriving.propose(browser, "carlo", site=CITY)) == (404, "seat.unknown")
    for change in ({"seat": f"{CITY}-e1-2"}, {"origin": "https://evil.example"}, {"key": "x"}):
        assert refusal(await arriving.propose(browser, **change)) == (422, "seat.key-refused")
    stranger = Browser(seat=browser.seat)
    statement = canonical({"format": "qt/1 seat-enrolment"})
    body = {"key": browser.jwk, "signature": stranger.sign(statement)}
    answer = await arriving.post("dana", f"/seats/{browser.seat}/enrolments", body)
    assert refusal(answer) == (422, "seat.key-refused")


async def test_a_seat_has_one_live_key_and_a_key_one_seat(arriving: Arriving) -> None:
    first = await arriving.enrolled(f"{CITY}-e1-1")
    second = Browser(seat=first.seat)
    await arriving.propose(second)
    path = f"/seats/{first.seat}/approvals"
    assert refusal(await arriving.post("olga", path, {"thumbprint": second.thumbprint})) == (
        409,
        "seat.key-live",
    )
    moved = Browser(seat=f"{CITY}-e1-2", key=first.key)
    assert refusal(await arriving.propose(moved)) == (409, "seat.key-known")
    gone = await arriving.post("dana", f"/seats/{first.seat}/revocations", {"thumbprint": first.thumbprint})
    assert gone.json()["state"] == "revoked"
    assert (await arriving.post("olga", path, {"thumbprint": second.thumbprint})).status_code == 200
    assert refusal(await arriving.challenge(first)) == (401, "seat.refused")


async def test_a_browser_that_nobody_enrolled_gets_no_challenge(arriving: Arriving) -> None:
    browser = Browser(seat=f"{CITY}-e1-1")
    assert refusal(await arriving.challenge(browser)) == (401, "seat.refused")
    await arriving.propose(browser)
    assert refusal(await arriving.challenge(browser)) == (401, "seat.refused")


async def test_whoever_asks_without_end_is_refused_for_a_minute_and_locks_nobody_out(
    arriving: Arriving,
) -> None:
    browser = await arriving.enrolled(f"{CITY}-e1-1")
    answers = [await arriving.challenge(browser) for _time in range(22)]
    assert [one.status_code for one in answers] == [201] * 20 + [401] * 2
    arriving.stage.clock.advance(seconds=60)
    assert (await arriving.challenge(browser)).status_code == 201


async def test_the_key_of_another_seat_opens_nothing(arriving: Arriving) -> None:
    given = await arriving.seat(await arriving.inside(arriving.letters[CITY][0]))
    other = next(f"{CITY}-e1-{number}" for number in (1, 2) if f"{CITY}-e1-{number}" != given["seat"])
    elsewhere = await arriving.enrolled(other)
    assert refusal(await arriving.challenge(elsewhere, given["seat"])) == (401, "seat.refused")
    asked = (await arriving.challenge(elsewhere)).json()
    signature = elsewhere.sign(asked["statement"].encode())
    body = {"challenge": asked["challenge"], "signature": signature, "code": given["slip"]}
    answer = await arriving.client.post(f"/v1/seats/{given['seat']}/logins", json=body)
    assert refusal(answer) == (401, "seat.refused")
    assert refusal(await arriving.log_in(elsewhere, given["slip"])) == (401, "seat.refused")
    assert await reasons(arriving) == ["key", "nobody-waits"]


async def test_a_challenge_counts_once_for_sixty_seconds_and_under_its_own_signature(
    arriving: Arriving,
) -> None:
    given = await arriving.seat(await arriving.inside(arriving.letters[CITY][0]))
    browser, stranger = await arriving.enrolled(given["seat"]), Browser(seat=given["seat"])
    first, second, third = [(await arriving.challenge(browser)).json() for _time in range(3)]
    path, slip = f"/v1/seats/{given['seat']}/logins", {"code": given["slip"]}

    async def send(challenge: str, signature: str) -> httpx.Response:
        body = {"challenge": challenge, "signature": signature} | slip
        return await arriving.client.post(path, json=body)

    good = browser.sign(first["statement"].encode())
    for challenge, signature in (
        (first["challenge"], stranger.sign(first["statement"].encode())),
        (first["challenge"], good),
        (second["challenge"], good),
    ):
        assert refusal(await send(challenge, signature)) == (401, "seat.refused")
    arriving.stage.clock.advance(seconds=60)
    late = browser.sign(third["statement"].encode())
    assert refusal(await send(third["challenge"], late)) == (401, "seat.refused")
    assert await reasons(arriving) == ["signature", "challenge", "signature", "challenge"]
    assert (await arriving.log_in(browser, given["slip"])).status_code == 201


async def test_the_signed_bytes_name_origin_site_and_seat(arriving: Arriving) -> None:
    browser = await arriving.enrolled(f"{CITY}-e1-1")
    statement: Any = parse((await arriving.challenge(browser)).json()["statement"].encode(), max_bytes=4096)
    assert statement["format"] == "qt/1 seat-login"
    assert (statement["origin"], statement["site"], statement["seat"]) == (
        "http://api.test.example",
        CITY,
        browser.seat,
    )


async def test_five_wrong_codes_void_the_slip_and_a_new_one_is_printed(arriving: Arriving) -> None:
    arrival = await arriving.inside(arriving.letters[CITY][0])
    given = await arriving.seat(arrival)
    browser = await arriving.enrolled(given["seat"])
    wrong = f"{(int(given['slip']) + 1) % 10**8:08d}"
    for _try in range(5):
        assert refusal(await arriving.log_in(browser, wrong)) == (401, "seat.refused")
    assert refusal(await arriving.log_in(browser, given["slip"])) == (401, "seat.refused")
    fresh = await arriving.seat(arrival)
    assert (fresh["seat"], fresh["slip"] != given["slip"]) == (given["seat"], True)
    assert (await arriving.log_in(browser, fresh["slip"])).status_code == 201
    assert (await reasons(arriving))[4:6] == ["code-void", "code-void"]


async def test_a_slip_is_used_once_and_a_new_one_ends_the_session(arriving: Arriving) -> None:
    arrival = await arriving.inside(arriving.letters[CITY][0])
    given = await arriving.seat(arrival)
    browser = await arriving.enrolled(given["seat"])
    await arriving.log_in(browser, given["slip"])
    headers = {"Authorization": f"Seat {browser.token}"}
    assert (await arriving.client.get("/v1/seats/current", headers=headers)).json()["seat"] == given["seat"]
    assert refusal(await arriving.log_in(browser, given["slip"])) == (401, "seat.refused")
    fresh = await arriving.seat(arrival)
    assert refusal(await arriving.client.get("/v1/seats/current", headers=headers)) == (
        401,
        "seat.no-session",
    )
    assert (await arriving.log_in(browser, fresh["slip"])).status_code == 201


async def test_the_slip_of_somebody_else_opens_no_seat(arriving: Arriving) -> None:
    one, two = arriving.letters[CITY][:2]
    mine = await arriving.seat(await arriving.inside(one, "A-01"))
    theirs = await arriving.seat(await arriving.inside(two, "A-02"))
    browser = await arriving.enrolled(mine["seat"])
    assert refusal(await arriving.log_in(browser, theirs["slip"])) == (401, "seat.refused")


async def test_going_out_ends_the_session_and_is_told(arriving: Arriving) -> None:
    arrival = await arriving.inside(arriving.letters[CITY][0])
    given = await arriving.seat(arrival)
    browser = await arriving.enrolled(given["seat"])
    await arriving.log_in(browser, given["slip"])
    passage = (await arriving.gate(arrival, "out"))["passage"]
    await arriving.event(f"gate {CITY}", "passed", passage=passage, direction="out")
    headers = {"Authorization": f"Seat {browser.token}"}
    assert refusal(await arriving.client.get("/v1/seats/current", headers=headers)) == (
        401,
        "seat.no-session",
    )
    assert "left-while-seated" in await arriving.open_alerts()
    assert refusal(await arriving.log_in(browser, given["slip"])) == (401, "seat.refused")


async def test_whoever_comes_back_in_gets_their_own_seat_and_a_new_slip(arriving: Arriving) -> None:
    arrival = await arriving.inside(arriving.letters[CITY][0])
    given = await arriving.seat(arrival)
    for direction in ("out", "in"):
        passage = (await arriving.gate(arrival, direction))["passage"]
        await arriving.event(f"gate {CITY}", "passed", passage=passage, direction=direction)
    again = await arriving.seat(arrival)
    assert (again["seat"], again["position"], again["slip"] != given["slip"]) == (given["seat"], 1, True)


async def test_whose_seat_has_passed_on_is_let_in_nowhere(arriving: Arriving) -> None:
    one, two = arriving.letters[CITY][:2]
    outside, inside = await arriving.arrived(one), await arriving.inside(two, "A-02")
    await arriving.deposit(outside)
    async with arriving.platform.database.write() as uow:
        for letter in (one, two):
            invitation = await uow.invitations.get(letter.keys.id)
            assert invitation is not None
            await arrivals.recused_at_venue(uow, invitation, note="conflict", now=arriving.platform.now())
    assert (await arriving.gate(outside))["reasons"] == ["dismissed"]
    answer = await arriving.post("dana", f"/desk/arrivals/{inside}/seat")
    assert refusal(answer) == (409, "seat.passed-on")


async def test_gates_and_seats_that_disagree_are_reported(arriving: Arriving) -> None:
    arrival = await arriving.inside(arriving.letters[CITY][0])
    seen = (await arriving.get("wanda", "/desk/reconciliation")).json()
    assert (seen["inside"], seen["seated"], [one["kind"] for one in seen["mismatches"]]) == (
        1,
        0,
        ["no-seat"],
    )
    given = await arriving.seat(arrival)
    browser = await arriving.enrolled(given["seat"])
    await arriving.log_in(browser, given["slip"])
    assert (await arriving.get("wanda", "/desk/reconciliation")).json()["mismatches"] == []
    async with arriving.platform.database.write() as uow:
        await uow.arrivals._connection.exec_driver_sql("UPDATE arrivals SET state = 'left'")
    ghost = (await arriving.get("wanda", "/desk/reconciliation")).json()["mismatches"]
    assert [one["kind"] for one in ghost] == ["not-inside"]
    assert "seat-without-gate" in await arriving.open_alerts()


async def test_a_recusal_closes_the_seat_and_keeps_the_person(arriving: Arriving) -> None:
    letter = arriving.letters[CITY][0]
    arrival = await arriving.inside(letter)
    given = await arriving.seat(arrival)
    browser = await arriving.enrolled(given["seat"])
    entered = (await arriving.log_in(browser, given["slip"])).json()
    words = "配偶在投标单位任职"
    statement = canonical(
        {
            "format": "qt/1 recusal",
            "site": CITY,
            "seat": given["seat"],
            "arrival": entered["code"],
            "cause": "kin",
            "declaration": words,
        }
    )
    headers = {"Authorization": f"Seat {browser.token}"}
    path, body = "/v1/seats/current/recusal", {"cause": "kin", "declaration": words}
    forged = await arriving.client.post(
        path, json=body | {"signature": Browser(seat="x").sign(statement)}, headers=headers
    )
    assert refusal(forged) == (401, "seat.refused")
    done = await arriving.client.post(
        path, json=body | {"signature": browser.sign(statement)}, headers=headers
    )
    assert (done.status_code, done.json()["state"]) == (200, "recused")
    assert refusal(await arriving.client.get("/v1/seats/current", headers=headers)) == (
        401,
        "seat.no-session",
    )
    await arriving.calling.work()
    assert (await arriving.calling.of(letter)).state == "replaced"
    decided = await arriving.gate(arrival, "out")
    assert decided["alerts"] == ["left-before-release"]
    assert words not in str(await arriving.ledger())
    assert "'kin'" not in str(await arriving.ledger())


async def test_the_successor_gets_the_seat_that_was_closed(arriving: Arriving) -> None:
    """As many seats are booked as experts are needed: the next of the rank sits where the seat is free."""
    first, *others = arriving.letters[CITY]
    seats = {}
    for number, letter in enumerate((first, *others), 1):
        arrival = await arriving.inside(letter, f"A-{number:02}")
        seats[letter.keys.id] = (arrival, (await arriving.seat(arrival))["seat"])
    async with arriving.platform.database.write() as uow:
        invitation = await uow.invitations.get(first.keys.id)
        assert invitation is not None
        await arrivals.recused_at_venue(uow, invitation, note="conflict", now=arriving.platform.now())
    await arriving.calling.work()
    successor = next(one for one in arriving.calling.fresh() if one.keys.id not in seats)
    await arriving.calling.say(successor, "accept")
    invitation = await arriving.calling.of(successor)
    assert (invitation.state, invitation.venue_site) == ("accepted", CITY)
    await arriving.heartbeats()
    given = await arriving.seat(await arriving.inside(successor, "A-09"))
    assert (given["seat"], given["position"]) == (seats[first.keys.id][1], len(seats) + 1)
