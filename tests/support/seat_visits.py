"""An expert's browser at an enrolled seat of a served room: the seat's own key, a fresh slip, a fake camera.

The page is opened at the platform's public address, which the seat key signs for; the browser finds it at
the test server's port.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from tests.support.arriving import ORIGIN
from tests.support.arriving import Browser as SeatBrowser
from tests.support.chromium import launch_options
from tests.support.room_visits import FILMING, Played
from tests.support.rooms_served import DESKS, Room
from tests.support.visits import WIDE, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# What the enrolment leaves in the browser: the pair as an object, its private half not to be read.
_KEEP = """async ([seat, siteName, jwk]) => {
    const curve = { name: "ECDSA", namedCurve: "P-256" };
    const { d, ...shown } = jwk;
    const privateKey = await crypto.subtle.importKey("jwk", jwk, curve, false, ["sign"]);
    const publicKey = await crypto.subtle.importKey("jwk", shown, curve, true, ["verify"]);
    const open = indexedDB.open("qiantong-seat", 1);
    open.onupgradeneeded = () => open.result.createObjectStore("key");
    await new Promise((done) => { open.onsuccess = done; });
    const put = open.result.transaction("key", "readwrite").objectStore("key");
    const kept = put.put({ seat, siteName, pair: { privateKey, publicKey } }, "only");
    await new Promise((done) => { kept.onsuccess = done; });
    open.result.close();
}"""


@contextmanager
def seat_browser(
    chromium: Path, played: Played, *, devices: tuple[str, ...] = FILMING
) -> "Iterator[Browser]":
    """A browser for seats of this server; `devices` are its switches for camera and microphone."""
    host = ORIGIN.removeprefix("http://")
    port = played.address.rpartition(":")[2]
    options: dict[str, Any] = launch_options(chromium)
    options["args"] = [
        *options["args"],
        *devices,
        "--no-proxy-server",
        f"--host-resolver-rules=MAP {host}:80 127.0.0.1:{port}",
        f"--unsafely-treat-insecure-origin-as-secure={ORIGIN}",
    ]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(**options)
        yield running
        running.close()


@contextmanager
def seated(
    browser: "Browser",
    played: Played,
    number: int,
    *,
    size: dict[str, int] | None = None,
    language: str = "zh-CN",
    **more: Any,
) -> "Iterator[Page]":
    """The page of an expert who has just sat down with a fresh slip; before any check of devices."""
    one = played.room.cast.seated[number]

    async def fresh(room: Room) -> str:
        return str((await room.arriving.seat(one.arrival, DESKS[one.site]))["slip"])

    slip = played.do(fresh)
    with visit(browser, f"{ORIGIN}/seat?lang={language}", size=size or WIDE, **more) as page:
        sit_down(page, one.browser, slip)
        yield page


def sit_down(page: "Page", held: SeatBrowser, slip: str) -> None:
    """The page of a seat, enrolled with the key that is held, takes a fresh slip."""
    key = held.key.private_numbers().private_value.to_bytes(32, "big")
    jwk = held.jwk | {"d": urlsafe_b64encode(key).decode().rstrip("=")}
    page.locator("#qt-login").wait_for()
    page.evaluate(_KEEP, [held.seat, "主场", jwk])
    page.reload()
    page.locator("#slip").fill(slip)
    page.keyboard.press("Enter")
    page.locator(".check").wait_for()
