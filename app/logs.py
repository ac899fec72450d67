"""Structured logs: JSON lines on standard error, with nothing personal in them.

Whoever logs passes codes, counts and ids of draws. `censored` is the last line of defence: members whose
names could carry a person are dropped, and exceptions are logged by type only, because their texts can hold
input.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

DROPPED: Final = frozenset(
    {
        "name",
        "phone",
        "person",
        "id_number",
        "body",
        "headers",
        "query",
        "url",
        "token",
        "exc_info",
        "stack_info",
    }
)


def censored(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop members that could carry personal data or secrets."""
    for member in DROPPED & event.keys():
        del event[member]
    return event


def configure(level: int = logging.INFO) -> None:
    """Set up logging for the process; called once by a program, never on import."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            censored,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    # The server's own access log has query strings and addresses.
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("httpx").setLevel(logging.WARNING)
