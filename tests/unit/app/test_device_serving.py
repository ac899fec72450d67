"""The file of simulated devices: keys are made once and kept, what has no id waits for its registration."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from app.errors import AppError
from app.simulator.device_serving import load_house
from crypto.signing import SigningKey
from tests.support.parties import seeded

PLATFORM = SigningKey.from_seed(seeded("platform")).public.hex()


def listed(*devices: dict[str, Any]) -> dict[str, Any]:
    return {"platform": "http://127.0.0.1:8000/", "platform_key": PLATFORM, "devices": list(devices)}


def test_a_fresh_device_gets_a_key_that_stays_and_shows_its_public_half(tmp_path: Path) -> None:
    path = tmp_path / "devices.json"
    path.write_text(json.dumps(listed({"name": "gate-a", "kind": "gate"})))
    house, waiting = load_house(path)
    assert (house.devices, [name for name, _ in waiting]) == ({}, ["gate-a"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again, same = load_house(path)
    assert same == waiting
    assert again.origin == "http://127.0.0.1:8000"


def test_a_registered_device_is_in_the_house_with_its_wrong_clock(tmp_path: Path) -> None:
    path = tmp_path / "devices.json"
    device = {"name": "j", "kind": "jammer", "id": "dev_1", "seed": "07" * 32, "offset": 90}
    path.write_text(json.dumps(listed(device)))
    house, waiting = load_house(path)
    assert waiting == []
    assert house.devices["dev_1"].offset.total_seconds() == 90
    assert house.named("j") is house.devices["dev_1"]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"platform": "x", "platform_key": "zz", "devices": []}', '{"devices": [{"name": 1}]}'],
)
def test_a_file_that_is_none_is_one_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "devices.json"
    path.write_text(text)
    with pytest.raises(AppError, match=r"devices\.file"):
        load_house(path)
