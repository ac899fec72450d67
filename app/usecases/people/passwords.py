"""Passwords: what one must be like, and argon2id (RFC 9106) over them, one at a time.

19 MiB, two passes, one lane: about 30 ms of one core. A single worker thread does all of it and few may wait,
so that a flood of sign-ins costs one core at most and is told to come back. A name without an account is
compared with a hash of the same cost.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import AppError, Fault

T = TypeVar("T")
MIN_CHARS: Final = 12
MAX_CHARS: Final = 128
MIN_DIFFERENT: Final = 8
MIN_KINDS: Final = 3
MAX_WAITING: Final = 16
_MEMORY_KIB: Final = 19 * 1024
_PASSES: Final = 2
_LANES: Final = 1
_NOBODYS: Final = "an account that does not exist"


class Passwords:
    """The one place of a process where passwords are hashed."""

    def __init__(self, *, waiting: int = MAX_WAITING) -> None:
        """`waiting`: how many may be at work or in the queue."""
        self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="argon2id")
        self._room = threading.BoundedSemaphore(waiting)
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """The argon2id hash in its encoded form. Raises AppError ``sign-in.busy``."""
        return await self._alone(lambda: self._hasher.hash(password))

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether this is the password; as much work when nothing is stored. Raises ``sign-in.busy``."""
        return await self._alone(lambda: self._compared(stored, password))

    async def _alone(self, work: Callable[[], T]) -> T:
        if not self._room.acquire(blocking=False):
            raise AppError("sign-in.busy")
        running = self._thread.submit(work)
        # Freed when the work ends, not when whoever waits for it gives up.
        running.add_done_callback(lambda _: self._room.release())
        return await asyncio.wrap_future(running)

    def _compared(self, stored: str | None, password: str) -> bool:
        if self._nobodys is None:
            self._nobodys = self._hasher.hash(_NOBODYS)
        try:
            self._hasher.verify(self._nobodys if stored is None else stored, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None


def faults_of(password: str, *, login: str) -> Iterator[Fault]:
    """Everything that keeps this from being a password of `login`."""
    if not MIN_CHARS <= len(password) <= MAX_CHARS:
        yield _fault(
            "length",
            f"口令应为 {MIN_CHARS} 至 {MAX_CHARS} 个字符",
            f"A password has {MIN_CHARS} to {MAX_CHARS} characters",
        )
    if _kinds(password) < MIN_KINDS:
        yield _fault(
            "kinds",
            "口令应含大写字母、小写字母、数字、其他字符中的至少三类",
            "A password mixes three of: capital letters, small letters, digits, other characters",
        )
    if len(set(password)) < MIN_DIFFERENT:
        yield _fault(
            "repeats",
            f"口令应含至少 {MIN_DIFFERENT} 个不同字符",
            f"A password has at least {MIN_DIFFERENT} different characters",
        )
    if login in password.casefold():
        yield _fault("login", "口令不得包含登录名", "A password does not contain the login name")


def _kinds(password: str) -> int:
    capital = any(one.isupper() for one in password)
    small = any(one.islower() for one in password)
    digit = any(one.isdecimal() for one in password)
    other = any(not (one.isupper() or one.islower() or one.isdecimal()) for one in password)
    return capital + small + digit + other


def _fault(kind: str, zh: str, en: str) -> Fault:
    return Fault(code=f"password.{kind}", pointer="/password", zh=zh, en=en)
