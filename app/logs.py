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
    quiet_server()
    logging.getLogger("httpx").setLevel(logging.WARNING)


def quiet_server() -> None:
    """Keep input out of the HTTP server's own logs: no access log, and of a crash the type alone."""
    # The access log has query strings and addresses.
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("uvicorn.error").addFilter(type_only)


def type_only(record: logging.LogRecord) -> bool:
    """Put the type of a record's exception in place of its text and trace; always True."""
    if record.exc_info:
        kind = record.exc_info[0]
        record.msg = f"{record.getMessage().strip()} ({'-' if kind is None else kind.__name__})"
        record.args, record.exc_info, record.exc_text = (), None, None
    return True
