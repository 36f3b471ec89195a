"""Earlier reports by kind, country and day, so that those which are not near a report cost it nothing."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
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
    first, last
        The days within which it happened, counted as the calendar's ordinals.
    page
        What stands for the page where it stands, "" for none.
    decided
        A person put it where it is.
    """

    id: str
    family: str
    countries: tuple[str, ...]
    first: int
    last: int
    headline: str
    words: tuple[str, ...]
    page: str
    denies: bool
    decided: bool

    def gap(self, other: "Telling") -> int:
        """Days between two tellings, 0 where they touch or overlap."""
        return max(0, self.first - other.last, other.first - self.last)


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
    first, last = when.first.toordinal(), when.last.toordinal()
    words, page = words_of(headline), page_of(url)
    return Telling(id, family, countries, first, last, headline, words, page, denies, decided)


class _Postings:
    """The events of all tellings that have a word, in the order of their days."""

    __slots__ = ("_days", "events")

    def __init__(self) -> None:
        self._days: list[int] = []
        self.events: list[str] = []

    def add(self, day: int, event: str) -> None:
        if self._days and day < self._days[-1]:
            at = bisect_right(self._days, day)
            self._days.insert(at, day)
            self.events.insert(at, event)
        else:
            self._days.append(day)
            self.events.append(event)

    def remove(self, day: int, event: str) -> None:
        at = self.events.index(event, bisect_left(self._days, day))
        del self._days[at], self.events[at]

    def within(self, first: int, last: int) -> tuple[int, int]:
        """Say where those of some days begin and end."""
        return bisect_left(self._days, first), bisect_right(self._days, last)


type Having = tuple[list[str], int, int]  # a list of events, and from where to where it is meant
type Days = list[tuple[int, dict[str, Placed]]]  # what was told on each, by the reports' ids

READS = 12  # tellings that can be read in the time in which one is indexed

_NONE: Having = [], 0, 0
_NOTHING: dict[str, Telling] = {}


class Shelf:
    """Tellings of one kind in one country: all that are dated to the day, or those of one coarser date.

    They stand under the day with which their date begins; their words are indexed once that costs less than
    what reading them has cost.

    Parameters
    ----------
    length
        Days that each of their dates takes.
    """

    __slots__ = ("_fresh", "_read", "days", "events", "length", "pages", "texts", "told", "words")

    def __init__(self, length: int) -> None:
        self.length = length
        self.days: dict[int, dict[str, Placed]] = {}
        self._fresh: dict[str, Placed] = {}  # those not yet indexed
        self._read = 0  # tellings read since the last was indexed
        self.told: defaultdict[int, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.events: defaultdict[str, dict[str, Telling]] = defaultdict(dict)
        self.words: defaultdict[str, _Postings] = defaultdict(_Postings)
        self.texts: defaultdict[tuple[str, ...], list[Placed]] = defaultdict(list)
        self.pages: defaultdict[str, list[Placed]] = defaultdict(list)

    def add(self, placed: Placed) -> None:
        """Add a telling."""
        report_id, day = placed.telling.id, placed.telling.first
        self._fresh[report_id] = self.days.setdefault(day, {})[report_id] = placed
        self.told[day][placed.event] += 1

    def remove(self, telling: Telling) -> None:
        """Take a telling out."""
        placed = self.days[telling.first].pop(telling.id)
        if not self.days[telling.first]:
            del self.days[telling.first]
        told = self.told[telling.first]
        told[placed.event] -= 1
        if not told[placed.event]:
            del told[placed.event]
        if self._fresh.pop(telling.id, None) is None:
            self._take_out(placed)

    def _take_out(self, placed: Placed) -> None:
        event, telling = placed
        tellings = self.events[event]
        del tellings[telling.id]
        if not tellings:
            del self.events[event]
        for word in telling.words:
            self.words[word].remove(telling.first, event)
        if telling.words:
            self.texts[telling.words].remove(placed)
        if telling.page:
            self.pages[telling.page].remove(placed)

    def index(self) -> None:
        """Index what has come since the last time."""
        words, texts, pages = self.words, self.texts, self.pages
        for placed in sorted(self._fresh.values(), key=lambda placed: placed.telling.first):
            event, telling = placed
            day = telling.first
            self.events[event][telling.id] = telling
            for word in telling.words:
                words[word].add(day, event)
            if telling.words:
                texts[telling.words].append(placed)
            if telling.page:
                pages[telling.page].append(placed)
        self._fresh.clear()
        self._read = 0

    def is_read_often(self, number: int) -> bool:
        """Whether to index what has come is cheaper by now than to read so many tellings once more."""
        self._read += number
        return self._read >= READS * len(self._fresh)


class Near(NamedTuple):
    """What is near of a shelf: from one day to another."""

    shelf: Shelf
    first: int
    last: int

    def days(self) -> Days:
        """List the days of which something is told, with that."""
        days = self.shelf.days
        return [(day, days[day]) for day in range(self.first, self.last + 1) if day in days]

    def having(self, word: str) -> Having:
        """Find the events of all tellings that have a word."""
        postings = self.shelf.words.get(word)
        return (postings.events, *postings.within(self.first, self.last)) if postings else _NONE

    def same(self, telling: Telling) -> tuple[list[str], list[str]]:
        """Find the events that are told in the same words, and those on the same page."""
        alike = self.shelf.texts.get(telling.words, ()), self.shelf.pages.get(telling.page, ())
        texts, pages = ([one.event for one in found if self._holds(one.telling)] for found in alike)
        return texts, pages

    def tellings(self, event: str) -> list[Telling]:
        """List the tellings of an event."""
        return [one for one in self.shelf.events.get(event, _NOTHING).values() if self._holds(one)]

    def _holds(self, telling: Telling) -> bool:
        return self.first <= telling.first <= self.last


class _Place:
    """The tellings of one kind in one country: by the day, and those that are dated more coarsely."""

    __slots__ = ("_coarse", "_daily")

    def __init__(self) -> None:
        self._daily = Shelf(1)
        self._coarse: dict[tuple[int, int], Shelf] = {}

    def shelf(self, telling: Telling) -> Shelf:
        if telling.first == telling.last:
            return self._daily
        first, last = telling.first, telling.last
        return self._coarse.get((first, last)) or self._coarse.setdefault(
            (first, last), Shelf(last - first + 1)
        )

    def near(self, telling: Telling, days: int) -> list[Near]:
        first, last = telling.first - days, telling.last + days
        coarse = [
            Near(shelf, begins, begins)
            for (begins, ends), shelf in self._coarse.items()
            if shelf.days and begins <= last and ends >= first
        ]
        return [Near(self._daily, first, last), *coarse]


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
            self._places[telling.family, country].shelf(telling).add(placed)

    def __len__(self) -> int:
        return len(self._known)

    def remove(self, report_id: str) -> None:
        """Forget a report, if it is known."""
        telling = self._known.pop(report_id, None)
        if telling is not None:
            for country in telling.countries:
                self._places[telling.family, country].shelf(telling).remove(telling)

    def near(self, telling: Telling) -> list[list[Near]]:
        """Find what was told near a report, of its kind and within some days, for each of its countries."""
        places = (self._places[telling.family, country] for country in telling.countries)
        return [place.near(telling, self.days) for place in places]


@lru_cache(maxsize=8192)
def page_of(url: str | None) -> str:
    """Give what stands for a page in its address, however it is linked; "" for none, and for a front page."""
    _, _, rest = (url or "").partition("://")
    place, _, query = rest.partition("#")[0].partition("?")
    host, _, path = place.removeprefix("www.").rstrip("/").partition("/")
    pairs = parse_qsl(query) if query else []
    named = [pair for pair in pairs if pair[0] not in _TRACKED and not pair[0].startswith(_TRACKING)]
    return f"{host.lower()}/{path}{sorted(named) or ''}" if path or named else ""
