"""Who forecasts the questions about pairs, each from what stood at the opening and the orders so far.

Every forecaster maps a question's opening (`Opening`) and the orders of the years that have ended to the
probabilities of fewer, similar and more; none is given a question's outcome.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln
from scipy.stats import nbinom, poisson, rv_discrete

from benchmarks.register_pairs import (
    FEWEST_ORDERS,
    SCENARIOS,
    WINDOW,
    Peer,
    Question,
    place,
    similar,
    year_end,
)
from model import exact
from model.domain import MOST_SPREAD, Event, Forecast, Indicator, Scenario
from model.evidence import select

type Array = NDArray[np.float64]
type Probabilities = tuple[float, ...]

_BOUNDS = ((0.01, 20.0), (0.01, 20.0), (0.05, 3.0))  # of a, b in years, and c
_STARTS = ((1.0, 1.0, 0.5), (0.3, 5.0, 1.0))
_TAIL = 1e-12  # of the counts that are left out
_TAG = "order"


# ---- what the other pairs say: p(N | n) ------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseRate:
    """How many orders follow on n: a Gamma–Poisson rate that drifts between two windows.

    A pair's yearly rate is ``Gamma(a, b)`` over pairs, so that after n orders in m years it is
    ``Gamma(a + n, b + m)``; by the next window it has been multiplied by a factor of mean 1 and coefficient
    of variation c. The next W years then bring a number with mean ``μ = W (a + n) / (b + m)`` and variance
    ``μ + μ² / r``, ``1 / r = (1 + c²) (1 + 1 / (a + n)) − 1``, taken as negative binomial.
    """

    a: float
    b: float
    c: float

    def law(self, earlier: Array, *, seen: Array | float, ahead: Array | float) -> tuple[Array, Array]:
        """Give mean and size of the negative binomial after these counts in `seen` years."""
        shape = self.a + earlier
        return ahead * shape / (self.b + seen), 1 / ((1 + self.c**2) * (1 + 1 / shape) - 1)


def fit(known: Sequence[Peer]) -> BaseRate:
    """Fit to other pairs by maximum likelihood, within bounds."""
    earlier, later, years = (
        np.array([getattr(one, name) for one in known], dtype=float) for name in ("earlier", "later", "years")
    )
    return _fitted(earlier.tobytes(), later.tobytes(), years.tobytes())


@lru_cache(maxsize=4096)
def _fitted(*peers: bytes) -> BaseRate:
    earlier, later, years = (np.frombuffer(one) for one in peers)

    def surprise(logs: Array) -> float:
        a, b, c = np.exp(logs)
        mean, size = BaseRate(a=a, b=b, c=c).law(earlier, seen=years, ahead=years)
        return -float(_log_negative_binomial(later, mean, size).sum())

    bounds = np.log(_BOUNDS)
    found = [minimize(surprise, np.log(start), bounds=bounds, method="L-BFGS-B") for start in _STARTS]
    a, b, c = np.exp(min(found, key=lambda one: float(one.fun)).x)
    return BaseRate(a=float(a), b=float(b), c=float(c))


def _log_negative_binomial(count: Array, mean: Array, size: Array) -> Array:
    choices = gammaln(count + size) - gammaln(size) - gammaln(count + 1)
    return np.asarray(choices + size * np.log(size / (size + mean)) + count * np.log(mean / (size + mean)))


# ---- what is known at the opening ------------------------------------------------------


class Opening:
    """Everything that a forecaster may know of a question at its opening."""

    def __init__(self, question: Question) -> None:
        self.pair, self.earlier, self.peers = question.pair, question.earlier, question.peers
        self.opened, self.horizon = question.opened, question.horizon

    @cached_property
    def law(self) -> tuple[float, float]:
        """Mean and size of p(N), the negative binomial of the window's orders by the other pairs."""
        mean, size = fit(self.peers).law(np.array(float(self.earlier)), seen=WINDOW, ahead=WINDOW)
        return float(mean), float(size)

    @cached_property
    def masses(self) -> Array:
        """p(N) for N = 0, 1, … as far as it counts; sums to 1."""
        mean, size = self.law
        parameters = (size, size / (size + mean))
        found = nbinom.pmf(np.arange(int(nbinom.isf(_TAIL, *parameters)) + 2), *parameters)
        return np.asarray(found / found.sum())

    def by_scenario(self) -> Array:
        """Split p(N) by scenario, shape (scenarios, counts)."""
        places = np.array([place(count, self.earlier) for count in range(len(self.masses))])
        return np.asarray(self.masses * (places == np.arange(len(SCENARIOS))[:, None]))

    @cached_property
    def forecasts(self) -> Mapping[str, Forecast]:
        """What the product's engine is given, by settings: its own defaults, or what fits p(N) best."""
        stated = elicited(self)
        (indicator,) = stated.indicators
        fitting = (replace(indicator, spread=matched_spread(self)),)
        return {"defaults": stated, "matched": replace(stated, indicators=fitting, coverage_sd=0.0)}


def _shares(weights: Array) -> Probabilities:
    return tuple((weights / weights.sum()).tolist())


# ---- who knows no orders ---------------------------------------------------------------


def prior(of: Opening, _: Sequence[int] = ()) -> Probabilities:
    """State what the other pairs say, and never move: the static prior."""
    return binomial(of, ())


def climatology(of: Opening, _: Sequence[int] = ()) -> Probabilities:
    """State how often other pairs, with as many orders as are needed, went which way; one added to each."""
    came = [place(one.later, one.earlier) for one in of.peers if one.earlier >= FEWEST_ORDERS]
    return _shares(np.bincount(came, minlength=len(SCENARIOS)) + np.ones(len(SCENARIOS)))


def poisson_static(of: Opening, _: Sequence[int] = ()) -> Probabilities:
    """State a Poisson count at the rate of the window before, and never move."""
    return _split(of, 0, poisson, of.earlier)


# ---- who updates -----------------------------------------------------------------------


def poisson_updated(of: Opening, orders: Sequence[int]) -> Probabilities:
    """State the orders so far, and a Poisson count to come at the rate of the window before and since."""
    left, so_far = WINDOW - len(orders), sum(orders)
    return _split(of, so_far, poisson, left * (of.earlier + so_far) / (WINDOW + len(orders)))


def binomial(of: Opening, orders: Sequence[int]) -> Probabilities:
    """Update by ``P(n | s) = Σ_{N in s} Binomial(n; N, F) p(N) / Σ_{N in s} p(N)``.

    The number N itself defines the scenarios; each of the N orders falls within the years so far with
    probability F, their share of the window. With p(N) negative binomial of mean μ and size r, what is left
    of N after n is so too, with size r + n and mean ``(r + n) μ (1 − F) / (r + μ F)``, so no sum is needed.
    """
    so_far, elapsed = sum(orders), _elapsed(of, len(orders))
    mean, size = of.law
    left = (size + so_far) * mean * (1 - elapsed) / (size + mean * elapsed)
    return _split(of, so_far, nbinom, size + so_far, (size + so_far) / (size + so_far + left))


def _elapsed(of: Opening, years: int) -> float:
    return of.forecasts["matched"].u(year_end(of.opened, years)) if years else 0.0


def _split(of: Opening, so_far: int, law: rv_discrete, *parameters: float) -> Probabilities:
    """Sort what is to come, by its law, into the scenarios that it leads to."""
    least, most = similar(of.earlier)  # the law is not frozen, for SciPy then writes it a documentation
    below, up_to = map(float, law.cdf(np.array([least - 1, most]) - so_far, *parameters))
    return below, up_to - below, float(law.sf(most - so_far, *parameters))


def ours(of: Opening, orders: Sequence[int], *, settings: str = "matched") -> Probabilities:
    """Update by the product's exact engine: rates per scenario, silence as evidence."""
    asked = of.forecasts[settings]
    as_of = year_end(of.opened, len(orders)) if orders else of.opened
    events = [
        _event(f"{year}-{number}", year_end(of.opened, year))
        for year, count in enumerate(orders, start=1)
        for number in range(count)
    ]
    return tuple(exact.posterior(select(asked, events, as_of=as_of)).values())


def ours_by_default(of: Opening, orders: Sequence[int]) -> Probabilities:
    """Update by the same engine, with spread and coverage as the product has them by default."""
    return ours(of, orders, settings="defaults")


def _event(key: str, day: date) -> Event:
    return Event(
        key=key,
        tag=_TAG,
        countries=(),
        occurred=day,
        begins=day,
        first_published=day,
        credibility=1.0,
        reports=(key,),
    )


def elicited(of: Opening) -> Forecast:
    """Elicit mechanically: priors are p(N)'s shares, and a scenario expects its mean, E[N | s].

    Each order is an occasion of its own. Spread and coverage are the product's defaults.
    """
    within = of.by_scenario()
    shares, means = within.sum(axis=1), within @ np.arange(len(of.masses)) / within.sum(axis=1)
    expected = dict(zip(SCENARIOS, means.tolist(), strict=True))
    return Forecast(
        id="-".join(of.pair),
        opened=of.opened,
        horizon=of.horizon,
        scenarios=tuple(
            Scenario(id=name, prior=share) for name, share in zip(SCENARIOS, _shares(shares), strict=True)
        ),
        indicators=(Indicator(id="orders", tags=(_TAG,), stated=expected, burst_days=0),),
    )


def matched_spread(of: Opening) -> float:
    """Match the variance within scenarios as far as a spread can: ``c² = Σ_s π_s max(0, Var − E) / E²``.

    A scenario in which the count varies less than a Poisson's has none to match.
    """
    within = of.by_scenario()
    shares, counts = within.sum(axis=1), np.arange(len(of.masses))
    means = within @ counts / shares
    variances = within @ counts**2 / shares - means**2
    squares = np.maximum(0.0, variances - means) / means**2
    return min(MOST_SPREAD, math.sqrt(float(shares @ squares)))


FORECASTERS: Mapping[str, Callable[[Opening, Sequence[int]], Probabilities]] = {
    "ours": ours,
    "ours, defaults": ours_by_default,
    "binomial": binomial,
    "static prior": prior,
    "climatology": climatology,
    "Poisson": poisson_static,
    "Poisson, updated": poisson_updated,
}
