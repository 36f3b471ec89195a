"""Logs: one line for each event on standard error, JSON for machines, colours for a terminal.

What the libraries log takes the same way. Nothing secret passes: the values of fields that are named
like secrets, and whatever in a text looks like a key, a bearer's token, a password in an address or a
reader's link. A field `key` counts as such; the key of an event or of a letter goes by another name.
"""

import logging
import math
import re
import sys
from collections.abc import Mapping
from contextlib import suppress

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.typing import EventDict, Processor

from model.errors import UsageError
from service.printing import visible
from service.problems import nearest

FORMS = ("auto", "json", "console")
HIDDEN = "***"
_FIRST = ("timestamp", "level", "logger", "event")
_IN_LINES = {"exception", "stack"}
_QUIETER = ("uvicorn", "apscheduler", "sqlalchemy", "asyncio", "alembic", "httpx")
_NAMES = r"key|token|secret|password|passwd|credentials?|cookie|authorization"
_SECRET_FIELD = re.compile(rf"(?:.*[_\-.])?(?:{_NAMES})", re.IGNORECASE)
_SECRETS = (
    (re.compile(r"(bearer\s+)[^\s,;\"']+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"(://[^\s/:@]*):[^\s/@]+@"), rf"\1:{HIDDEN}@"),
    (
        re.compile(
            r"((?:password|passwd|secret|token|api_?key)[\"']?\s*[=:]\s*[\"']?)[^\s&,;\"']+", re.IGNORECASE
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(unsubscribe(?:/|%2F)+)[^\s?#\"'/{]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"\bpk_[A-Za-z0-9_\-]{8,}"), f"pk_{HIDDEN}"),
    (re.compile(r"^\[parameters: .*$", re.MULTILINE), f"[parameters: {HIDDEN}]"),  # of SQLAlchemy's errors
)


def configure(form: str = "auto") -> None:
    """Send all logs to standard error.

    Parameters
    ----------
    form
        ``json``, ``console``, or ``auto``: the console's form at a terminal, JSON elsewhere.

    Raises
    ------
    UsageError
        The form is none of these.
    """
    if form not in FORMS:
        raise UsageError(f"logs have no form {form!r}; {nearest(form, FORMS)}")
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    handler = _StandardError()
    handler.setFormatter(_formatter(console=console))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.captureWarnings(capture=True)
    for name in _QUIETER:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            *_shared(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=BoundLogger,
    )


def get(name: str) -> BoundLogger:
    """Give the logger of a part; before `configure`, only its warnings show, on standard error."""
    if not structlog.is_configured():
        structlog.configure(
            processors=[*_shared()[:2], *_ending(console=True)],
            wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
            logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        )
    logger: BoundLogger = structlog.get_logger(name)
    return logger


class _StandardError(logging.Handler):
    """Writes to whatever is standard error by then; where nobody can read it, nothing more can be done."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()


def _formatter(*, console: bool) -> logging.Formatter:
    own = [ProcessorFormatter.remove_processors_meta, *_ending(console=console)]
    return ProcessorFormatter(
        foreign_pre_chain=[*_shared(), structlog.stdlib.add_logger_name], processors=own
    )


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _ending(*, console: bool) -> list[Processor]:
    made_text: list[Processor] = [
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    return [*made_text, masked, *(_for_people() if console else _for_machines())]


def _for_machines() -> list[Processor]:
    return [_ordered, structlog.processors.JSONRenderer()]


def _for_people() -> list[Processor]:
    plain = structlog.dev.plain_traceback
    return [_inert, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def masked(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Take out what is secret, however deep it stands."""
    return {name: _masked(name, value) for name, value in event.items()}


def _masked(name: object, value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _masked(key, one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(name, one) for one in value]
    if value is None or isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return HIDDEN if _SECRET_FIELD.fullmatch(str(name)) else without_secrets(text)


def without_secrets(text: str) -> str:
    """Take out of a text whatever looks like a key, a token or a password."""
    for pattern, shown in _SECRETS:
        text = pattern.sub(shown, text)
    return text


def _ordered(_logger: object, _method: str, event: EventDict) -> EventDict:
    return {name: event[name] for name in _FIRST if name in event} | dict(event)


def _inert(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Show what a terminal would act upon as its code; only a traceback keeps its lines."""
    return {name: _shown(name, value) for name, value in event.items()}


def _shown(name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    return "\n".join(map(visible, value.split("\n") if name in _IN_LINES else [value]))
