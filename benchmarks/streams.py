"""Dense streams of reports whose events are known: many of one kind and country a week, told and told again.

Every event has wire copies, rewrites (other words, other order, shorter, in Spanish), now and then a denial;
many have a near miss beside them, which differs in one fact: a number, a thing, a place, a unit, a company, a
person, a sum, a stage or only the day. How many and how hard is drawn anew for each seed. What it is told in
stands in streams.toml. Nothing here knows how clustering works.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from benchmarks.retelling import EMPHASIS, Event, Recipe, Teller, Telling, words
from model.dates import CoarseDate
from model.domain import REGION, Report

BEGINS = date(2025, 3, 3)
MOST_REPORTS = 15
_FROM = {"item": "items", "company": "companies", "unit": "units", "topic": "topics"}
_VARIED = ("count", "count", "count", "item", "place", "place", "unit", "company", "person", "money", "topic")


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """Reports in the order in which they come, and the event of each by its id."""

    reports: tuple[Report, ...]
    labels: Mapping[str, str]


def recipe(rng: random.Random) -> Recipe:
    """Draw a recipe."""
    return Recipe(
        cells=rng.randint(3, 6),
        weeks=rng.randint(3, 6),
        weekly=rng.randint(3, 10),
        near=rng.uniform(0.2, 0.6),
        more=rng.uniform(0.5, 0.8),
        copies=rng.uniform(0.3, 0.7),
        synonyms=rng.uniform(0.1, 0.5),
        keep=rng.uniform(0.3, 0.8),
        foreign=rng.uniform(0, 0.15),
        titled=rng.uniform(0, 0.3),
        dated=rng.uniform(0.2, 0.9),
        shared=rng.uniform(0, 0.1),
        denied=rng.uniform(0, 0.1),
        noise=rng.uniform(0.03, 0.15),
    )


def stream(seed: int, world: str) -> Stream:
    """Make the stream of a seed in one of the worlds of streams.toml."""
    rng = random.Random(f"{world} {seed}")  # noqa: S311 - a stream, not a secret
    return _Maker(rng, recipe(rng), world).stream()


def worlds() -> list[str]:
    """Name the worlds."""
    return [world["name"] for world in words()["worlds"]]


class _Maker:
    def __init__(self, rng: random.Random, drawn: Recipe, world: str) -> None:
        self.rng, self.recipe = rng, drawn
        self.teller = Teller(rng, drawn)
        self.chance = self.teller.chance
        self.world = next(one for one in words()["worlds"] if one["name"] == world)
        self.supplier = rng.choice(words()["suppliers"])  # most events have this one

    def stream(self) -> Stream:
        made = [pair for event in self._events() for pair in self._reports(event)]
        self.rng.shuffle(made)
        made.sort(key=lambda pair: pair[0].published)
        numbers = self.rng.sample(range(10_000, 99_999), len(made))
        named = [
            (replace(report, id=f"s{number}"), key)
            for number, (report, key) in zip(numbers, made, strict=True)
        ]
        return Stream(
            reports=tuple(report for report, _ in named), labels={report.id: key for report, key in named}
        )

    def _events(self) -> Iterator[Event]:
        number = 0
        for _ in range(self.recipe.cells):
            kind, country = self.rng.choice(self.world["kinds"]), self.rng.choice(list(words()["countries"]))
            for week in range(self.recipe.weeks):
                planned = self.recipe.weekly
                while planned > 0:
                    group = self._group(f"e{number}", kind, country, week)
                    yield from group
                    planned, number = planned - len(group), number + 1

    def _group(self, key: str, kind: Mapping[str, Any], country: str, week: int) -> list[Event]:
        """Make an event, or an event with its near misses, or something that is none of this."""
        day = BEGINS + timedelta(7 * week + self.rng.randrange(7))
        facts = self._facts(kind, country)
        if self.chance(self.recipe.noise):
            told = [self.rng.choice(self.world["strays"])]
            stray = {"tag": kind["tag"], "patterns": told, "foreign": (), "denials": ()}
            return [Event(key=key, kind=stray, countries=(country,), facts=facts, day=day)]
        others = [other for other in words()["countries"] if other != country]
        also = (self.rng.choice(others),) if self.chance(self.recipe.shared) else ()
        first = Event(key=key, kind=kind, countries=(country, *also), facts=facts, day=day)
        if not self.chance(self.recipe.near):
            return [first]
        return self._near(first)

    def _near(self, first: Event) -> list[Event]:
        slots = [slot for slot in (*_VARIED, "stage", "day") if self._can_vary(first.kind, slot)]
        slot, fresh = self.rng.choice(slots), self._facts(first.kind, first.countries[0])
        while slot != "day" and fresh[slot] == first.facts[slot]:
            fresh = self._facts(first.kind, first.countries[0])
        apart = self.rng.choice([-5, -4, -3, 2, 3, 4, 5]) if slot == "day" else self.rng.randint(-3, 5)
        changed = {} if slot == "day" else {slot: fresh[slot]}
        if slot == "person":
            changed |= {"role": fresh["role"]}
        other = replace(
            first,
            key=f"{first.key}-{slot}",
            facts={**first.facts, **changed},
            day=max(BEGINS, first.day + timedelta(apart)),
        )
        return [replace(first, told=(slot,)), replace(other, told=(slot,))]

    def _can_vary(self, kind: Mapping[str, Any], slot: str) -> bool:
        if slot == "day":
            return True
        if slot == "stage":
            return len(kind.get("stages", ())) > 1
        return sum(f"{{{slot}}}" in pattern for pattern in kind["patterns"]) >= 2

    def _facts(self, kind: Mapping[str, Any], country: str) -> dict[str, str]:
        rng = self.rng
        names, adjective, foreign, towns = words()["countries"][country]
        supplier = self.supplier if self.chance(0.7) else rng.choice(words()["suppliers"])
        seller, seller_adjective, seller_foreign = supplier.split(";")
        person, other = rng.sample(words()["people"], 2)
        facts = {
            "buyer": names,
            "buyer_adj": adjective,
            "buyer_es": foreign,
            "place": rng.choice(towns.split()),
        }
        facts |= {"seller": seller, "seller_adj": seller_adjective, "seller_es": seller_foreign}
        facts |= {"person": person, "person2": other, "role": rng.choice(words()["roles"])}
        facts |= {name: rng.choice(self.world[many]) for name, many in _FROM.items()}
        facts |= {
            "count": str(rng.choice([*range(2, 13), *range(2, 40)])),
            "year": str(rng.randint(1990, 2023)),
        }
        facts |= {"money": str(rng.choice([12, 25, 40, 60, 85, 110, 140, 180, 250, 320, 480, 750, 900]))}
        return facts | {"stage": rng.choice(list(kind.get("stages", ("",))))}

    def _reports(self, event: Event) -> Iterator[tuple[Report, str]]:
        tellings: list[Telling] = []
        copied = 0
        while not tellings or (self.chance(self.recipe.more) and len(tellings) + copied < MOST_REPORTS):
            if tellings and self.chance(self.recipe.copies):
                yield (
                    self._report(event, self.teller.again(self.rng.choice(tellings)), denies=False),
                    event.key,
                )
                copied += 1
                continue
            tellings.append(self.teller.telling(event))
            yield self._report(event, tellings[-1], denies=False), event.key
        if event.kind["denials"] and self.chance(self.recipe.denied):
            denial = self.teller.denial(event)
            yield self._report(event, denial, denies=True), event.key

    def _report(self, event: Event, telling: Telling, *, denies: bool) -> Report:
        lag = min(4, int(self.rng.expovariate(1.2))) + denies
        known = self.chance(EMPHASIS if "day" in event.told else self.recipe.dated)
        occurred = CoarseDate(event.day, event.day) if known else None
        if known and self.chance(0.03):
            occurred = CoarseDate.parse(f"{event.day:%Y-%m}")
        published = event.day + timedelta(lag)
        country, also = self._countries(event)
        return Report(
            id="s",
            published=CoarseDate(published, published),
            occurred=occurred,
            tag=event.kind["tag"],
            country=country,
            also=also,
            headline=telling.text[:1].upper() + telling.text[1:],
            publisher=self.rng.choice(words()["papers"]),
            url=telling.url,
            denies=denies,
        )

    def _countries(self, event: Event) -> tuple[str, tuple[str, ...]]:
        if len(event.countries) == 1:
            return event.countries[0], ()
        if self.chance(0.1):
            return REGION, ()
        country, *also = self.rng.sample(event.countries, 2)
        return country, tuple(also) if self.chance(0.7) else ()
