"""The story of a whole evaluation room, whatever engine carries it: who hears and sees whom, phase by phase.

A test file has a class that inherits `WholeRoom`, and the fixtures `room` (a `HubRoom` that nobody has
opened, site-b behind a wire) and `listeners`. In every phase everybody asks for everything, and what arrives
is compared with the table written here: whose tone is heard, whose picture comes (a browser decodes it). The
platform's own table is not asked, and packets of which nobody said whose they are count as one too many.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import pytest

from tests.support.hub_room import BOTH, HubRoom, Table
from tests.support.hub_world import SITES
from tests.support.impair_wire import CUT
from tests.support.networks import UPLINK
from tests.support.networks_inside import Inside
from tests.support.networks_probes import Listener, Prober

SEATS = {f"e{number}" for number in range(1, 8)}
AT_A, AT_B, AT_C = {"e1", "e2", "e3"}, {"e4", "e5"}, {"e6", "e7"}
VIEWS = {"c1", "c2", "c3"}
NOBODY: set[str] = set()
MARK = "between-sites"


@contextmanager
def listening(room: HubRoom) -> Iterator[dict[str, Inside]]:
    """At every site somebody who sees each frame on the wire, from before the first member came."""
    found = {place: Inside(room.network, place, Listener, devices=[UPLINK]) for place in SITES}
    for one in found.values():
        one.ask("listen", udp=[7000], tcp=[7001])
    yield found
    for one in found.values():
        one.close()


def each(seen: set[str]) -> Table:
    """Every expert sees, or hears, all of these but itself."""
    return {name: seen - {name} for name in SEATS}


def among_itself() -> Table:
    """The committee hears itself, a witness hears it, and nobody else does."""
    return each(SEATS) | {"w": SEATS, "v": NOBODY, "s": NOBODY}


def arrives(room: HubRoom, heard: Table, seen: Table, *, masked: str | None = None) -> None:
    """This is who hears and who sees whom, after everybody has asked for everything."""
    people = [name for name in room.members if name not in VIEWS]
    room.ask_for_everything(*people, masked=masked)
    assert set(people) == set(heard) == set(seen)
    room.arrives_as(heard, seen)


@contextmanager
def listens_alone(room: HubRoom, listener: str, *, masked: str) -> Iterator[None]:
    """Everybody else asks for nothing meanwhile: on a machine that can hardly carry the whole, packets come
    later than a voice in time can wait for."""
    others = [name for name in room.members if name not in VIEWS | {listener}]
    for name in others:
        room.at(name).ask("view", name=name, tracks=[])
    yield
    room.ask_for_everything(*others, masked=masked)


def masked_tone(room: HubRoom, name: str, masked: str) -> float:
    """The loudest frequency that the bidder hears while an expert speaks to it."""
    room.at(name).ask("speak_in_syllables", name=name)
    room.act(name, "speak", on=True)
    told = room.arrives_as({"b": {"masked"}}, {"b": NOBODY})["b"][masked]["hertz"]
    room.act(name, "speak", on=False)
    room.publish(name)
    return float(told)


class WholeRoom:
    """One story from the first test to the last."""

    # What the engine can do beyond the contract, as it says itself.
    CAPABILITIES: ClassVar[frozenset[str]]

    @pytest.mark.usefixtures("listeners")
    def test_before_the_evaluation_nobody_on_the_committee_sees_or_hears_another(self, room: HubRoom) -> None:
        room.enter()
        told = room.hub.ask("engine", room=room.id)
        assert told == {"name": room.engine, "capabilities": sorted(self.CAPABILITIES)}
        room.ready()
        for phase in ("preparing", "check-in"):
            if phase == "check-in":
                room.act("w", "phase", to="check-in")
            heard = each(NOBODY) | {"w": SEATS, "v": NOBODY, "s": AT_A}
            arrives(room, heard, heard | {"w": SEATS | VIEWS, "s": AT_A | {"c1"}})

    def test_in_the_evaluation_the_committee_is_among_itself_before_the_witness(self, room: HubRoom) -> None:
        room.act("w", "phase", to="evaluating")
        heard = among_itself()
        arrives(room, heard, heard | {"w": SEATS | VIEWS})

    def test_a_supervisor_has_legs_while_a_watch_runs_and_not_a_moment_longer(self, room: HubRoom) -> None:
        room.act("v", "watch-ask", minutes=5, reason="抽查")
        watch = room.event("w", "watch", state="asked")["body"]["watch"]
        heard = among_itself()
        # It was only asked for.
        arrives(room, heard, heard | {"w": SEATS | VIEWS})
        room.act("w", "watch-decide", watch=watch, allow=True, reason="同意")
        arrives(room, heard | {"v": SEATS}, heard | dict.fromkeys(("w", "v"), SEATS | VIEWS))
        room.act("w", "watch-decide", watch=watch, allow=False, reason="结束")
        room.arrives_as({"v": NOBODY}, {"v": NOBODY})

    def test_the_intercom_reaches_whom_it_is_meant_for_and_only_while_pressed(self, room: HubRoom) -> None:
        # Nobody publishes it here: who may ask for it is what the room decides.
        pressed = room.answer("w", "intercom", on=True, reason="order", to={"site": SITES["site-b"][0]})
        assert pressed["type"] == "ok", pressed
        refused = room.ask_for_everything(*SEATS)
        voice = room.track("w", "intercom")
        granted = {name for name in SEATS if refused[name].get(voice) != "not-granted"}
        assert granted == AT_B
        room.act("w", "intercom", on=False)
        refused = room.ask_for_everything(*SEATS)
        assert {refused[name][voice] for name in SEATS} == {"not-granted"}

    def test_a_bidder_hears_a_masked_voice_alone_and_sees_nobody(self, room: HubRoom) -> None:
        room.invite()
        # Waiting, a bidder neither shows nor hears anything, and is shown to no seat.
        refused = room.at("b").ask("publish_refused", name="b", sources=["camera"])
        assert refused == {"*": "signal.not-allowed"}
        heard = among_itself() | {"b": NOBODY}
        arrives(room, heard | {"w": SEATS}, heard | {"w": SEATS | VIEWS})
        room.act(room.experts[0], "call-start", call=room.call)
        room.event("b", "clarification", state="live")
        room.publish("b")
        masked = str(room.event("b", "clarification", state="masked")["body"]["track"])
        heard |= each(SEATS | {"b"}) | {"w": SEATS | {"b"}}
        arrives(room, heard, heard | {"w": SEATS | VIEWS | {"b"}}, masked=masked)
        with listens_alone(room, "b", masked=masked):
            # By chance a part of the mask itself may lie at one speaker's tone, at that of two it does not.
            own = all(abs(masked_tone(room, name, masked) - room.tones[name]) <= 6 for name in ("e2", "e3"))
        assert not own, "the speaker's own tone came through"
        room.act(room.experts[0], "call-end", call=room.call)
        assert room.at("b").ask("ended", name="b") == 4003
        heard = among_itself() | {"b": NOBODY}
        room.arrives_as(heard, heard | {"w": SEATS | VIEWS})
        del room.members["b"]

    def test_a_lost_site_freezes_the_room_for_all_and_a_witness_lets_it_go_on(self, room: HubRoom) -> None:
        with room.network.wire("site-b").under(CUT):
            room.event("w", "hold", kind="frozen", on=True)
            here = SEATS - AT_B
            heard = dict.fromkeys(here, NOBODY) | {"w": here}
            room.arrives_as(heard, {name: here - {name} for name in here} | {"w": here | {"c1", "c3"}})
            assert room.answer("e1", "chat", text="还在吗")["code"] == "signal.not-allowed"
        site = SITES["site-b"][0]
        for name in (*sorted(AT_B), "c2"):
            # The socket was given up meanwhile; media found its way back by itself.
            room.join(name)
        room.until_ok("w", "resume-site", site=site, confirmed=[room.members[name] for name in sorted(AT_B)])
        heard = among_itself()
        arrives(room, heard, heard | {"w": SEATS | VIEWS})

    @pytest.mark.usefixtures("listeners")
    def test_signing_is_as_the_evaluation_and_a_closed_room_has_no_leg(self, room: HubRoom) -> None:
        room.act("w", "phase", to="signing")
        heard = among_itself()
        arrives(room, heard, heard | {"w": SEATS | VIEWS})
        stats = room.hub.ask("stats", room=room.id)
        assert stats["unhandled"] == 0
        room.act("w", "phase", to="closed")
        assert room.at("w").ask("ended", name="w") == 4010
        room.hub.ask("over", room=room.id, within=60)
        nobody = dict.fromkeys((*SEATS, "w", "v", "s"), NOBODY)
        room.arrives_as(nobody, nobody)
        archive = room.hub.ask("archive", room=room.id)
        assert (archive["ok"], archive["whole"]) == (True, True), archive["faults"]
        recorded = {one["track"] for one in archive["checked"] if one["track"] and one["frames"]}
        assert {room.track(name, source) for name in SEATS for source in BOTH} <= recorded
        assert {room.track(name, "camera") for name in VIEWS} <= recorded

    def test_no_packet_went_from_one_site_to_another(
        self, room: HubRoom, listeners: dict[str, Inside]
    ) -> None:
        network = room.network
        prober = Inside(network, "site-a", Prober, mark=MARK)
        for place in ("site-b", "site-c"):
            for address in (network.address(place), network.server(place)):
                assert not prober.ask("udp", host=address, port=7000, patience=0.3), address
                assert not prober.ask("tcp", host=address, port=7001, patience=0.3), address
                assert not prober.ask("icmp", host=address, patience=0.3), address
        prober.close()
        for place, listener in listeners.items():
            ends = {network.address(place), network.server(place)}
            talkers = set(listener.ask("talkers"))
            # Whom site A tried to reach stands on its own wire and on no other.
            assert talkers == ends, place
            if place != "site-a":
                assert listener.ask("marked", mark=MARK) == 0
