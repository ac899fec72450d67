"""The file of gateways of the demonstration: one simulated carrier for short messages and calls."""

import json
from pathlib import Path

from app.private_files import write_private

SMS = "sms.demo"
VOICE = "voice.demo"
_SECTION = """[[gateway]]
name = "{name}"
kind = "{kind}"
url = "{url}/{name}/{kind}"
report_key = "{key}"
body = {{{body}}}
answer = {{pointer = "/code", accepted = [0], busy = [9]}}
"""


def write_gateways(file: Path, *, url: str, key: str) -> None:
    """Write the file. `url` is the carrier's address, `key` the one that it signs reports with (hex32)."""
    carried = ("id", "to", "text", "expires_at")
    asked = (*carried, "draw", "n", "menu")
    sections = [
        _SECTION.format(name=name, kind=kind, url=url, key=key, body=_body(members))
        for name, kind, members in ((SMS, "sms", carried), (VOICE, "voice", asked))
    ]
    write_private(file, "\n".join(sections).encode("utf-8"))


def _body(members: tuple[str, ...]) -> str:
    return ", ".join(f"{name} = {json.dumps('{' + name + '}')}" for name in members)
