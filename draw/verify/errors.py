"""The one error family of the verifier (draw-proof §10).

`ProofError` names the first check that failed: number, name, what that means in Chinese and English, who must
act, and a short technical detail. Details hold paths, indices and roles, never field values: names and
telephone numbers cannot leak here.
"""

from typing import NoReturn

from draw.verify.texts import TEXTS


class ProofError(Exception):
    """The first failing check. `number` and `name` are those of draw-proof §10; `responsible` is a role in
    English."""

    def __init__(  # noqa: PLR0917 - the six are the shape of a verdict
        self, number: int, name: str, zh: str, en: str, responsible: str, detail: str = ""
    ) -> None:
        super().__init__(f"check {number} {name}: {detail or en}")
        self.number = number
        self.name = name
        self.zh = zh
        self.en = en
        self.responsible = responsible
        self.detail = detail


def fail(number: int, detail: str) -> NoReturn:
    """Raise the ProofError of check `number` with its texts."""
    text = TEXTS[number]
    raise ProofError(number, text.name, text.fails_zh, text.fails_en, text.responsible, detail)


def require(condition: bool, number: int, detail: str) -> None:
    """Fail check `number` unless the condition holds."""
    if not condition:
        fail(number, detail)
