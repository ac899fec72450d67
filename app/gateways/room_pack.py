"""The room pack that ships: limits of an evaluation at several sites, and terms of its recordings."""

from functools import cache
from importlib import resources

from remote_eval.outage import Pack, read_pack


@cache
def room_pack() -> Pack:
    """The pack, read once."""
    return read_pack((resources.files("remote_eval") / "packs" / "remote.cn.toml").read_bytes())
