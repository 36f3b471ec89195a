"""RSS, Atom and RDF feeds become news items. Pure.

The bytes are decoded (`ingest.decoding`), reduced to a small well-formed feed (`ingest.syndication`), and
read by feedparser, whose own sanitizing is off: every text is made plain here (`ingest.markup`). An item that
cannot be taken is refused alone; a document that is no feed, or that may be a bomb, is refused whole.
"""

import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from ingest import fields, moments
from ingest.decoding import UNDECODED, declared_encodings, decode
from ingest.items import NewsItem
from ingest.markup import readable, visible
from ingest.records import Refused
from ingest.syndication.guard import reduced
from ingest.syndication.reduction import Place
from model.dates import CoarseDate
from model.digests import digest
from model.errors import InputRefused, InvalidValue

MAX_SUMMARY = 5_000  # characters
_MAX_KEY = 2_000
_MAX_TITLE = 200  # of a feed, or of an item that has a text and no title
_DATES = ("published", "updated", "created")  # the first of them that can be read
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
_CUT = "the feed ends within it; its publisher has to send the rest"
_LOST = "some of its letters could not be decoded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """What a feed holds.

    Parameters
    ----------
    items
        In its order; what could not be taken in its place.
    notes
        What its owner should know, such as an encoding that lied.
    """

    items: tuple[NewsItem | Refused, ...]
    notes: tuple[str, ...] = ()
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Channel:
    """What holds for every item of a feed that says nothing else."""

    base: str
    publisher: str | None
    lang: str | None
    now: datetime


def parse(body: bytes, *, content_type: str | None, url: str | None, now: datetime) -> Feed:
    """Read a feed, in time and memory that grow with its length and no faster.

    Parameters
    ----------
    content_type
        As HTTP gave it; of it only the encoding counts.
    url
        Where the feed was read, against which relative addresses are resolved.
    now
        Nothing can have been published more than a day later.

    Raises
    ------
    InputRefused
        It is no feed, declares entities, or is in no encoding that can be told.
    """
    import feedparser  # type: ignore[import-untyped]  # noqa: PLC0415 - only who parses feeds waits for it

    if not body.strip():
        raise InputRefused("is empty; ask its publisher for the address of the feed")
    decoded = decode(body, declared=declared_encodings(body, content_type))
    small = reduced(decoded.text)
    document = feedparser.parse(
        io.BytesIO(small.xml),
        response_headers={"content-type": "application/xml; charset=utf-8", "content-location": url or ""},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    channel = _channel(document.feed, url, now)
    read = (_item(entry, place, channel) for entry, place in zip(document.entries, small.places, strict=True))
    return Feed(
        items=tuple(_each_once(read, small.places)),
        notes=decoded.notes + small.notes,
        title=_title(document.feed),
    )


def _channel(feed: Mapping[str, Any], url: str | None, now: datetime) -> _Channel:
    link = feed.get("link") or ""
    base = url or link
    publisher = _host(urljoin(base, link)) or _host(base)
    return _Channel(base=base, publisher=publisher, lang=_lang(feed.get("language")), now=now)


def _title(feed: Mapping[str, Any]) -> str:
    try:
        return _shortened(readable(feed.get("title") or ""), _MAX_TITLE)
    except InvalidValue:
        return ""


def _each_once(items: Iterable[NewsItem | Refused], places: Iterable[Place]) -> Iterable[NewsItem | Refused]:
    """Refuse further items under a key that an item has: a feed would amend one by the other for ever."""
    lines: dict[str, int] = {}
    for item, place in zip(items, places, strict=True):
        if isinstance(item, NewsItem) and item.key in lines:
            reason = f"id: is that of the item on line {lines[item.key]}, which was taken"
            yield Refused(line=item.line, reason=reason, text=place.original)
            continue
        if isinstance(item, NewsItem):
            lines[item.key] = item.line
        yield item


def _item(entry: Mapping[str, Any], place: Place, channel: _Channel) -> NewsItem | Refused:
    problems: list[str] = []

    def taken[T](name: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except InvalidValue as error:
            problems.append(f"{name}: {error}")
            return None

    if place.cut:
        return Refused(line=place.line, reason=_CUT, text=place.original)
    summary = taken("summary", lambda: _summary(entry)) or ""
    headline = taken("title", lambda: _headline(entry, summary))
    url = taken("link", lambda: _address(entry, channel.base))
    published = taken("date", lambda: _published(entry, channel.now))
    key = taken("id", lambda: _key(entry, url, headline or ""))
    if problems or headline is None or key is None:
        return Refused(line=place.line, reason="; ".join(problems), text=place.original)
    return NewsItem(
        key=key,
        line=place.line,
        published=published,
        headline=headline,
        summary=summary,
        url=url,
        publisher=_source(entry) or channel.publisher,
        lang=_lang(entry.get("title_detail", {}).get("language")) or channel.lang,
    )


def _headline(entry: Mapping[str, Any], summary: str) -> str:
    title = _sound(readable(entry.get("title") or "")) or _shortened(summary, _MAX_TITLE)
    if not title:
        raise InvalidValue("is missing, and so is any text")
    return fields.headline(title)


def _summary(entry: Mapping[str, Any]) -> str:
    """Give what an item says of itself, or else the beginning of what it says."""
    contents = (content.get("value") for content in entry.get("content", ()))
    for markup in (entry.get("summary"), *contents):
        if markup and (text := readable(markup)):
            return _sound(_shortened(text, MAX_SUMMARY))
    return ""


def _sound(text: str) -> str:
    if UNDECODED in text:
        raise InvalidValue(_LOST)
    letters = text.replace(" ", "")
    if letters.count("?") > max(3, len(letters) // 2):
        raise InvalidValue("consists of question marks, which were letters once")
    return text


def _shortened(text: str, most: int) -> str:
    """Cut a text between words, and say so with three dots."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    return f"{kept.rpartition(' ')[0] or kept}…"


def _address(entry: Mapping[str, Any], base: str) -> str | None:
    """Give an item's address, which only the web has."""
    if "link" not in entry:
        return None
    told = entry["link"].strip()  # empty where feedparser could make nothing of it
    try:
        address = urljoin(base, told).replace(" ", "%20") if told else ""
        parts = urlsplit(address)
    except ValueError:
        address, parts = "", urlsplit("")
    if parts.scheme not in {"http", "https"} or "%" in (parts.hostname or "%"):
        raise InvalidValue(f"{visible(told)[:60]!r} is no address of the web, which begins with https://")
    if address != visible(address) or UNDECODED in address:
        raise InvalidValue(f"{visible(address)[:100]!r} holds characters that no address does")
    return fields.address(address)


def _published(entry: Mapping[str, Any], now: datetime) -> CoarseDate | None:
    """Read the first date that can be read; None where none is told."""
    wrong = None
    for text in filter(None, _dates(entry)):
        try:
            return moments.published(text, now=now)
        except InvalidValue as error:
            wrong = wrong or error
    if wrong:
        raise wrong
    return None


def _dates(entry: Mapping[str, Any]) -> list[str]:
    """Give dates as they are told; feedparser would else give one for the other, with a warning."""
    return [entry[name].strip() if name in entry else "" for name in _DATES]


def _key(entry: Mapping[str, Any], url: str | None, headline: str) -> str:
    told = " ".join((entry.get("id") or "").split()) or url
    if not told:
        return digest({"headline": headline, "dates": _dates(entry)})
    if len(told) > _MAX_KEY:
        raise InvalidValue(f"has more than {_MAX_KEY:,} characters")
    return _sound(visible(told))


def _source(entry: Mapping[str, Any]) -> str | None:
    source = entry.get("source") or {}
    return _host(source.get("link") or "") or _host(source.get("href") or "")


def _host(address: str) -> str | None:
    """Give the name of an address's host."""
    try:
        parts = urlsplit(address.strip())
        host = (parts.hostname or "").removeprefix("www.").rstrip(".")
    except ValueError:
        return None
    return host if parts.scheme in {"http", "https"} and _is_name(host) else None


def _is_name(host: str) -> bool:
    return 0 < len(host) <= 253 and visible(host) == host and UNDECODED not in host and not host[0].isspace()


def _lang(told: object) -> str | None:
    """Give a language's code, such as ``es`` or ``pt-BR``."""
    code = str(told or "").strip().replace("_", "-")
    return code if _LANGUAGE.fullmatch(code) else None
