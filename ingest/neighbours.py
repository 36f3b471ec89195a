"""Earlier reports by kind, country and day, so that those which are not near a report cost it nothing."""

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

from ingest.traits import words_of
from model.dates import CoarseDate

_TRACKING = ("utm_", "mc_")  # how names begin that say only by which way somebody came
_TRACKED = frozenset(["fbclid", "gclid", "ref", "cmp", "share", "source", "amp", "output"])  # likewise, whole


class Telling(NamedTuple):
    """What clustering looks at of a report.

    Parameters
    ----------
    countries
        Where it happened; the first says how dense the news are.
    page
        What stands for the page where it stands, "" for none.
    decided
        A person put it where it is.
    """

    id: str
    family: str
    countries: tuple[str, ...]
    when: CoarseDate
    headline: str
    words: tuple[str, ...]
    page: str
    denies: bool
    decided: bool


class Placed(NamedTuple):
    """A telling, and the event that it belongs to."""

    event: str
    telling: Telling


def telling(  # noqa: PLR0913 - what a report says of itself
    *,
    id: str,  # noqa: A002 - as the report calls it
    family: str,
    countries: tuple[str, ...],
    when: CoarseDate,
    headline: str,
    url: str | None,
    denies: bool,
    decided: bool,
) -> Telling:
    """Read what clustering looks at from what a report says."""
    words, page = words_of(headline), page_of(url)
    return Telling(id, family, countries, when, headline, words, page, denies, decided)


class Bucket:
    """The tellings of one kind, country and date; their words are indexed once there are many nearby."""

    __slots__ = ("_fresh", "events", "pages", "tellings", "texts", "when", "words")

    def __init__(self, when: CoarseDate) -> None:
        self.when = when
        self.tellings: dict[str, Placed] = {}
        self._fresh: dict[str, Placed] = {}  # those not yet indexed
        self.events: defaultdict[str, dict[str, Telling]] = defaultdict(dict)
        self.words: defaultdict[str, list[str]] = defaultdict(list)  # an event for each telling
        self.texts: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        self.pages: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, placed: Placed) -> None:
        """Add a telling."""
        self.tellings[placed.telling.id] = self._fresh[placed.telling.id] = placed

    def remove(self, report_id: str) -> None:
        """Take a telling out."""
        event, telling = self.tellings.pop(report_id)
        if self._fresh.pop(report_id, None) is None:
            del self.events[event][report_id]
            if not self.events[event]:
                del self.events[event]
            for events in self._postings(telling):
                events.remove(event)

    def index(self) -> None:
        """Index what has come since the last time."""
        for report_id, (event, telling) in self._fresh.items():
            self.events[event][report_id] = telling
            for events in self._postings(telling):
                events.append(event)
        self._fresh.clear()

    def _postings(self, telling: Telling) -> Iterator[list[str]]:
        yield from map(self.words.__getitem__, telling.words)
        yield self.texts[telling.words]
        yield self.pages[telling.page]


class _Place:
    """The tellings of one kind in one country: by the day, and those that are dated more coarsely."""

    __slots__ = ("_coarse", "_days")

    def __init__(self) -> None:
        self._days: dict[int, Bucket] = {}
        self._coarse: dict[CoarseDate, Bucket] = {}

    def bucket(self, when: CoarseDate) -> Bucket:
        day = when.first.toordinal()
        if when.first != when.last:
            return self._coarse.get(when) or self._coarse.setdefault(when, Bucket(when))
        return self._days.get(day) or self._days.setdefault(day, Bucket(when))

    def near(self, when: CoarseDate, days: int) -> Iterator[Bucket]:
        first, last = when.first.toordinal() - days, when.last.toordinal() + days
        for bucket in map(self._days.get, range(first, last + 1)):
            if bucket is not None and bucket.tellings:
                yield bucket
        for other, bucket in self._coarse.items():
            if bucket.tellings and other.gap(when) <= days:
                yield bucket


class Neighbours:
    """Everything told so far.

    Parameters
    ----------
    days
        How far apart what is near may be.
    """

    def __init__(self, *, days: int) -> None:
        self.days = days
        self._places: defaultdict[tuple[str, str], _Place] = defaultdict(_Place)
        self._known: dict[str, Telling] = {}

    def add(self, event: str, telling: Telling) -> None:
        """Add a report to an event; it leaves the one where it was."""
        if telling.id in self._known:
            self.remove(telling.id)
        self._known[telling.id] = telling
        placed = Placed(event, telling)
        for country in telling.countries:
            self._places[telling.family, country].bucket(telling.when).add(placed)

    def __len__(self) -> int:
        return len(self._known)

    def remove(self, report_id: str) -> None:
        """Forget a report, if it is known."""
        telling = self._known.pop(report_id, None)
        if telling is not None:
            for country in telling.countries:
                self._places[telling.family, country].bucket(telling.when).remove(report_id)

    def near(self, telling: Telling) -> list[list[Bucket]]:
        """Find what was told near a report, of its kind and within some days, for each of its countries."""
        return [
            list(self._places[telling.family, country].near(telling.when, self.days))
            for country in telling.countries
        ]


@lru_cache(maxsize=8192)
def page_of(url: str | None) -> str:
    """Give what stands for a page in its address, however it is linked; "" for none, and for a front page."""
    _, _, rest = (url or "").partition("://")
    place, _, query = rest.partition("#")[0].partition("?")
    host, _, path = place.removeprefix("www.").rstrip("/").partition("/")
    pairs = parse_qsl(query) if query else []
    named = [pair for pair in pairs if pair[0] not in _TRACKED and not pair[0].startswith(_TRACKING)]
    return f"{host.lower()}/{path}{sorted(named) or ''}" if path or named else ""
