"""Worlds in which the shipped forecast's scenarios really came true, simulated event by event.

In a world as modelled a scenario is drawn from the prior, each volume g and the coverage h from their
laws; real events come at rate ``E g h f(u)`` with marks ~ p(mark), false ones at the rate that makes a
mark's credibility c the share of real events among those that carry it: ``Ē f(u) p(mark) (1 − c) / c``.
A `Nature` says in what else a world differs from what the forecast supposes.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr

from benchmarks import shipped
from model import credibility
from model.credibility import Grades
from model.dates import CoarseDate
from model.domain import Event, Forecast, Indicator, Report
from service.configuration import load

# Share of each grade among real events: what the shipped reports of an act carry, times the credibility.
GRADES = MappingProxyType(
    {"A1": 0.02, "B1": 0.21, "C1": 0.09, "D1": 0.22, "B2": 0.08, "C2": 0.06}
    | {"D2": 0.05, "B3": 0.08, "C3": 0.08, "D3": 0.10, "D4": 0.01}
)
BURST_DAYS = 21  # further events of a burst come within three weeks
OUTLETS = (
    "alpha",
    "bravo",
    "charlie",
    "delta",
    "echo",
    "foxtrot",
    "golf",
    "hotel",
)  # most reports of an event


@dataclass(frozen=True, kw_only=True, slots=True)
class Nature:
    """How the world really works, beside what the forecast supposes; by default as it supposes.

    Parameters
    ----------
    rates
        Every real rate, and the odds of every one-off, are so many times the stated ones.
    scatter
        Each indicator's rate is so many times higher or lower, at random.
    burst_size
        Mean number of events that a real occasion of a recurring indicator brings within three weeks.
    mistagged
        Share of events filed under another indicator, any with equal probability.
    shock_sd
        Log-sd of a factor that all indicators share that rise from the first scenario to the last,
        and of another that all share that fall.
    correlation
        Of the normal scores of the volumes of indicators that rise from the first scenario to the last,
        and likewise of those that fall (a Gaussian copula): each volume by itself has the law that the
        forecast states for it.
    reports
        Mean number of reports of one event, all of the same grade, by different publishers.
    independence
        λ at which these reports really corroborate one another; 0: further reports repeat the first.
    """

    rates: float = 1.0
    scatter: float = 1.0
    burst_size: float = 1.0
    mistagged: float = 0.0
    shock_sd: float = 0.0
    correlation: float = 0.0
    reports: float = 1.0
    independence: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """What is seen of an event: how many reports of which grade.

    Parameters
    ----------
    share
        Among real events.
    true
        Probability that an event with this mark is real.
    """

    grade: str
    reports: int
    share: float
    true: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """An event as it happened, or as it was made up.

    Parameters
    ----------
    at
        Share of the window gone by, in (0, 1].
    indicator
        Place of the indicator that it is filed under.
    """

    at: float
    indicator: int
    mark: Mark
    real: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """One course of things: the scenario that came true, all that was reported, and a random day."""

    scenario: int
    happened: tuple[Happening, ...]
    random_day: date


@lru_cache(maxsize=1)
def forecast() -> Forecast:
    """Give the shipped forecast, observed up to every cutoff."""
    return replace(load(shipped.CONFIG, {}).forecasts[0], observed_until=None)


@lru_cache(maxsize=4096)
def seen(grade: str, reports: int, corroboration: float) -> float:
    """Give the credibility that the service finds for so many reports of one grade."""
    day = CoarseDate.parse("2026-01-01")
    said = [
        Report(id=name, published=day, tag="tag", country="PE", headline=name, publisher=name, grade=grade)
        for name in OUTLETS[:reports]
    ]
    (event,) = credibility.events({"event": said}, as_of=day.last, grades=Grades(corroboration=corroboration))
    return event.credibility


@lru_cache(maxsize=64)
def marks(nature: Nature) -> tuple[Mark, ...]:
    """List every mark; the number of reports is geometric, cut off, whether or not the event is real."""
    numbers = np.arange(1, len(OUTLETS) + 1)
    weights = np.power(1 - 1 / nature.reports, numbers - 1)
    return tuple(
        Mark(grade=grade, reports=int(n), share=share * weight, true=seen(grade, int(n), nature.independence))
        for grade, share in GRADES.items()
        for n, weight in zip(numbers, weights / weights.sum(), strict=True)
        if weight
    )


@lru_cache(maxsize=64)
def noise(nature: Nature) -> float:
    """Give the number of false events to be expected for every real one: ``Σ p(mark) (1 − c) / c``."""
    return math.fsum(_false(mark) for mark in marks(nature))


def _false(mark: Mark) -> float:
    return mark.share * (1 - mark.true) / mark.true


@lru_cache(maxsize=64)
def _up_to(nature: Nature, real: bool) -> NDArray[np.float64]:
    """Share of the marks of real or of false events up to each mark, in their order."""
    weights = np.cumsum([mark.share if real else _false(mark) for mark in marks(nature)])
    return np.asarray(weights / weights[-1])


def simulate(asked: Forecast, nature: Nature, rng: np.random.Generator) -> World:
    """Draw a world."""
    return _Simulation(asked, nature, rng).world()


def rises(asked: Forecast, indicator: Indicator) -> bool:
    """Whether more is expected under the last scenario than under the first."""
    first, *_, last = (indicator.stated[name] for name in asked.scenario_ids)
    return last > first


def _moment(indicator: Indicator, share: float) -> float:
    """Moment by which this share of the expectation is over."""
    return float(share ** (1 / indicator.timing))


@dataclass(frozen=True, slots=True)
class _Simulation:
    """One world in the making."""

    asked: Forecast
    nature: Nature
    rng: np.random.Generator

    def world(self) -> World:
        scenario = self.rng.choice(len(self.asked.scenarios), p=[one.prior for one in self.asked.scenarios])
        coverage = self.log_normal(self.asked.coverage_sd)
        shocks = {direction: self.log_normal(self.nature.shock_sd) for direction in (True, False)}
        common = {direction: float(self.rng.standard_normal()) for direction in (True, False)}
        happened: list[Happening] = []
        for place, indicator in enumerate(self.asked.indicators):
            off = self.nature.rates * self.nature.scatter ** self.rng.choice((-1.0, 1.0))
            off *= shocks[rises(self.asked, indicator)]
            stated = indicator.stated[self.asked.scenario_ids[scenario]]
            real = (
                self.occasions(indicator, stated * off * coverage, common[rises(self.asked, indicator)])
                if indicator.recurs
                else (self.one_off(indicator, stated, off))
            )
            happened += self.marked(place, real, real=True)
            happened += self.marked(place, self.false(indicator), real=False)
        happened.sort(key=lambda one: one.at)
        day = _day(self.asked, 1 - self.rng.random())
        return World(scenario=int(scenario), happened=tuple(map(self.filed, happened)), random_day=day)

    def log_normal(self, sd: float) -> float:
        """Draw a factor of mean 1."""
        return math.exp(sd * self.rng.standard_normal() - sd**2 / 2)

    def volume(self, indicator: Indicator, common: float) -> float:
        """Draw a volume, of mean 1; `common` is the normal score that indicators of its kind share."""
        variance, shared = indicator.spread**2, self.nature.correlation
        score = math.sqrt(shared) * common + math.sqrt(1 - shared) * self.rng.standard_normal()
        return float(variance * gammaincinv(1 / variance, ndtr(score))) if variance else 1.0

    def occasions(self, indicator: Indicator, expected: float, common: float) -> list[float]:
        """Draw when the real events of a recurring indicator come."""
        volume = self.volume(indicator, common)
        first = [_moment(indicator, u) for u in self.rng.random(self.rng.poisson(expected * volume))]
        return [moment for one in first for moment in (one, *self.further(one)) if moment <= 1]

    def further(self, first: float) -> Iterator[float]:
        """Draw when further events of a burst come."""
        window = (self.asked.horizon - self.asked.opened).days
        number = self.rng.poisson(self.nature.burst_size - 1)
        yield from first + self.rng.uniform(0, BURST_DAYS / window, size=number)

    def one_off(self, indicator: Indicator, stated: float, off: float) -> list[float]:
        """Draw when the one event comes, if it does; its odds are off by a factor."""
        probability = off * stated / (off * stated + 1 - stated)
        return [_moment(indicator, self.rng.random())] if self.rng.random() < probability else []

    def false(self, indicator: Indicator) -> list[float]:
        """Draw when false events come; those of a one-off at rate ``q̄ f(u) / (1 − q̄ F(u))``."""
        mean = math.fsum(one.prior * indicator.stated[one.id] for one in self.asked.scenarios)
        total = mean if indicator.recurs else -math.log1p(-mean)
        shares = self.rng.random(self.rng.poisson(total * noise(self.nature)))
        if not indicator.recurs:
            shares = -np.expm1(-total * shares) / mean
        return [_moment(indicator, share) for share in shares]

    def marked(self, place: int, moments: Sequence[float], *, real: bool) -> Iterator[Happening]:
        """Give each event its mark."""
        drawn = np.searchsorted(_up_to(self.nature, real), self.rng.random(len(moments)), side="right")
        for at, mark in zip(moments, drawn, strict=True):
            yield Happening(at=at, indicator=place, mark=marks(self.nature)[mark], real=real)

    def filed(self, one: Happening) -> Happening:
        """File an event, perhaps under another indicator."""
        if self.rng.random() >= self.nature.mistagged:
            return one
        number = len(self.asked.indicators)
        return replace(one, indicator=(one.indicator + int(self.rng.integers(1, number))) % number)


def _day(asked: Forecast, at: float) -> date:
    """Day in which a moment of the window falls; a cutoff on that day has seen it."""
    return asked.opened + timedelta(math.ceil(at * (asked.horizon - asked.opened).days))


def events(asked: Forecast, world: World, corroboration: float) -> list[Event]:
    """Give a world's events as the service would make them of their reports."""
    return [_event(asked, number, one, corroboration) for number, one in enumerate(world.happened)]


def _event(asked: Forecast, number: int, one: Happening, corroboration: float) -> Event:
    indicator, day = asked.indicators[one.indicator], _day(asked, one.at)
    return Event(
        key=f"{number:04}",
        tag=indicator.tags[0],
        countries=indicator.countries[:1] or ("PE",),
        occurred=day,
        begins=day,
        first_published=day,
        credibility=seen(one.mark.grade, one.mark.reports, corroboration),
        reports=(f"{number:04}",),
    )
