"""What a source keeps of recent articles in its cursor, as JSON. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

from ingest.gdelt.articles import Article, Known
from ingest.gdelt.rows import Actor, Event

KEPT_FOR = timedelta(hours=24)  # GDELT emits an event again within a few hours
MAX_KEPT = 500  # articles
_STAMP = "%Y%m%d%H%M%S"

type Kept = Mapping[str, object]


def recalled(kept: object) -> dict[str, Known]:
    """Read what `remembered` wrote; what does not make sense is forgotten."""
    found: dict[str, Known] = {}
    for key, entry in _entries(kept):
        with suppress(ValueError, TypeError):
            found[key] = _known(entry)
    return found


def _known(entry: Mapping[str, object]) -> Known:
    events, url = entry.get("events"), entry.get("url")
    return Known(
        added=date.fromisoformat(str(entry.get("added"))),
        url=url if isinstance(url, str) else None,
        events=tuple(map(_event, events)) if isinstance(events, list) else (),
    )


def remembered(kept: object, read: Iterable[Article], at: datetime) -> dict[str, object]:
    """Write the articles of a file over those of earlier ones, and let go of what is a day old."""
    oldest = f"{at - KEPT_FOR:{_STAMP}}"
    entries = {key: entry for key, entry in _entries(kept) if str(entry.get("seen")) >= oldest}
    for article in read:
        if article.coded:
            entries.pop(article.key, None)  # so that it stands last
            entries[article.key] = _entry(article.known(), at)
    return dict(list(entries.items())[-MAX_KEPT:])


def _entries(kept: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    if isinstance(kept, Mapping):
        yield from ((key, entry) for key, entry in kept.items() if isinstance(entry, Mapping))


def _entry(known: Known, at: datetime) -> dict[str, object]:
    return {
        "seen": f"{at:{_STAMP}}",
        "added": known.added.isoformat(),
        "url": known.url,
        "events": [_written(event) for event in known.events],
    }


def _written(event: Event) -> list[object]:
    actors = [[one.code, one.name, one.country, *one.types] for one in (event.actor1, event.actor2)]
    return [event.day.isoformat(), event.code, event.leads, *actors, event.place, event.place_country]


def _event(entry: object) -> Event:
    day, code, leads, first, second, place, country = _list(entry)
    actors = _actor(first), _actor(second)
    return Event(date.fromisoformat(day), str(code), bool(leads), *actors, str(place), str(country))


def _actor(entry: object) -> Actor:
    code, name, country, *types = map(str, _list(entry))
    return Actor(code, name, country, tuple(types))


def _list(entry: object) -> list[Any]:
    return entry if isinstance(entry, list) else []
