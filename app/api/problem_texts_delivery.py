"""Errors of delivery: HTTP status, Chinese and English. Joined in `app.api.problem_texts`."""

from typing import Final

from app.api.problem_rows import ProblemText

PROBLEMS: Final[dict[str, ProblemText]] = {}
