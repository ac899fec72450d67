"""A browser at the two verifier pages: what visitors do there, and what must hold at every visit.

A script error or a broken content policy fails the test; from the file on disk nothing is asked of any
network. Times are printed and never judged.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from axe_playwright_python.sync_playwright import Axe

from crypto.canonical import canonical
from tests.support.ceremony import Ceremony, bundle_bytes
from tests.support.forgery import ABORTED, BEACON, RICH, SEALED
from tests.support.invited import INVITED

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGE = Path(__file__).resolve().parents[2] / "app/static/verifier.html"
WIDE = {"width": 1280, "height": 800}
ZOOMED = {"width": 640, "height": 400}  # the same screen at 200 %
PATIENCE = 60_000
DROP = """([name, bytes]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(bytes)], name));
  document.querySelector(".qv-drop").dispatchEvent(
    new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


def write_proofs(folder: Path) -> Path:
    """Fill a folder with honest proofs of several stages, and the further files of one draw."""
    for name, plan in {"opened": RICH, "beacon": BEACON, "sealed": SEALED, "aborted": ABORTED}.items():
        (folder / f"{name}.json").write_bytes(bundle_bytes(Ceremony(plan).bundle()))
    ceremony = Ceremony(RICH)
    (folder / "pool.json").write_bytes(canonical(ceremony.pool_file()))
    (folder / "receipt.json").write_bytes(canonical(ceremony.receipt(ceremony.records[0].id)))
    invited = Ceremony(INVITED)
    (folder / "invited.json").write_bytes(bundle_bytes(invited.bundle()))
    (folder / "invited-pool.json").write_bytes(canonical(invited.pool_file()))
    (folder / "reply.json").write_bytes(canonical(invited.reply_receipt(3)))
    (folder / "trust.json").write_bytes(canonical(ceremony.trust()))
    (folder / "holiday.jpg").write_bytes(b"\xff\xd8\xff\xe0 no proof at all")
    return folder


@contextmanager
def visit(
    browser: "Browser",
    address: str,
    *,
    size: dict[str, int] | None = None,
    script: str = "",
    asked: list[str] | None = None,
    **more: Any,
) -> "Iterator[Page]":
    """A page in a context of its own; `asked` collects the address of every request."""
    context = browser.new_context(viewport=size or WIDE, **more)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if _is_fault(message) else None)
    page.on("request", lambda request: None if asked is None else asked.append(request.url))
    if script:
        page.add_init_script(script)
    page.goto(address)
    yield page
    context.close()
    assert faults == []


def _is_fault(message: Any) -> bool:
    # An unknown code is an answer that the page explains; the browser lists it as an error of its own.
    return message.type in ("error", "warning") and "Failed to load resource" not in message.text


@contextmanager
def offline(browser: "Browser", *, language: str = "zh-CN", **more: Any) -> "Iterator[Page]":
    """The file from disk without a network: nothing is asked for but the file and the worker inside it."""
    asked: list[str] = []
    address = f"{PAGE.as_uri()}?lang={language}"
    with visit(browser, address, offline=True, asked=asked, **more) as page:
        yield page
    assert [url for url in asked if not url.startswith("blob:null/")] == [address]


def choose(page: "Page", *paths: Path) -> None:
    """Choose files and wait for the verdict."""
    page.locator("#qv-files").set_input_files(paths)
    page.locator("#qv-verdict").wait_for()
    tell_time(page, paths[0].name)


def drop(page: "Page", path: Path) -> None:
    """Drop a file as with the mouse and wait for the verdict."""
    page.evaluate(DROP, [path.name, list(path.read_bytes())])
    page.locator("#qv-verdict").wait_for()


def verdict(page: "Page") -> str:
    """The headline of the result."""
    return page.locator("#qv-verdict").inner_text()


def states(page: "Page") -> list[str]:
    """The word beside each of the six ticks."""
    return page.locator(".qv-tick .qv-state").all_inner_texts()


def tell_time(page: "Page", what: str) -> None:
    """Print how long the page says it took."""
    print(what, "·", page.locator(".qv-status").inner_text())  # noqa: T201


def check_accessibility(page: "Page", view: str) -> None:
    """No serious finding of axe, and nothing wider than the window."""
    found = Axe().run(page).response["violations"]
    serious = [
        f"{one['id']}: {node['html']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
    assert serious == [], view
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), view
