"""What a page is asked for in its address, as a form without a script sends it: blank fields mean nothing."""

from calendar import monthrange
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import Query
from markupsafe import Markup, escape
from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from service.api.parameters import LONGEST_CURSOR, day, moment
from service.printing import MISSING

PAGE = 25  # rows
LONGEST = 200  # letters of what is asked for


def _or_none(value: object, longest: int = LONGEST) -> object:
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and len(text) > longest:
        raise PydanticCustomError("long", "is longer than {most} letters", {"most": longest})
    return None if text == "" else text


def _cursor(value: object) -> object:
    return _or_none(value, LONGEST_CURSOR)


def _day(value: object) -> date | None:
    found = _or_none(value)
    return None if found is None else day(found)


def _moment(value: object) -> datetime | None:
    found = _or_none(value)
    return None if found is None else moment(found)


type _Text = Annotated[str | None, BeforeValidator(_or_none)]
type _Day = Annotated[date | None, BeforeValidator(_day), WithJsonSchema({"type": "string"})]
type _Moment = Annotated[datetime | None, BeforeValidator(_moment), WithJsonSchema({"type": "string"})]

Words = Annotated[_Text, Query()]
AskedDay = Annotated[_Day, Query()]
KnownAt = Annotated[_Moment, Query()]
Cursor = Annotated[str | None, BeforeValidator(_cursor), Query()]


def event_path(key: str) -> str:
    """Give where an event's page is."""
    return f"/events/{quote(key, safe='')}"


def report_path(identity: str) -> str:
    """Give where a report's page is."""
    return f"/reports/{quote(identity, safe='')}"


def forecast_path(identity: str) -> str:
    """Give where a forecast's page is."""
    return f"/forecasts/{quote(identity, safe='')}"


def web_link(url: str | None) -> str | None:
    """Give an address that a reader may follow: of the web, and of nothing else."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.hostname else None


def elsewhere(url: str | None, publisher: str | None) -> str:
    """Name the host that an address leads to where it is not the publisher's own; empty where it is."""
    host = (urlsplit(url or "").hostname or "").removeprefix("www.")
    own = (publisher or "").casefold().removeprefix("www.")
    return "" if own and (host == own or host.endswith(f".{own}")) else host


def signed(number: float | None, places: int) -> str:
    """Show a change with its sign, a true minus, and no signed zero; missing as a dash."""
    if number is None:
        return MISSING
    shown = f"{number:+.{places}f}"
    return f"{0:.{places}f}" if float(shown) == 0 else shown.replace("-", "\N{MINUS SIGN}")


def span(first: date, last: date) -> Markup | str:
    """Say within which days something happened: a day, a month, a year, or what lies between two days."""
    if first == last:
        return Markup('<time datetime="{}">{}</time>').format(first.isoformat(), f"{first:%-d %b %Y}")
    if (first.day, last.day) == (1, monthrange(last.year, last.month)[1]) and first.year == last.year:
        if first.month == last.month:
            return Markup('<time datetime="{}">{}</time>').format(f"{first:%Y-%m}", f"{first:%b %Y}")
        if (first.month, last.month) == (1, 12):
            return Markup('<time datetime="{0}">{0}</time>').format(f"{first:%Y}")
    return span(first, first) + " to " + span(last, last)


def sentence(text: str) -> str:
    """Write what a command would say in one line as a sentence; a file's name keeps its first letter."""
    first, _, _ = text.partition(" ")
    begins = text if first.endswith(":") else text[:1].upper() + text[1:]
    return begins if begins.endswith((".", "!", "?")) else f"{begins}."


def coded(text: str) -> Markup:
    """Show what stands between backticks as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 and place < len(parts) - 1 else escape(part)
        for place, part in enumerate(parts)
    )


HELPERS: dict[str, Any] = {
    "event_path": event_path,
    "report_path": report_path,
    "forecast_path": forecast_path,
    "web_link": web_link,
    "elsewhere": elsewhere,
    "signed": signed,
    "span": span,
    "sentence": sentence,
    "coded": coded,
}
