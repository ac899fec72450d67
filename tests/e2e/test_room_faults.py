"""What goes wrong on the day: cuts, kills, reloads, devices unplugged. Recovery is measured and printed.

One room of seven seats at three sites, its evaluation under way; an expert sits at a real browser. After each
fault everybody is who they were, hears whom they heard, once; at the end the recording is whole but for the
gaps that it lists. Bounds are wide, for the machine may be loaded.
"""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from remote_eval.media.recording.archive import check
from tests.support.hub_browser import BrowserMember
from tests.support.hub_room import HubRoom, Table, hub_room
from tests.support.hub_world import HubWorld
from tests.support.impair_wire import CUT
from tests.support.networks_inside import InsideError

pytestmark = [pytest.mark.e2e, pytest.mark.network, pytest.mark.browser, pytest.mark.slow]

SEATS = {f"e{number}" for number in range(1, 8)}
# The expert at the browser, at site A; site B's wire has weather.
REAL = "e1"
AWAY = ("e4", "e5")
LOOKS = 6
Report = Callable[[str], None]


@pytest.fixture(scope="module")
def room(
    namespaces: None, chromium: Path, hub_world: HubWorld, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HubRoom]:
    folder = tmp_path_factory.mktemp("faults")
    with hub_room(hub_world, folder, impaired=("site-b",)) as made, made.in_browsers(chromium, folder, REAL):
        made.enter()
        made.begin()
        made.ask_for_everything("w", *sorted(SEATS))
        yield made


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Report:
    """Say a figure where the reader of a test run sees it."""

    def say(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n    {text}\n")

    return say


def everything_is_as_it_was(room: HubRoom) -> None:
    """Everybody hears everybody else, by the tones; no track and no member is there twice."""
    people = SEATS | {"w"}
    wanted = {name: SEATS - {name} for name in people}
    heard: Table = {}
    # On a loaded machine a voice may falter within one look.
    for _ in range(LOOKS):
        heard, _seen = room.read(room.measure())
        if {name: heard[name] for name in people} == wanted:
            break
    assert {name: heard[name] for name in people} == wanted
    stats = room.hub.ask("stats", room=room.id)
    tracks = [one["track"] for one in stats["tracks"]]
    assert len(tracks) == len(set(tracks))
    assert set(tracks) >= {room.track(name, "microphone") for name in SEATS}
    assert stats["unhandled"] == 0


def until_heard(room: HubRoom, name: str, by: str, *, within: float) -> float:
    """Seconds until a person hears another's microphone again."""
    told: float = room.at(by).ask("again", name=by, track=room.track(name, "microphone"), within=within)
    return told


def test_ten_seconds_without_a_line_are_over_when_it_is_back(room: HubRoom, report: Report) -> None:
    with room.network.wire("site-b").under(CUT):
        for name in AWAY:
            room.event("w", "member", id=room.members[name], change="presence")
        time.sleep(10 - 6)  # the cut lasts; nothing tells that it has lasted long enough
    took = until_heard(room, AWAY[0], "e2", within=30)
    began = time.monotonic()
    for name in (*AWAY, "c2"):
        room.join(name)
    joined = time.monotonic() - began
    report(f"10 s cut: voice back {took:.2f} s after the line, sockets of a site in {joined:.2f} s")
    assert took < 3
    everything_is_as_it_was(room)


def test_a_killed_web_server_leaves_media_running_and_its_successor_knows_everybody(
    room: HubRoom, report: Report
) -> None:
    before = room.hub.ask("engine_process", room=room.id)
    room.hub.kill()
    killed = time.monotonic()
    room.arrives_as({name: SEATS - {name} for name in SEATS - {REAL}}, {})
    room.hub = room.start_server()
    served = time.monotonic() - killed
    for name in room.members:
        room.rejoin(name, within=40)
    back = time.monotonic() - killed
    report(
        f"web server SIGKILL: media without a gap; serving after {served:.1f} s, all in after {back:.1f} s"
    )
    assert room.hub.ask("engine_process", room=room.id) == before
    assert room.act("w", "ping", seq=0, stats=None)
    everything_is_as_it_was(room)


def test_a_killed_engine_is_replaced_and_the_recording_goes_on_in_a_new_part(
    room: HubRoom, report: Report
) -> None:
    before = room.hub.ask("kill_engine", room=room.id)
    killed = time.monotonic()
    room.event("w", "alarm", code="engine")
    room.event("w", "clear", code="engine")
    up = time.monotonic() - killed
    assert room.hub.ask("engine_process", room=room.id) not in {before, None}
    for name in sorted(SEATS):
        room.at(name).ask("drop_viewer", name=name)
    room.at("w").ask("drop_viewer", name="w")
    for name in [*sorted(SEATS), "c1", "c2", "c3"]:
        room.publish(name, *(("camera",) if name.startswith("c") else ()))
    room.ask_for_everything("w", *sorted(SEATS))
    back = time.monotonic() - killed
    report(f"engine SIGKILL: a new one after {up:.1f} s, all seats in it after {back:.1f} s")
    assert up < 10
    everything_is_as_it_was(room)


def test_a_reloaded_browser_is_the_same_member_again(room: HubRoom, report: Report) -> None:
    browser = room.browsers[REAL]
    assert isinstance(browser, BrowserMember)
    began = time.monotonic()
    browser.reload()
    room.join(REAL)
    room.publish(REAL)
    took = until_heard(room, REAL, "e2", within=20)
    room.ask_for_everything(REAL)
    back = time.monotonic() - began
    report(f"reload: heard again {took:.2f} s after publishing, the whole {back:.1f} s")
    members = [one["kind"] for one in room.hub.ask("ledger", room=room.id)].count("closed")
    assert members == 0
    everything_is_as_it_was(room)


def test_a_camera_that_is_unplugged_is_seen_to_be_gone_and_back(room: HubRoom, report: Report) -> None:
    browser, member = room.browsers[REAL], room.members[REAL]
    browser.unplug()
    unplugged = time.monotonic()
    room.act(REAL, "device", camera="absent", microphone="ok", speaker="ok")
    room.at("w").ask("fresh", name="w", kind="health", wanted={"member": member, "seen": False}, within=20)
    gone = time.monotonic() - unplugged
    browser.plug()
    plugged = time.monotonic()
    room.act(REAL, "device", camera="ok", microphone="ok", speaker="ok")
    room.at("w").ask("fresh", name="w", kind="health", wanted={"member": member, "seen": True}, within=20)
    report(f"camera unplugged: told after {gone:.1f} s, back after {time.monotonic() - plugged:.1f} s")
    everything_is_as_it_was(room)


def test_at_the_end_the_recording_is_whole_but_for_the_gaps_that_it_lists(
    room: HubRoom, report: Report
) -> None:
    archive = room.close_room()
    assert archive["ok"], archive["faults"]
    gaps = {(one["track"], one["cause"]) for one in archive["gaps"]}
    report(f"recording: {len(archive['checked'])} files, gaps {sorted({cause for _, cause in gaps})}")
    assert any(track == room.track(AWAY[0], "microphone") for track, _ in gaps), "the cut is not listed"
    names = [one["file"] for one in archive["checked"]]
    assert len(names) == len(set(names))
    with pytest.raises(InsideError, match=r"4010|closed"):
        room.join("e2")


def test_one_flipped_byte_of_the_whole_rooms_archive_is_found_and_its_file_is_named(
    room: HubRoom, tmp_path: Path
) -> None:
    folder = shutil.copytree(room.hub.ask("archive", room=room.id)["folder"], tmp_path / "archive")
    assert check(folder).ok
    track = max(folder.glob("*.qtr"), key=lambda one: one.stat().st_size)
    data = bytearray(track.read_bytes())
    data[len(data) // 2] ^= 1
    track.write_bytes(data)
    report = check(folder)
    assert not report.ok
    assert {one.file for one in report.faults} == {track.name}
