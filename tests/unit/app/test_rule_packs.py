"""The operator's rules folder: an official specialty table takes the place of the few codes that ship."""

from pathlib import Path

import pytest

from app.gateways.rule_packs import OWN_SPECIALTIES, load_rule_packs
from draw.errors import RulesError
from draw.specialties import read_csv

TABLE = "code,zh\nA,工程\nA08,工程施工\nA0803,市政\n".encode()


def test_without_a_folder_the_shipped_codes_are_known() -> None:
    assert load_rule_packs().specialties != read_csv(TABLE, source=OWN_SPECIALTIES)
    assert "tender.cn" in load_rule_packs().layers


def test_an_official_table_in_the_folder_replaces_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / OWN_SPECIALTIES).write_bytes(TABLE)
    loaded = load_rule_packs(tmp_path)
    assert loaded.specialties == read_csv(TABLE, source=OWN_SPECIALTIES)
    assert "tender.cn" in loaded.layers


def test_a_table_with_faults_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / OWN_SPECIALTIES).write_bytes(b"code,zh\nA1,x\n")
    with pytest.raises(RulesError, match="specialties"):
        load_rule_packs(tmp_path)
