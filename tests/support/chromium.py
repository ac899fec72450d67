"""Finds the Chromium that browser tests drive. It comes from the machine; nothing is downloaded here."""

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
HOW_TO = "put one on PATH (Debian: apt install chromium) or name it in QIANTONG_CHROMIUM"


def find_chromium() -> Path | None:
    """Give the program of QIANTONG_CHROMIUM, else the first known name on PATH, else None."""
    asked = os.environ.get("QIANTONG_CHROMIUM")
    if asked:
        return Path(asked) if Path(asked).is_file() else None
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    return next((Path(place) for place in PLACES if Path(place).is_file()), None)


def is_demanded() -> bool:
    """Tell whether a missing browser is a failure: on a CI machine, where nobody reads a warning."""
    return os.environ.get("CI", "").lower() == "true"


def launch_options(program: Path) -> dict[str, object]:
    """Arguments for playwright's launch; the browser's own sandbox refuses to start for root."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": str(program), "args": arguments}
