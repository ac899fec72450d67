"""A gateway's folder (site-gateway.md §6): configuration and key, refused for each thing that is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from crypto.signing import SigningKey
from remote_eval.errors import MediaError
from remote_eval.media.gateway.configuration import (
    CONFIGURATION,
    KEY_FILE,
    MAX_ADDRESSES,
    make_key,
    read_configuration,
    read_key,
    write_configuration,
)

HUB = SigningKey.from_seed(bytes([2]) * 32)
FORM: dict[str, Any] = {
    "site": "site-a",
    "device": "gw_1",
    "hub": "https://hub.example/",
    "hub_key": HUB.public.hex(),
    "bind": "0.0.0.0",  # noqa: S104 - what a gateway listens at
    "port": 40_000,
    "addresses": ["192.0.2.7", "2001:db8::7"],
}


def reason(folder: Path, form: Any) -> str:
    """Why a configuration is refused; nothing is written of it."""
    with pytest.raises(MediaError, match=r"gateway\.configuration") as caught:
        write_configuration(folder, form)
    assert not (folder / CONFIGURATION).exists()
    return str(caught.value.details["reason"])


def test_a_configuration_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_configuration(tmp_path, FORM)
    found = read_configuration(tmp_path)
    assert (found.site, found.device, found.hub_key) == ("site-a", "gw_1", HUB.public)
    assert (found.bind, found.port, found.addresses) == (FORM["bind"], 40_000, ("192.0.2.7", "2001:db8::7"))
    assert (tmp_path / CONFIGURATION).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("hub", "channel"),
    [
        ("https://hub.example", "wss://hub.example/v1/gateways/site-a/media"),
        ("https://hub.example:8443/", "wss://hub.example:8443/v1/gateways/site-a/media"),
        ("http://[::1]:8000/below/", "ws://[::1]:8000/below/v1/gateways/site-a/media"),
    ],
)
def test_the_channel_is_below_the_hubs_pages(tmp_path: Path, hub: str, channel: str) -> None:
    write_configuration(tmp_path, FORM | {"hub": hub})
    assert read_configuration(tmp_path).channel == channel


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("site", ""),
        ("site", "a/b"),
        ("site", "s" * 65),
        ("site", 7),
        ("device", "gw 1"),
        ("device", None),
        ("hub", "hub.example"),
        ("hub", "ftp://hub.example"),
        ("hub", "https://"),
        ("hub", "https://hub.example/?a=b"),
        ("hub", "https://hub.example/#a"),
        ("hub", "https://name:secret@hub.example/"),
        ("hub", "https://hub.example:99999"),
        ("hub", "https://hub.example:0"),
        ("hub", "https://[::1"),
        ("hub", 7),
        ("hub_key", "00" * 32),
        ("hub_key", HUB.public.hex()[:-2]),
        ("hub_key", "xx" * 32),
        ("hub_key", None),
        ("bind", "hub.example"),
        ("bind", 7),
        ("port", -1),
        ("port", 65_536),
        ("port", "40000"),
        ("port", True),
        ("port", 1.5),
        ("addresses", []),
        ("addresses", ["192.0.2.7"] * (MAX_ADDRESSES + 1)),
        ("addresses", ["192.0.2.7", "gateway.example"]),
        ("addresses", [7]),
        ("addresses", "192.0.2.7"),
    ],
)
def test_one_wrong_member_is_named(tmp_path: Path, member: str, value: Any) -> None:
    assert reason(tmp_path, FORM | {member: value}) == member


def test_a_configuration_is_never_written_over(tmp_path: Path) -> None:
    write_configuration(tmp_path, FORM)
    with pytest.raises(FileExistsError):
        write_configuration(tmp_path, FORM | {"port": 1})
    assert read_configuration(tmp_path).port == 40_000


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "json"),
        ("{", "json"),
        ("[]", "members"),
        (json.dumps({name: value for name, value in FORM.items() if name != "port"}), "members"),
        (json.dumps(FORM | {"more": 1}), "members"),
        (json.dumps(FORM | {"port": "x"}), "port"),
        (json.dumps(FORM) + " " * 20_000 + "x", None),
        (" " * 20_000 + json.dumps(FORM), "json"),
        ("\u00ff" * 3, "json"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, text: str, why: str | None) -> None:
    (tmp_path / CONFIGURATION).write_bytes(text.encode("latin-1"))
    if why is None:
        # What stands beyond the limit is not looked at.
        assert read_configuration(tmp_path).port == 40_000
        return
    with pytest.raises(MediaError, match=r"gateway\.configuration") as caught:
        read_configuration(tmp_path)
    assert caught.value.details["reason"] == why


def test_a_folder_without_a_configuration_is_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_configuration(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_key(tmp_path)


def test_a_key_is_its_owners_alone_and_made_once(tmp_path: Path) -> None:
    made = make_key(tmp_path, bytes([9]) * 32)
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert read_key(tmp_path).public == made.public
    with pytest.raises(FileExistsError):
        make_key(tmp_path, bytes([8]) * 32)
    assert read_key(tmp_path).public == made.public


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    make_key(tmp_path, bytes([9]) * 32)
    (tmp_path / KEY_FILE).chmod(mode)
    with pytest.raises(MediaError, match=r"gateway\.key") as caught:
        read_key(tmp_path)
    assert caught.value.details["reason"] == "mode"


@pytest.mark.parametrize("content", [b"", b"xx" * 32, b"09" * 31, b"09" * 33, b"\xff" * 64])
def test_what_is_no_key_is_refused_and_not_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).touch(mode=0o600)
    (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(MediaError, match=r"gateway\.key") as caught:
        read_key(tmp_path)
    assert caught.value.details == {"reason": "content"}
