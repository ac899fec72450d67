"""How the demonstration speaks: numbered steps in plain words, Chinese first, then tables. Knows nothing of
draws' insides.
"""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from app.demo.accounts import Account
from app.demo.phones import Phone
from app.usecases.previews import Look

_FILTERS: Final = {
    "site": ("在各场地范围内", "within a site's regions"),
    "specialty": ("专业符合", "has a wanted specialty"),
    "status": ("在库有效", "active and valid"),
    "qualification": ("职称与年限符合", "qualified"),
}
# What somebody does at the phone: the way, and the answer that comes with it.
_WAYS: Final = {
    "accept": ("语音按键 keypad", "accept"),
    "decline": ("听完按键 heard, keypad", "decline"),
    "link": ("信中链接，短信验证码 letter, one-time code", None),
}
_ANSWERS: Final = {"accept": "[green]应邀 accept[/]", "decline": "[yellow]谢绝 decline[/]"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLine:
    """One row of the panel's table. `employers` counts the employers known of the expert, `same` the panel's
    members of the same employer."""

    seat: int
    stratum: str
    site: str
    name: str
    employers: int
    same: int
    refilled: bool


class Show:
    """Prints to one console; `steps` is how many there will be."""

    def __init__(self, steps: int, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stdout, highlight=False)
        self._steps = steps
        self._step = 0
        self._begun = time.monotonic()

    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._begun

    @contextmanager
    def step(self, zh: str, en: str) -> Iterator[None]:
        """Announce a step, then how long it took."""
        self._step += 1
        begun = time.monotonic()
        self.console.print(f"[bold]({self._step}/{self._steps})[/] {zh} · [dim]{en}[/]")
        yield
        self.console.print(f"      [green]✓[/] {time.monotonic() - begun:.1f} s")

    def detail(self, zh: str, en: str) -> None:
        """A line below the present step."""
        self.console.print(f"      {zh} · [dim]{en}[/]")

    def counts(self, look: Look) -> None:
        """How far each filter shrinks the pool; filters that exclude nobody are left out."""
        if look.preview is None:
            return
        table = Table(title="筛选后的人数 · experts left after each filter", title_justify="left")
        table.add_column("条件 filter")
        table.add_column("余 left", justify="right")
        left = look.preview.pool
        table.add_row("专家库 pool", str(left))
        for step in look.preview.steps:
            if step.left != left:
                zh, en = _FILTERS.get(step.filter, ("回避", "avoidance"))
                table.add_row(f"{step.filter} {zh} {en}", str(step.left))
            left = step.left
        self.console.print(table)

    def answers(self, phones: Sequence[Phone]) -> None:
        """Who was reached, in that order, and what they said; no number, no name."""
        table = Table(title="先后收到邀请的人 · whoever was reached, in order", title_justify="left")
        table.add_column("次序 no.", justify="right")
        table.add_column("经由 by")
        table.add_column("答复 answer")
        for number, phone in enumerate(phones, 1):
            way, answer = _WAYS[phone.does]
            said = _ANSWERS[answer or phone.answer]
            table.add_row(str(number), way, said if phone.code is None else f"{said}（{phone.code}）")
        self.console.print(table)

    def seats(self, seats: Sequence[Mapping[str, Any]]) -> None:
        """How many were asked for each seat, and where it stands."""
        table = Table(title="各席位 · seat by seat", title_justify="left")
        for column in ("席位 seat", "专业组 stratum", "场地 site", "问过几人 asked", "状态 state"):
            table.add_column(column)
        for one in seats:
            table.add_row(
                str(one["seat"]), str(one["stratum"]), str(one["site"]), str(one["round"]), str(one["state"])
            )
        self.console.print(table)

    def pages(self, addresses: Mapping[str, str]) -> None:
        """Where the pages are, one address a line, whole."""
        for name, address in addresses.items():
            if address:
                print(f"{name}   {address}")

    def accounts(self, accounts: Sequence[Account]) -> None:
        """Who may sign in; the second factor goes into an authenticator app."""
        print("账号 account · 角色 role · 口令 password · 验证器密钥 TOTP secret（30 s, SHA-1）")
        for one in accounts:
            print(f"  {one.login}  {one.role}  {one.password}  {one.secret}")
        print("按 Ctrl-C 结束 · press Ctrl-C to end", flush=True)

    def panel(self, lines: Sequence[SeatLine]) -> None:
        """Who sits where; the demonstration acts as the entitled opener."""
        table = Table(
            title="评标专家名单（合成人员，均非真人）· the panel (synthetic people, nobody is real)",
            title_justify="left",
        )
        for column in (
            "席位 seat",
            "专业组 stratum",
            "场地 site",
            "姓名 name",
            "单位数 jobs",
            "同单位 same",
            "递补 new",
        ):
            table.add_column(column)
        for one in lines:
            refilled = "是 yes" if one.refilled else ""
            table.add_row(
                str(one.seat + 1),
                one.stratum,
                one.site,
                one.name,
                str(one.employers),
                str(one.same),
                refilled,
            )
        self.console.print(table)

    def files(self, files: Mapping[str, tuple[str, str]], folder: str) -> None:
        """What was left, and for whom."""
        table = Table(title=f"输出目录 output folder: {folder}", title_justify="left")
        table.add_column("文件 file")
        table.add_column("用途 for")
        for name, (zh, en) in files.items():
            table.add_row(name, f"{zh} · {en}")
        self.console.print(table)
