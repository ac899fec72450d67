"""Appointments over HTTP: proposed and approved by two accounts, what the database keeps of the request, and
who reads the roster of people who were not drawn at which tier.
"""

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.cli.main import run
from app.gateways.certificate import Certificate, content, render
from app.parties.book import Book
from app.parties.serving import BOOK_FILE, create_keys
from app.times import to_text
from app.usecases.roster import custody
from crypto.hashing import tagged
from draw.appointment import document_digest, read_document
from draw.identifiers import id_check_character
from tests.support.appointing import FILE, SPECIAL, outside
from tests.support.onlookers import kept_in
from tests.support.service import Service, faults, order, project

pytestmark = pytest.mark.anyio
NAMES = tuple(f"虚构专家{number}" for number in range(5))


def proposal(**changes: Any) -> dict[str, Any]:
    """A direct appointment of five outside people."""
    people = []
    for number, name in enumerate(NAMES):
        first = f"9999011980010100{number}"
        own = {"id_number": first + id_check_character(first), "name": name, "specialties": ["A"]}
        who = {**(outside("works", "main").outside or {}), **own}
        people.append({"stratum": "works", "site": "main", "outside": who})
    plain = {"project": "works-2026-017", "section": "s1", "way": "direct", "reason": SPECIAL}
    return {
        **plain,
        "approval": FILE,
        "pool": "city",
        "parameters": order()["parameters"],
        "people": people,
    } | changes


async def proposed(api: Service) -> dict[str, Any]:
    """As the agency proposed it."""
    assert (await api.post("alice", "/v1/projects", project())).status_code == 201
    answer = await api.post("alice", "/v1/appointments", proposal())
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def appointed(api: Service) -> str:
    """The draw's place in the interface that carries an approved one."""
    one = await proposed(api)
    api.scene.nodes["supervisor"].book.put_once("appointment", 0, b"", key=one["document"])
    answer = await approve(api, one)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["draw"])


async def approve(api: Service, one: dict[str, Any], person: str = "carol", **changes: Any) -> Any:
    body = {"document": one["document"], **changes}
    return await api.post(person, f"/v1/appointments/{one['id']}:approve", body)


async def test_approved_over_http_by_a_supervisor_and_the_node_and_nobody_else(api: Service) -> None:
    one = await proposed(api)
    for person in ("alice", "bob"):
        assert (await approve(api, one, person)).status_code == 403
    # Another agency learns not even that there is one.
    hidden = await api.get("mallory", f"/v1/appointments/{one['id']}")
    assert (hidden.status_code, hidden.json()["code"]) == (404, "appointment.unknown")
    other = await approve(api, one, document="00" * 32)
    assert (other.status_code, other.json()["code"]) == (409, "appointment.other")
    alone = await approve(api, one)
    assert (alone.status_code, alone.json()["code"]) == (409, "party.refused"), alone.text
    api.scene.nodes["supervisor"].book.put_once("appointment", 0, b"", key=one["document"])
    done = (await approve(api, one)).json()
    assert (done["state"], done["decided_by"], done["proposed_by"]) == ("approved", "carol", "alice")
    # Asked again, under another key: the same appointment, no second one.
    assert (await approve(api, one)).json() == done
    assert [one["id"] for one in (await api.get("bob", "/v1/appointments")).json()["items"]] == [done["id"]]
    refused = await api.post("carol", f"/v1/appointments/{one['id']}:refuse", {"reason": "太迟"})
    assert (refused.status_code, refused.json()["code"]) == (409, "appointment.decided")


async def test_the_digest_covers_all_that_is_shown(api: Service) -> None:
    one = await proposed(api)
    data = one["document_text"].encode("utf-8")
    assert document_digest(data) == one["document"]
    told = read_document(data)
    assert (told["way"], told["reason"], told["approval"]) == (one["way"], one["reason"], one["approval"])
    assert (told["parameters"]["committee"]["experts"], told["outside"]) == (one["seats"], one["outside"])
    assert not any(name in one["document_text"] for name in NAMES)


async def test_a_stored_request_cannot_be_found_by_trying_people_out(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    body = json.dumps(proposal()).encode("utf-8")
    answer = await api.post("alice", "/v1/appointments", json.loads(body))
    assert answer.status_code == 201
    target = b"POST /v1/appointments?"
    guesses = (
        tagged("qt/1 idempotency", len(target).to_bytes(4, "big"), target, body),
        hashlib.sha256(body).digest(),
    )
    kept = await kept_in(api.platform.database)
    # Whoever reads the database knows everything of the request but the people: with this, them too.
    assert not [
        place
        for place, data in kept.items()
        for guess in guesses
        if guess in data or guess.hex().encode("ascii") in data
    ]


async def test_nothing_wrong_with_a_person_comes_back_with_the_answer(api: Service) -> None:
    await api.post("alice", "/v1/projects", project())
    asked = proposal()
    asked["people"][0]["outside"].update(name="", phone="x" * 40, id_number="1234567890123456")
    asked["people"][1]["outside"].update(id_number="999901198001010000")
    for broken, status in ((asked, 400), ({**asked, "people": asked["people"][1:]}, 422)):
        answer = await api.post("alice", "/v1/appointments", broken)
        assert answer.status_code == status
        assert faults(answer)
        for secret in (*NAMES, "1234567890123456", "999901198001010000", "x" * 40):
            assert secret not in answer.text


async def test_tiers_two_and_three_of_people_who_were_not_drawn(api: Service) -> None:
    draw = await appointed(api)
    path = f"/v1/draws/{draw}/roster"
    opens = to_text(api.scene.clock.now + timedelta(hours=1))
    await custody.seal_roster(api.scene.ceremony, draw, not_before=opens, venues={"main": "ste_city"})
    early = await api.post("carol", f"{path}/openings", {"tier": 2, "reason": "开评 room start"})
    assert (early.status_code, early.json()["code"]) == (409, "roster.too-early")
    for person in ("alice", "bob", "carol"):
        assert (await api.get(person, path)).json()["code"] == "roster.not-open"
    api.scene.clock.move(hours=1)
    opened = await api.post("carol", f"{path}/openings", {"tier": 2, "reason": "开评 room start"})
    assert opened.status_code == 200, opened.text
    assert not any(name in opened.text for name in NAMES)
    read = (await api.get("carol", path)).json()
    assert sorted(one["name"] for one in read["seats"]) == list(NAMES)
    assert {one["way"] for one in read["seats"]} == {"direct"}
    for person in ("alice", "bob"):
        assert (await api.get(person, path)).json()["code"] == "roster.not-open"
    third = await api.post("carol", f"{path}/openings", {"tier": 3, "reason": "结果公布 result"})
    assert (third.status_code, third.json()["code"]) == (409, "roster.not-result")


def test_a_certificate_beside_an_appointment_says_that_not_all_were_drawn() -> None:
    flag = "not all members were drawn"
    shown = {number: json.dumps(content(certificate(number)), ensure_ascii=False) for number in (0, 1)}
    assert (flag in shown[0], flag in shown[1]) == (False, True)
    # The page takes every row that there is: the flag is on it, not only in what it is made from.
    assert len(render(certificate(1))) > len(render(certificate(0)))


def certificate(not_drawn: int) -> Certificate:
    return Certificate(
        project="道路工程",
        section="s1",
        section_hash="ab" * 32,
        draw=7,
        round=1,
        seats=4,
        replaced=0,
        not_drawn=not_drawn,
        opened_at="2026-11-24T01:00:00Z",
        code="0123456789AB",
        address="https://proof.test.example/p",
        origin="log.test.example",
        size=9,
        root="cd" * 32,
        fingerprints={"platform": "0123456789abcdef"},
    )


async def test_a_supervisor_approves_what_the_own_node_read(
    api: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = await proposed(api)
    folder, file = tmp_path / "node", tmp_path / "document.json"
    create_keys(folder, role="supervisor", name="supervisor-1")
    file.write_bytes(one["document_text"].encode("utf-8"))

    def party(project_id: str, *words: str) -> int:
        asked = ["party", "appointment", str(folder), str(file), "--project", project_id, "--section", "s1"]
        return run([*asked, *words])

    def noted() -> bool:
        return Book(folder / BOOK_FILE).get("appointment", 0, key=one["document"]) is not None

    assert party("another", "--approve") != 0
    capsys.readouterr()
    assert party("works-2026-017") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["digest"], told["reason"], told["seats"]) == (one["document"], one["reason"], 5)
    assert not noted()
    file.write_bytes(file.read_bytes() + b" ")
    assert party("works-2026-017", "--approve") != 0
    file.write_bytes(file.read_bytes()[:-1])
    assert party("works-2026-017", "--approve") == 0
    assert noted()
