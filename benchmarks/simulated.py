"""Forecasts with many events, simulated from section 3's own model, whose posterior has several modes.

Twelve recurring indicators with a volume each, and the coverage that they share. Events pull all of
these to where a scenario's numbers want them, and each scenario wants them elsewhere.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from model.domain import Event, Forecast, Indicator, Scenario
from model.evidence import Evidence, select

PRIORS = {"downside": 0.15, "base": 0.60, "upside": 0.25}
OPENED, HORIZON = date(2025, 4, 25), date(2027, 4, 24)
CREDIBILITIES = np.array([0.6, 0.8, 0.9, 0.95, 0.98])
INDICATORS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How a case is made.

    Parameters
    ----------
    expected
        Occasions of each indicator under the base scenario.
    ratio
        By which the other two scenarios expect more, or fewer.
    spread, coverage_sd
        The forecast's own doubt about each volume, and about all of them.
    scenario, seed
        Which scenario the data are drawn from, and the drawing's seed.
    """

    name: str
    expected: float
    ratio: float
    spread: float
    scenario: str
    seed: int
    coverage_sd: float = 0.25


# Seeds at which more than one scenario stays plausible; `benchmarks.survey` looks at all such seeds of NEAR.
NEAR = Recipe(name="near", expected=20, ratio=2, spread=0.6, scenario="downside", seed=105)
FAR = Recipe(name="far", expected=10, ratio=4, spread=1.0, scenario="downside", seed=12)


def case(recipe: Recipe) -> Evidence:
    """Simulate the events of a whole window, and select what counts of them."""
    asked = forecast(recipe)
    rng = np.random.default_rng(recipe.seed)
    return select(asked, list(_events(asked, recipe.scenario, rng)), as_of=HORIZON)


def forecast(recipe: Recipe) -> Forecast:
    """Twelve indicators of three kinds: rising with the scenario, falling, and high at both ends."""
    return Forecast(
        id=recipe.name,
        opened=OPENED,
        horizon=HORIZON,
        scenarios=tuple(Scenario(id=name, prior=prior) for name, prior in PRIORS.items()),
        indicators=tuple(_indicator(recipe, place) for place in range(INDICATORS)),
        coverage_sd=recipe.coverage_sd,
    )


def _indicator(recipe: Recipe, place: int) -> Indicator:
    base, ratio = recipe.expected, recipe.ratio
    ends = [(base / ratio, base * ratio), (base * ratio, base / ratio), (base * ratio, base * ratio)]
    downside, upside = ends[place % len(ends)]
    return Indicator(
        id=f"indicator-{place:02}",
        tags=(f"tag-{place:02}",),
        stated={"downside": downside, "base": base, "upside": upside},
        spread=recipe.spread,
    )


def _events(asked: Forecast, scenario: str, rng: np.random.Generator) -> Iterator[Event]:
    """Real events at rate ``E g h``, noise at rate ``Ē p(c) (1 − c) / c`` (section 8, item 5)."""
    sigma = asked.coverage_sd
    coverage = math.exp(sigma * rng.standard_normal() - sigma**2 / 2)
    odds_against = (1 - CREDIBILITIES) / CREDIBILITIES
    for indicator in asked.indicators:
        volume = rng.gamma(indicator.spread**-2, indicator.spread**2)
        mean = sum(one.prior * indicator.stated[one.id] for one in asked.scenarios)
        real = int(rng.poisson(indicator.stated[scenario] * volume * coverage))
        drawn = _drawn(asked, real, None, rng)
        noise = int(rng.poisson(mean * np.mean(odds_against)))
        drawn += _drawn(asked, noise, odds_against / odds_against.sum(), rng)
        for number, (day, credibility) in enumerate(sorted(drawn)):
            yield _event(asked, indicator, number, day, credibility)


def _drawn(
    asked: Forecast, number: int, weights: np.ndarray | None, rng: np.random.Generator
) -> list[tuple[int, float]]:
    """Draw days of the window, each with a credibility."""
    days = (asked.horizon - asked.opened).days + 1
    return [(int(rng.integers(days)), float(rng.choice(CREDIBILITIES, p=weights))) for _ in range(number)]


def _event(asked: Forecast, indicator: Indicator, number: int, day: int, credibility: float) -> Event:
    when = asked.opened + timedelta(day)
    return Event(
        key=f"{indicator.id}-{number:03}",
        tag=indicator.tags[0],
        countries=("PE",),
        occurred=when,
        begins=when,
        first_published=when,
        credibility=credibility,
        reports=(f"{indicator.id}-{number:03}",),
    )
