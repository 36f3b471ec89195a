"""What was told near one report: how rare words are there, and which events it may tell of."""

import math
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

from ingest.neighbours import Neighbours, Telling
from model.dates import CoarseDate

WORDINGS = 4  # of one event that are compared
SHORTLIST = 4  # events that are compared closely
FEW = 8  # events nearby of which none is left out for having no word in common
SMALL = 24  # tellings nearby that are looked through one by one
MOST_SEEN = 400  # tellings that are looked at for having a word in common, where there are more than these
FADING = 0.35  # of an event's part in the crowd, for each day that it is apart
VAGUE_FROM = 15  # days from which an interval counts the less the longer it is
UNSEEN, PRIOR_REPORTS = 0.12, 9.0  # how frequent a word is before any report was seen
MOST_FREQUENT = 0.97

SAME_WORDS, SAME_PAGE = "in the same words", "on the same page"


class Around:
    """What was told near one report: of its kind, in its countries, within some days.

    Parameters
    ----------
    telling
        The report.
    neighbours
        Everything told before it. What was told of its first country says how frequent words are.
    """

    def __init__(self, telling: Telling, neighbours: Neighbours) -> None:
        self.telling = telling
        self._words = frozenset(telling.words)
        self._here, *elsewhere = neighbours.near(telling)
        self._buckets = [*self._here, *chain.from_iterable(elsewhere)]
        self._size = sum(len(bucket.tellings) for bucket in self._here)
        self._frequent = dict.fromkeys(telling.words, 0)
        self._having: dict[str, set[str]] = {}
        self._same: dict[str, str] = {}
        self._told: dict[str, dict[str, Telling]] = {}
        self._near: dict[str, float] = {}
        small = sum(len(bucket.tellings) for bucket in self._buckets) <= SMALL
        self._crowd = self._look_through() if small else self._look_up()

    def _look_through(self) -> float:
        """Read few tellings one by one, and count their events."""
        self._having = {word: set() for word in self._words}
        country = self.telling.countries[0]
        for bucket in self._buckets:
            nearness = _nearness(bucket.when, self.telling.when)
            for event, told in bucket.tellings.values():
                self._near[event] = max(nearness, self._near.get(event, 0.0))
                known = self._told.setdefault(event, {})
                if told.id not in known:
                    known[told.id] = told
                    self._take(event, told, country in told.countries)
        return math.fsum(self._near.values())

    def _take(self, event: str, told: Telling, here: bool) -> None:
        for word in self._words.intersection(told.words):
            self._having[word].add(event)
            self._frequent[word] += here
        if told.words == self.telling.words and told.words:
            self._same[event] = SAME_WORDS
        elif told.page == self.telling.page and told.page:
            self._same.setdefault(event, SAME_PAGE)

    def _look_up(self) -> float:
        """Look many tellings up in their index, and count events, those of several days for each of them."""
        crowd, page, words = 0.0, self.telling.page, self.telling.words
        for bucket in self._buckets:
            bucket.index()
            crowd += len(bucket.events) * _nearness(bucket.when, self.telling.when)
            if page:
                self._same = dict.fromkeys(bucket.pages.get(page, ()), SAME_PAGE) | self._same
            if words:
                self._same |= dict.fromkeys(bucket.texts.get(words, ()), SAME_WORDS)
        for word in self._words:
            self._frequent[word] = sum(len(bucket.words.get(word, ())) for bucket in self._here)
        return crowd

    def _events_having(self, word: str) -> set[str]:
        if word not in self._having:
            found = (bucket.words.get(word, ()) for bucket in self._buckets)
            self._having[word] = set(chain.from_iterable(found))
        return self._having[word]

    def _tellings(self, event: str) -> Iterable[Telling]:
        if event not in self._told:
            found = (bucket.events[event] for bucket in self._buckets if event in bucket.events)
            self._told[event] = {name: told for tellings in found for name, told in tellings.items()}
        return self._told[event].values()

    def crowd(self, event: str) -> float:
        """Count the other events nearby, each the less the more days it is apart."""
        return max(0.0, self._crowd - self._near.get(event, 1.0))

    def same(self) -> dict[str, str]:
        """Find the events told in the same words or on the same page, and say which of the two."""
        return self._same

    def likely(self) -> list[str]:
        """List the few events that share the rarest words with the report, the likeliest first."""
        weights = dict.fromkeys(self._near if len(self._near) <= FEW else (), 0.0)
        seen = 0
        for number, word in sorted((number, word) for word, number in self._frequent.items()):
            if seen and seen + number > MOST_SEEN:
                break
            seen, rarity = seen + number, self._rarity(word)
            for event in self._events_having(word):
                weights[event] = weights.get(event, 0.0) + rarity
        best = sorted(weights, key=lambda event: (-weights[event], event))[:SHORTLIST]
        return best[:2] + [event for event in best[2:] if 2 * weights[event] >= weights[best[0]]]

    def tellings(self, event: str) -> list[Telling]:
        """List one telling for each of an event's wordings that have most in common with the report."""
        found: dict[tuple[str, ...], Telling] = {}
        for told in self._tellings(event):
            if told.words not in found or self._nearer(told, found[told.words]):
                found[told.words] = told
        if len(found) == 1:
            return list(found.values())
        return sorted(found.values(), key=self._in_common)[:WORDINGS]

    def _in_common(self, told: Telling) -> tuple[int, tuple[str, ...]]:
        return -len(self._words.intersection(told.words)), told.words

    def _nearer(self, one: Telling, other: Telling) -> bool:
        when = self.telling.when
        return (one.when.gap(when), one.id) < (other.when.gap(when), other.id)

    def weigh(self, event: str) -> dict[str, float]:
        """Give the weight of every word of the report: how rare it is in what was told nearby of others."""
        country = self.telling.countries[0]
        own, size = dict.fromkeys(self._words, 0), 0
        for told in self._tellings(event):
            if country in told.countries:
                size += 1
                for word in self._words.intersection(told.words):
                    own[word] += 1
        frequent, among = self._frequent, self._size - size
        return {word: _rarity(frequent[word] - number, among) for word, number in own.items()}

    def _rarity(self, word: str, own: int = 0, size: int = 0) -> float:
        return _rarity(self._frequent[word] - own, self._size - size)


@lru_cache(maxsize=16384)
def _rarity(having: int, among: int) -> float:
    """How rare a word is that so many of some tellings have, in nats."""
    return -math.log(min(MOST_FREQUENT, (UNSEEN * PRIOR_REPORTS + having) / (PRIOR_REPORTS + among)))


@lru_cache(maxsize=4096)
def _nearness(one: CoarseDate, other: CoarseDate) -> float:
    span = (one.last - one.first).days + 1
    return math.exp(-FADING * one.gap(other)) * min(1.0, VAGUE_FROM / span)
