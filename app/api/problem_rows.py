"""The form of an error's text: HTTP status, Chinese and English, and whether trying again can help.

Each part of the API keeps its own rows; `app.api.problem_texts` joins them.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProblemText:
    """One row: HTTP status, both languages, and whether the same request may succeed later."""

    status: int
    zh: str
    en: str
    retryable: bool = False


def rows(
    status: int, texts: Mapping[str, tuple[str, str]], *, retryable: bool = False
) -> dict[str, ProblemText]:
    """Rows of one status: code to (Chinese, English)."""
    return {code: ProblemText(status, zh, en, retryable) for code, (zh, en) in texts.items()}
