"""The rows of an export by article: one item for each article, however many events it tells of. Pure.

GDELT emits events again: under another number, in a later file, on the next day by its clock. What of an
article varies so is left out of its item, and what was known of it before holds on (`Known`), so that the
same article gives the same item.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from ingest.gdelt.addresses import words
from ingest.gdelt.codes import CAMEO
from ingest.gdelt.coding import Coded, Coder
from ingest.gdelt.rows import Actor, Event, Row
from ingest.items import NewsItem
from model.dates import CoarseDate

MAX_EVENTS = 40  # that are kept of one article; up to 96 were seen
_MAX_ACTOR = 60  # characters of a name in a headline
_WORD = re.compile(r"[^\W\d_](?:[^\W_]|['’])*")

type _Identity = tuple[str, Actor, Actor, tuple[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What earlier files said of an article, as far as a later one may say otherwise.

    Parameters
    ----------
    added
        The day on which GDELT first saw it.
    events
        Those that a coding asked for.
    """

    added: date
    url: str | None
    events: tuple[Event, ...]


@dataclass(kw_only=True, slots=True)
class Article:
    """An article, and those of its events that a coding asks for."""

    key: str
    line: int
    publisher: str
    added: date
    url: str | None
    coded: dict[_Identity, tuple[Event, Coded]] = field(default_factory=dict)

    def ranked(self) -> list[tuple[Event, Coded]]:
        """Order events by their coding, then by what they tell; the order of the rows has no part in it."""
        return sorted(self.coded.values(), key=lambda pair: (pair[1].place, _rank(pair[0])))[:MAX_EVENTS]

    def known(self) -> Known:
        """Say what is to be known of it in later files."""
        events = tuple(event for event, _ in self.ranked())
        return Known(added=self.added, url=self.url, events=events)


def articles(rows: Iterable[Row], coder: Coder, known: Mapping[str, Known]) -> list[Article]:
    """Gather the rows of each article, in the order in which the articles begin.

    A citation names a publisher but no article: each of its events stands alone.
    """
    found: dict[str, Article] = {}
    for row in sorted(rows, key=lambda row: _rank(row.event)):
        key = _key(row)
        article = found.get(key)
        if article is None:
            article = found[key] = _begun(key, row, known.get(key), coder)
        article.line, article.added = min(article.line, row.line), min(article.added, row.added)
        _add(article, row.event, coder)
    return sorted(found.values(), key=lambda article: article.line)


def _key(row: Row) -> str:
    if row.source.url:
        return row.source.key
    return f"{row.source.key}: {_headline(row.event)}, {row.event.day}"


def _begun(key: str, row: Row, before: Known | None, coder: Coder) -> Article:
    if before is None:
        before = Known(added=row.added, url=row.source.url, events=())
    article = Article(
        key=key,
        line=row.line,
        publisher=row.source.publisher,
        added=min(row.added, before.added),
        url=before.url,
    )
    for event in before.events:
        _add(article, event, coder)
    return article


def _add(article: Article, event: Event, coder: Coder) -> None:
    """Add an event that a coding asks for, unless it is there, be it on another day."""
    coded = coder.judge(event)
    if coded is not None:
        where = event.place, event.place_country
        article.coded.setdefault((event.code, event.actor1, event.actor2, where), (event, coded))


def _rank(event: Event) -> tuple[object, ...]:
    """Put first what the article begins with, then what is newest."""
    who = (part for actor in (event.actor1, event.actor2) for part in (actor.code, actor.name, actor.country))
    return not event.leads, -event.day.toordinal(), event.code, *who, event.place, event.place_country


def coded_item(article: Article) -> NewsItem:
    """Make an item of an article that a coding asks for; the first one in the configuration's order holds."""
    ranked = article.ranked()
    event, coded = ranked[0]
    own = {other.country for _, other in ranked if other.place == coded.place}
    headline, made_of = _told(article, event)
    shown = [_headline(one) for one, _ in ranked]
    return NewsItem(
        key=article.key,
        line=article.line,
        published=_day(article.added),
        occurred=_day(min(event.day, article.added)),  # when emitted again, it is told as of a later day
        headline=headline,
        url=article.url,
        publisher=article.publisher,
        tag=coded.coding.tag,
        country=coded.country,
        also=tuple(sorted(own - {coded.country})),
        confidence=coded.coding.confidence,
        why=f"codes[{coded.place}] of the source: {_headline(event)}",
        extra=MappingProxyType({"gdelt": {"events": shown, "headline_made_of": made_of}}),
    )


def plain_item(article: Article) -> NewsItem | None:
    """Make an item for the rules to judge, by the words in its address; None where there are no words."""
    headline = words(article.url) if article.url else None
    if headline is None:
        return None
    return NewsItem(
        key=article.key,
        line=article.line,
        published=_day(article.added),
        headline=headline,
        url=article.url,
        publisher=article.publisher,
        extra=MappingProxyType({"gdelt": {"headline_made_of": "address"}}),
    )


def _told(article: Article, event: Event) -> tuple[str, str]:
    found = words(article.url) if article.url else None
    return (found, "address") if found else (_headline(event), "codes")


def _headline(event: Event) -> str:
    """Write an event as ``Russia – Peru: sign formal agreement (057), Lima``."""
    who = " – ".join(filter(None, map(_name, (event.actor1, event.actor2))))
    what = f"{CAMEO[event.code]} ({event.code})"
    where = event.place.partition(",")[0]
    return ", ".join(filter(None, (f"{who}: {what}" if who else what, where)))


def _name(actor: Actor) -> str:
    name = actor.name or actor.code
    if actor.name.isupper():
        name = _WORD.sub(lambda word: word[0].capitalize(), actor.name)
    return name[:_MAX_ACTOR]


def _day(day: date) -> CoarseDate:
    return CoarseDate(day, day)
