"""How soon an expert can begin: the seat's page, from the call of its address to a field that takes the slip.

    python benchmarks/seat_page.py [--runs 9]

The built page is served as the platform serves it, to a fresh Chromium profile whose seat is enrolled: every
script is fetched. Usable is the page when the field of the slip has the focus, by the page's own clock. Four
lines: this machine, a line of 1.6 Mbit/s with 150 ms there and back (what Chromium's tools call a slow 4G), a
processor slowed four times, and both.

Baseline in the same run: the same browser opening an empty page at the same server over the same line. The
script is what the browser has really fetched, as it travelled, until the check of devices before the room is
on the screen.
"""

import argparse
import json
import logging
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser, Page, Request, Route, sync_playwright
from timing import machine, table, verdict

from app.api.edge import Edge
from app.api.pages_static import mount_pages
from tests.support.chromium import find_chromium, launch_options

STATIC = Path(__file__).resolve().parents[1] / "app/static"
GOAL_MS, GOAL_BYTES = 1_000.0, 40_000.0
# What Chromium's developer tools call a slow 4G, in bytes a second.
SLOW_LINE = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 93_750}
CONDITIONS = {
    "this machine": (False, 1),
    "slow line": (True, 1),
    "slow processor": (False, 4),
    "slow line, slow processor": (True, 4),
}
# Answers to a seat that logs in: nothing here is timed, the page is to go on to the room's part.
ANSWERS = {
    "challenges": {"challenge": "ch_1", "statement": "{}"},
    "logins": {
        "session": "ses_1",
        "seat": "s1",
        "site": "site_a",
        "code": "E1",
        "token": "t",
        "expires_at": "-",
    },
    "room": {"room": None},
}
# What an enrolment leaves in the browser.
ENROL = """async () => {
    const curve = { name: "ECDSA", namedCurve: "P-256" };
    const pair = await crypto.subtle.generateKey(curve, false, ["sign", "verify"]);
    const open = indexedDB.open("qiantong-seat", 1);
    open.onupgradeneeded = () => open.result.createObjectStore("key");
    await new Promise((done) => { open.onsuccess = done; });
    const put = open.result.transaction("key", "readwrite").objectStore("key");
    const kept = put.put({ seat: "s1", siteName: "主场", pair }, "only");
    await new Promise((done) => { kept.onsuccess = done; });
    open.result.close();
}"""
# Asked before anything of the page runs.
WATCH = """addEventListener("focusin", (event) => {
    if (event.target.id === "slip") window.usable ??= performance.now();
});"""


@contextmanager
def served() -> Iterator[str]:
    """The pages at an address of this machine, and an empty one."""
    app = FastAPI()
    app.get("/empty")(lambda: HTMLResponse("<!doctype html><title>-</title>"))
    mount_pages(app, STATIC)
    server = uvicorn.Server(uvicorn.Config(Edge(app), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@contextmanager
def enrolled(browser: Browser, address: str, *, slow_line: bool = False, slower: int = 1) -> Iterator[Page]:
    """A page in a profile of its own, at an enrolled seat, over such a line and on such a processor."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{address}/empty")
    page.evaluate(ENROL)
    page.add_init_script(WATCH)
    tools = context.new_cdp_session(page)
    tools.send("Network.enable")
    if slow_line:
        tools.send("Network.emulateNetworkConditions", SLOW_LINE)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    yield page
    context.close()


def times(browser: Browser, address: str, *, slow_line: bool, slower: int) -> tuple[float, float]:
    """Milliseconds of one opening until the page is usable, and of the empty page's."""
    with enrolled(browser, address, slow_line=slow_line, slower=slower) as page:
        page.goto(f"{address}/empty")
        empty = float(page.evaluate("performance.getEntriesByType('navigation')[0].domComplete"))
        page.goto(f"{address}/seat")
        page.locator("#slip:focus").wait_for()
        return float(page.evaluate("window.usable")), empty


def fetched(browser: Browser, address: str) -> dict[str, int]:
    """Bytes of every script from opening the page until the room's part is on the screen."""
    found: dict[str, int] = {}

    def answer(route: Route) -> None:
        last = route.request.url.rpartition("/")[2]
        route.fulfill(content_type="application/json", body=json.dumps(ANSWERS[last]))

    with enrolled(browser, address) as page:
        page.route("**/v1/seats/**", answer)
        asked: list[Request] = []

        def note(request: Request) -> None:
            asked.append(request)

        page.on("requestfinished", note)
        page.goto(f"{address}/seat")
        page.locator("#slip").fill("12345678")
        page.keyboard.press("Enter")
        page.locator(".check").wait_for()
        for request in asked:
            if request.resource_type == "script":
                found[request.url.rpartition("/")[2]] = request.sizes()["responseBodySize"]
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    program = find_chromium()
    assert program, "a Chromium is needed"
    print(machine())
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(program))  # type: ignore[arg-type]
        rows = []
        for name, (slow_line, slower) in CONDITIONS.items():
            seen = [times(browser, address, slow_line=slow_line, slower=slower) for _ in range(runs)]
            usable = sorted(one for one, _ in seen)
            median = statistics.median(usable)
            empty = statistics.median(one for _, one in seen)
            rows.append((name, usable[0], median, usable[-1], empty, verdict(median, GOAL_MS)))
        table(("usable, ms", "lowest", "median", "highest", "empty page", "goal"), rows)
        weights = fetched(browser, address)
        total = float(sum(weights.values()))
        table(("script, as it travelled", "bytes"), [*weights.items(), ("all", int(total))])
        print(verdict(total, GOAL_BYTES))
        browser.close()


if __name__ == "__main__":
    main()
