"""What was told near one report: how rare words are there, and which events it may tell of."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain

from ingest.neighbours import Days, Having, Neighbours, Shelf, Telling

WORDINGS = 4  # of one event that are compared
SHORTLIST = 4  # events that are compared closely
FEW = 8  # events nearby of which none is left out for having no word in common
SMALL = 24  # tellings nearby that are looked through one by one
MOST_SEEN = 400  # tellings that are looked at for having a word in common, where there are more than these
FADING = 0.35  # of an event's part in the crowd, for each day that it is apart
VAGUE_FROM = 15  # days from which an interval counts the less the longer it is
ROUNDING = 1e-9
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
        here, *elsewhere = neighbours.near(telling)
        self._places = [*here, *chain.from_iterable(elsewhere)]
        self._frequent = dict.fromkeys(telling.words, 0)
        self._having: dict[str, set[str]] = {}
        self._postings: dict[str, list[Having]] = {}
        self._same: dict[str, str] = {}
        self._told: dict[str, list[Telling]] = {}
        self._near: dict[str, float] = {}
        days = [near.days() for near in self._places]
        sizes = [sum([len(told) for _, told in some]) for some in days]
        self._size = sum(sizes[: len(here)])
        self._crowd = self._count(days, len(here), sum(sizes))

    def _count(self, days: Sequence[Days], here: int, number: int) -> float:
        """Count events and words; the same comes of reading all tellings as of looking them up."""
        read_often = [near.shelf.is_read_often(number) for near in self._places]  # each of them keeps count
        if number > SMALL and all(read_often):
            self._look_up(here)
        else:
            self._look_through(days)
        return self._crowd_of_many(days) if number > SMALL else self._crowd_of_few(days)

    def _crowd_of_few(self, days: Iterable[Days]) -> float:
        """Count the events of few tellings, each where it is nearest."""
        for near, some in zip(self._places, days, strict=True):
            for day, told in some:
                nearness = self._nearness(near.shelf, day)
                for event, _ in told.values():
                    self._near[event] = max(nearness, self._near.get(event, 0.0))
        return math.fsum(self._near.values())

    def _crowd_of_many(self, days: Iterable[Days]) -> float:
        """Count events, those of several days for each of them."""
        return math.fsum(
            len(near.shelf.told[day]) * self._nearness(near.shelf, day)
            for near, some in zip(self._places, days, strict=True)
            for day, _ in some
        )

    def _look_through(self, days: Iterable[Days]) -> None:
        """Read tellings one by one."""
        self._having = {word: set() for word in self._words}
        known: set[str] = set()
        for _, told in chain.from_iterable(days):
            for event, one in told.values():
                if one.id not in known:
                    known.add(one.id)
                    self._take(event, one)

    def _take(self, event: str, told: Telling) -> None:
        self._told.setdefault(event, []).append(told)
        here = self.telling.countries[0] in told.countries
        for word in self._words.intersection(told.words):
            self._having[word].add(event)
            self._frequent[word] += here
        if told.words == self.telling.words and told.words:
            self._same[event] = SAME_WORDS
        elif told.page == self.telling.page and told.page:
            self._same.setdefault(event, SAME_PAGE)

    def _look_up(self, here: int) -> None:
        """Look tellings up in their index."""
        for near in self._places:
            near.shelf.index()
            texts, pages = near.same(self.telling)
            self._same = dict.fromkeys(pages, SAME_PAGE) | self._same | dict.fromkeys(texts, SAME_WORDS)
        for word in self._frequent:
            self._postings[word] = found = [near.having(word) for near in self._places]
            self._frequent[word] = sum([last - first for _, first, last in found[:here]])

    def _nearness(self, shelf: Shelf, day: int) -> float:
        gap = max(0, day - self.telling.last, self.telling.first - (day + shelf.length - 1))
        return math.exp(-FADING * gap) * min(1.0, VAGUE_FROM / shelf.length)

    def _events_having(self, word: str) -> set[str]:
        if word not in self._having:
            found = [events[first:last] for events, first, last in self._postings[word]]
            self._having[word] = set(found[0] if len(found) == 1 else chain.from_iterable(found))
        return self._having[word]

    def _tellings(self, event: str) -> list[Telling]:
        if event not in self._told:
            found = [near.tellings(event) for near in self._places]
            each = {told.id: told for told in chain.from_iterable(found)} if len(found) > 1 else {}
            self._told[event] = list(each.values()) if len(found) > 1 else found[0]
        return self._told[event]

    def crowd(self, event: str) -> float:
        """Count the other events nearby, each the less the more days it is apart."""
        return max(0.0, self._crowd - self._near.get(event, 1.0))

    def same(self) -> dict[str, str]:
        """Find the events told in the same words or on the same page, and say which of the two."""
        return self._same

    def likely(self) -> list[str]:
        """List the few events that share the rarest words with the report, the likeliest first."""
        weights = dict.fromkeys(self._near if len(self._near) <= FEW else (), 0.0)
        words = self._rarest()
        for at, (number, word, rarity) in enumerate(words):
            if number > SMALL and len(weights) >= SHORTLIST:
                most = math.fsum([rarity for *_, rarity in words[at:]]) + ROUNDING
                least = sorted(weights.values())[-SHORTLIST]
                if least > most:  # what has none of the rarer words is not among the likely ones any more
                    likely = {event: weight for event, weight in weights.items() if weight + most >= least}
                    return _best(self._completed(likely, words[at:]))
            for event in self._events_having(word):
                weights[event] = weights.get(event, 0.0) + rarity
        return _best(weights)

    def _rarest(self) -> list[tuple[int, str, float]]:
        """List the words by which events are looked for, the rarest first: how many have it, and how rare."""
        found, seen = [], 0
        for number, word in sorted([(number, word) for word, number in self._frequent.items()]):
            if seen and seen + number > MOST_SEEN:
                break
            seen += number
            found.append((number, word, _rarity(number, self._size)))
        return found

    def _completed(
        self, weights: dict[str, float], words: Iterable[tuple[int, str, float]]
    ) -> dict[str, float]:
        """Add the weights of further words to those of a few events, which are read for them."""
        said = {event: {word for told in self._tellings(event) for word in told.words} for event in weights}
        for _, word, rarity in words:
            for event, spoken in said.items():
                if word in spoken:
                    weights[event] += rarity
        return weights

    def tellings(self, event: str) -> list[Telling]:
        """List one telling for each of an event's wordings that have most in common with the report."""
        told = self._tellings(event)
        if len(told) == 1:
            return told
        found: dict[tuple[str, ...], Telling] = {}
        for one in told:
            if one.words not in found or self._nearer(one, found[one.words]):
                found[one.words] = one
        if len(found) <= WORDINGS:
            return list(found.values())
        return sorted(found.values(), key=self._in_common)[:WORDINGS]

    def _in_common(self, told: Telling) -> tuple[int, tuple[str, ...]]:
        return -len(self._words.intersection(told.words)), told.words

    def _nearer(self, one: Telling, other: Telling) -> bool:
        return (one.gap(self.telling), one.id) < (other.gap(self.telling), other.id)

    def weigh(self, event: str) -> dict[str, float]:
        """Give the weight of every word of the report: how rare it is in what was told nearby of others."""
        country, others, among = self.telling.countries[0], self._frequent.copy(), self._size
        for told in self._tellings(event):
            if country in told.countries:
                among -= 1
                for word in self._words.intersection(told.words):
                    others[word] -= 1
        return {word: _rarity(number, among) for word, number in others.items()}


def _best(weights: Mapping[str, float]) -> list[str]:
    """Put the likeliest events in order, without those that are much less likely than the first."""
    if len(weights) > SHORTLIST:
        least = sorted(weights.values())[-SHORTLIST]
        weights = {event: weight for event, weight in weights.items() if weight >= least}
    best = sorted(weights, key=lambda event: (-weights[event], event))[:SHORTLIST]
    return best[:2] + [event for event in best[2:] if 2 * weights[event] >= weights[best[0]]]


@lru_cache(maxsize=16384)
def _rarity(having: int, among: int) -> float:
    """How rare a word is that so many of some tellings have, in nats."""
    return -math.log(min(MOST_FREQUENT, (UNSEEN * PRIOR_REPORTS + having) / (PRIOR_REPORTS + among)))
