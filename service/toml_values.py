"""Readers of single configured values: each returns the value, or says what is wrong and what to write.

They refuse with ValueError, which pydantic collects. Numbers may stand in quotes, as the environment has
them.
"""

import math
import re
from collections.abc import Callable
from datetime import date, time, timedelta
from difflib import get_close_matches
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from ingest.countries import NEARLY, country_code
from model.dates import CoarseDate
from model.domain import ANALYSIS, REGION, TIMINGS
from model.errors import InvalidValue
from service import addresses
from service.problems import nearest, shown

TINY = math.nextafter(0, 1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # PostgreSQL cannot keep them, nor a mail carry them
_BREAK = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_INTERVAL = re.compile(r"([1-9][0-9]{0,3})([mhd])")
_ADDRESS = r"[^@<>\s]+@[^@<>\s]+"
_MAILBOX = re.compile(rf"{_ADDRESS}|[^<>@]*<{_ADDRESS}>")
_WEB = re.compile(r"https?://[^\s/]+(/\S*)?")
_SQLITE = re.compile(r"sqlite://(/.*)?")
_POSTGRESQL = re.compile(
    r"postgresql\+psycopg://([^:/@]*(:[^@]*)?@)?(\[[0-9A-Fa-f:.]+\]|[^/:?@\[\]]*)(:[0-9]{1,5})?(/[^?]*)?(\?.*)?"
)

Reader = Callable[[object], object]


class Weekly(NamedTuple):
    """A time of the week: ``mon`` to ``sun``, and the time of day."""

    day: str
    at: time


def _is(value: object, advice: str) -> ValueError:
    return ValueError(f"is {shown(value)}; {advice}")


def text(value: object) -> str:
    """Any text, over several lines too."""
    if not isinstance(value, str):
        raise _is(value, "write text in quotes")
    if _CONTROL.search(value.replace("\r\n", "\n")):
        raise ValueError("holds a control character; write plain text")
    return value


def line(value: object) -> str:
    """Text of one line."""
    if _BREAK.search(text(value)):
        raise ValueError("holds a line break or a control character; write it on one line")
    return str(value)


def name(value: object) -> str:
    """Text of one line that says something."""
    if not line(value).strip():
        raise ValueError("is empty; write a name, or leave the key out")
    return str(value)


def secret(value: object) -> str:
    """Text that no message may repeat."""
    if not isinstance(value, str):
        raise ValueError("is not text; write it in quotes")  # noqa: TRY004 - pydantic collects ValueErrors only
    return value


def slug(value: object) -> str:
    """Key that also serves as the name of a file."""
    if not isinstance(value, str) or not _SLUG.fullmatch(value):
        raise _is(value, "ids are small letters, digits and hyphens, a hyphen not first, at most 64 of them")
    return value


def tag(value: object) -> str:
    """Kind of event."""
    if name(value) == ANALYSIS:
        raise _is(value, "reports of that tag tell of no new act and never count; choose another tag")
    if value != str(value).strip():
        raise _is(value, "write it without spaces before or after it")
    return str(value)


def history(value: object) -> str:
    """Read which record a base rate is from: ``register:orders``, ``register:deliveries``, ``events:TAG``."""
    kind, mark, rest = name(value).partition(":")
    if value in {"register:orders", "register:deliveries"}:
        return str(value)
    if kind == "events" and mark and rest:
        return f"events:{tag(rest)}"
    raise _is(value, 'write "register:orders", "register:deliveries" or "events:TAG"')


def place(value: object) -> str:
    """Read a country's code, or ``*`` for the whole region."""
    return REGION if value == REGION else country(value)


def country(value: object) -> str:
    """Country by its ISO 3166 code of two letters, made capital."""
    if value == REGION:
        raise _is(value, "leave countries out to count events everywhere")
    try:
        return country_code(line(value))
    except InvalidValue:
        advice = NEARLY.get(str(value).upper(), "an ISO 3166 code of two letters, such as PE")
    raise _is(value, f"write {advice}")


def one_or_more(value: object) -> object:
    """List; a single text is a list of one."""
    return [value] if isinstance(value, str) else value


def once(values: tuple[str, ...]) -> tuple[str, ...]:
    """Each of the values once."""
    return tuple(dict.fromkeys(values))


def day(value: object) -> date:
    """Day of the calendar, as a date of TOML or as text."""
    written = value.isoformat() if isinstance(value, date) else value
    try:
        found = CoarseDate.parse(written) if isinstance(written, str) else None
    except InvalidValue:
        found = None
    if found is None or not found.is_day:
        raise _is(value, "write a day from 1900 to 2199, such as 2026-01-31")
    return found.first


def number(advice: str, *, low: float, high: float = math.inf) -> Reader:
    """Make the reader of a finite number within bounds, both included."""

    def read(value: object) -> float:
        found = _figure(value)
        if not (math.isfinite(found) and low <= found <= high):
            raise _is(value, advice)
        return found

    return read


def inside(advice: str) -> Reader:
    """Make the reader of a number strictly between 0 and 1."""
    return number(advice, low=TINY, high=math.nextafter(1, 0))


def _figure(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def whole(advice: str, *, low: int, high: int) -> Reader:
    """Make the reader of a whole number within bounds, both included."""

    def read(value: object) -> int:
        found = _figure(value)
        if isinstance(value, float) or not (low <= found <= high and found.is_integer()):
            raise _is(value, advice)
        return int(found)

    return read


_SAMPLE = whole('write "every", or how many forecasts a night, 1 to 10000', low=1, high=10_000)


def sample(value: object) -> int | None:
    """How many forecasts of a night PyMC checks; None is every one."""
    if value is None or value == "every":
        return None
    return int(str(_SAMPLE(value)))


def timing(value: object) -> float:
    """γ of ``F(u) = u**γ``, by name or as a number."""
    if isinstance(value, str) and value in TIMINGS:
        return TIMINGS[value]
    found = math.nan if isinstance(value, str) else _figure(value)
    if not (math.isfinite(found) and found > 0):
        raise _is(value, "write even, late, early or a number above 0")
    return found


def yes_or_no(value: object) -> bool:
    """Truth, as TOML writes it."""
    if not isinstance(value, bool):
        raise _is(value, "write true or false, without quotes")
    return value


def one_of(*choices: str) -> Reader:
    """Make the reader of one of a few words."""

    def read(value: object) -> str:
        if value not in choices:
            raise _is(value, nearest(str(value), choices))
        return str(value)

    return read


def clock(value: object) -> time:
    """Time of day."""
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise _is(value, 'write hours and minutes in quotes, such as "02:15"')
    return time(int(found[1]), int(found[2]))


def weekly(value: object) -> Weekly:
    """Day and time of the week: day names only, for schedulers count days from different ones."""
    advice = 'write a day\'s name and a time, such as "mon 07:00"; day names, never numbers'
    words = value.split() if isinstance(value, str) else []
    if len(words) != 2 or words[0].lower() not in DAYS or not _CLOCK.fullmatch(words[1]):
        raise _is(value, advice)
    return Weekly(words[0].lower(), clock(words[1]))


def zone(value: object) -> str:
    """Name of a time zone."""
    try:
        return ZoneInfo(name(value)).key
    except (KeyError, ValueError, OSError):
        close = get_close_matches(str(value), available_timezones(), n=1)
    raise _is(value, f"did you mean {close[0]}?" if close else "write one such as UTC or Europe/Berlin")


def interval(value: object) -> timedelta:
    """Span of time."""
    found = _INTERVAL.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise _is(value, 'write minutes, hours or days, such as "30m", "6h" or "1d"')
    return timedelta(minutes=int(found[1]) * {"m": 1, "h": 60, "d": 1440}[found[2]])


def grade(value: object) -> str:
    """Grade of the Admiralty code."""
    if not isinstance(value, str) or not re.fullmatch("[A-F][1-6]", value):
        raise _is(value, 'write a letter A to F and a figure 1 to 6, such as "B2"')
    return value


def mailbox(value: object) -> str:
    """Address of mail, with or without a name before it."""
    if not _MAILBOX.fullmatch(line(value)):
        raise _is(value, 'write an address, such as "Desk <desk@example.org>"')
    try:
        addresses.mailbox(str(value))
    except InvalidValue as error:
        raise ValueError(str(error)) from None
    return str(value)


def web_address(value: object) -> str:
    """Address at which a browser reaches us; its text is not repeated, for it may hold a password."""
    if not _WEB.fullmatch(line(value)):
        raise ValueError("is not an address; write it with https:// or http://")
    return str(value).rstrip("/")


def database(value: object) -> str:
    """Address of a database; its text is not repeated, for it may hold a password."""
    if not isinstance(value, str) or not (_SQLITE.fullmatch(value) or _POSTGRESQL.fullmatch(value)):
        raise ValueError(
            "is not an address of a database; write sqlite:///var/posterity.db (three slashes)"
            " or postgresql+psycopg://user:password@host/name"
        )
    return value
