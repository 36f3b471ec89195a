"""A fixed set of forty varied forecasts with their evidence, drawn from seeds, stratum by stratum.

Of a stratum's seeds the first are taken at which as many events count as the stratum asks for and, in most
strata, the evidence leaves at least two scenarios plausible: where one alone is left, any computation is
right. How well anything computes them has no part in it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, islice

import numpy as np

from benchmarks import simulated
from model import exact
from model.domain import Event, Forecast, Indicator, Scenario
from model.evidence import Evidence, select

PLAUSIBLE = 0.02  # least probability of a scenario that the evidence leaves standing
OPENED = date(2025, 1, 1)
RATES = (1e-3, 1e3)
CERTAINLY = np.array([0.0, 0.5, 1.0])  # false, a toss-up, true


@dataclass(frozen=True, kw_only=True, slots=True)
class Stratum:
    """How forecasts of one sort, and their evidence, are drawn; pairs are ranges.

    Parameters
    ----------
    size
        How many forecasts the set has of it.
    powers
        Of ten, between which a recurring indicator's expected number lies.
    contrast
        Log-sd of that number from scenario to scenario.
    recurring, steady
        Share of the indicators that recur, and of these, that have no spread.
    credibility, certain
        Of the events, and whether they are of credibility 0, ½ or 1 instead.
    events
        How many count.
    typical
        Drawn from the model under one of the scenarios; else of any indicator, on any day.
    undecided
        Taken only if at least two scenarios stay plausible.
    """

    name: str
    size: int
    scenarios: tuple[int, int] = (2, 6)
    indicators: tuple[int, int] = (2, 12)
    powers: tuple[float, float] = (-1.0, 1.3)
    contrast: float = 0.7
    recurring: float = 0.75
    steady: float = 0.2
    spread: tuple[float, float] = (0.0, 2.0)
    coverage_sd: tuple[float, float] = (0.0, 1.0)
    credibility: tuple[float, float] = (0.02, 0.98)
    certain: bool = False
    burst_days: tuple[int, ...] = (0, 1, 14, 60)
    events: tuple[int, int] = (0, 150)
    typical: bool = True
    undecided: bool = True


STRATA = (
    Stratum(name="ordinary", size=7),
    Stratum(name="untypical", size=6, contrast=1.0, events=(5, 60), typical=False, undecided=False),
    Stratum(
        name="wide rates",
        size=3,
        indicators=(5, 12),
        powers=(-3, 3),
        contrast=1.0,
        credibility=(0.5, 0.98),
        burst_days=(14, 60),
        undecided=False,
    ),
    Stratum(
        name="wide rates, untypical",
        size=3,
        indicators=(5, 12),
        powers=(-3, 3),
        contrast=1.0,
        events=(5, 60),
        typical=False,
        undecided=False,
    ),
    Stratum(
        name="silent, spread 2", size=3, spread=(2, 2), steady=0, powers=(-1, 3), events=(0, 0), typical=False
    ),
    Stratum(name="silent, rates near 1000", size=2, powers=(2.8, 3), events=(0, 0), typical=False),
    Stratum(name="doubted", size=3, credibility=(0.02, 0.3), events=(100, 400)),
    Stratum(name="coverage 1, 25 indicators", size=3, indicators=(25, 25), coverage_sd=(1, 1)),
    Stratum(name="nothing recurs", size=2, recurring=0),
    Stratum(name="one indicator", size=3, indicators=(1, 1), recurring=1),
    Stratum(name="certain", size=1, certain=True, events=(5, 60), typical=False),
    Stratum(
        name="crowded",
        size=1,
        indicators=(1, 3),
        powers=(2, 2.5),
        recurring=1,
        burst_days=(0,),
        events=(300, 500),
    ),
    Stratum(
        name="crowded, untypical",
        size=1,
        indicators=(1, 3),
        recurring=1,
        burst_days=(0,),
        events=(500, 500),
        typical=False,
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One forecast of the set, with what counts at its cutoff."""

    name: str
    evidence: Evidence


def cases() -> Iterator[Case]:
    """Draw the forty: of each stratum the first that it wants, and the simulated ones of several modes."""
    for place, stratum in enumerate(STRATA):
        drawn = (_evidence(stratum, np.random.default_rng([place, seed])) for seed in count())
        wanted = (evidence for evidence in drawn if _wanted(stratum, evidence))
        for number, evidence in enumerate(islice(wanted, stratum.size), start=1):
            yield Case(name=f"{stratum.name} {number}", evidence=evidence)
    for recipe in (simulated.NEAR, simulated.FAR):
        yield Case(name=f"several modes, {recipe.name}", evidence=simulated.case(recipe))


def plausible(evidence: Evidence) -> int:
    """Count the scenarios that the evidence leaves standing."""
    return sum(p > PLAUSIBLE for p in exact.posterior(evidence).values())


def events_of(evidence: Evidence) -> int:
    """Count the events that enter the likelihood."""
    return sum(len(one.counted) for one in evidence.indicators)


def _wanted(stratum: Stratum, evidence: Evidence) -> bool:
    fewest, most = stratum.events
    if not fewest <= events_of(evidence) <= most:
        return False
    return not stratum.undecided or plausible(evidence) >= 2


def _evidence(stratum: Stratum, rng: np.random.Generator) -> Evidence:
    asked = _forecast(stratum, rng)
    palette = CERTAINLY if stratum.certain else rng.uniform(*stratum.credibility, 5).round(3)
    draw = _typical if stratum.typical else _untypical
    events = list(draw(asked, palette, stratum, rng))
    share = rng.uniform(0.05, 1.15)  # of the window, at which we look: early, or past the horizon
    return select(asked, events, as_of=_day(asked, share))


def _forecast(stratum: Stratum, rng: np.random.Generator) -> Forecast:
    names = [f"s{place}" for place in range(rng.integers(*stratum.scenarios, endpoint=True))]
    priors = rng.dirichlet(np.ones(len(names)))
    places = range(rng.integers(*stratum.indicators, endpoint=True))
    return Forecast(
        id=stratum.name,
        opened=OPENED,
        horizon=OPENED + timedelta(int(rng.integers(90, 1100))),
        scenarios=tuple(Scenario(id=name, prior=float(p)) for name, p in zip(names, priors, strict=True)),
        indicators=tuple(_indicator(stratum, f"k{place}", names, rng) for place in places),
        coverage_sd=_coverage_sd(stratum, rng),
    )


def _coverage_sd(stratum: Stratum, rng: np.random.Generator) -> float:
    """Draw it from its range; one in five has the least of it, which is mostly none."""
    least, most = stratum.coverage_sd
    return float(rng.uniform(least, most)) if rng.random() > 0.2 else least


def _indicator(stratum: Stratum, name: str, scenarios: Sequence[str], rng: np.random.Generator) -> Indicator:
    recurs = bool(rng.random() < stratum.recurring)
    numbers = _rates(stratum, len(scenarios), rng) if recurs else rng.uniform(0.02, 0.98, len(scenarios))
    return Indicator(
        id=name,
        tags=(name,),
        stated=dict(zip(scenarios, numbers.tolist(), strict=True)),
        recurs=recurs,
        timing=float(rng.choice([0.5, 1.0, 2.0])),
        spread=0.0 if rng.random() < stratum.steady else float(rng.uniform(*stratum.spread)),
        burst_days=int(rng.choice(stratum.burst_days)),
    )


def _rates(stratum: Stratum, scenarios: int, rng: np.random.Generator) -> np.ndarray:
    middle = 10 ** rng.uniform(*stratum.powers)
    return np.clip(middle * np.exp(stratum.contrast * rng.standard_normal(scenarios)), *RATES)


def _untypical(
    asked: Forecast, palette: np.ndarray, stratum: Stratum, rng: np.random.Generator
) -> Iterator[Event]:
    """Events of any indicator on any day."""
    for number in range(rng.integers(*stratum.events, endpoint=True)):
        indicator = asked.indicators[rng.integers(len(asked.indicators))]
        when = _day(asked, rng.random())
        yield _event(indicator, number, when, rng.choice(palette), rng)


def _typical(asked: Forecast, palette: np.ndarray, _: Stratum, rng: np.random.Generator) -> Iterator[Event]:
    """Real events as one of the scenarios expects them, and noise at rate ``Ē p(c) (1 − c) / c``."""
    true = str(rng.choice(asked.scenario_ids, p=[one.prior for one in asked.scenarios]))
    coverage = math.exp(asked.coverage_sd * rng.standard_normal() - asked.coverage_sd**2 / 2)
    odds_against = (1 - palette) / palette
    for indicator in asked.indicators:
        mean = sum(one.prior * indicator.stated[one.id] for one in asked.scenarios)
        real = _real(indicator, true, coverage, rng)
        noise = int(rng.poisson(mean * odds_against.mean()))
        credibilities = [
            *rng.choice(palette, real),
            *rng.choice(palette, noise, p=odds_against / odds_against.sum()),
        ]
        for number, c in enumerate(credibilities):
            when = _day(asked, rng.random() ** (1 / indicator.timing))
            yield _event(indicator, number, when, c, rng)


def _real(indicator: Indicator, scenario: str, coverage: float, rng: np.random.Generator) -> int:
    """Draw how many real events an indicator has over the whole window."""
    stated, spread = indicator.stated[scenario], indicator.spread
    if not indicator.recurs:
        return int(rng.random() < stated)
    volume = rng.gamma(spread**-2, spread**2) if spread else 1.0
    return int(rng.poisson(stated * volume * coverage))


def _event(indicator: Indicator, number: int, when: date, c: float, rng: np.random.Generator) -> Event:
    key = f"{indicator.id}-{number:04}"
    return Event(
        key=key,
        tag=indicator.tags[0],
        countries=("PE",),
        occurred=when,
        begins=when,
        first_published=when + timedelta(int(rng.integers(5))),
        credibility=float(c),
        reports=(key,),
    )


def _day(asked: Forecast, share: float) -> date:
    return asked.opened + timedelta(round(share * (asked.horizon - asked.opened).days))
