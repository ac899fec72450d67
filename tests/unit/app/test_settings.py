"""What an installation does when nobody set anything."""

from datetime import timedelta

import pytest

from app.settings import Settings


def test_a_live_platform_lets_a_pool_stand_for_three_days_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody has to think of it for a pool stuffed for one draw to be refused."""
    monkeypatch.delenv("QIANTONG_POOL_AGE_HOURS")
    monkeypatch.delenv("QIANTONG_MODE", raising=False)
    assert Settings().pool_age == timedelta(hours=72)
    assert Settings(mode="test").pool_age == timedelta(0)
    monkeypatch.setenv("QIANTONG_POOL_AGE_HOURS", "0")
    assert Settings().pool_age == timedelta(0)
    monkeypatch.setenv("QIANTONG_POOL_AGE_HOURS", "240")
    assert Settings(mode="test").pool_age == timedelta(days=10)
