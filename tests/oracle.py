"""A second computation of the evidence, which shares neither code nor approach with the engine.

Given the error h that the recurring indicators share, no integral over g is taken: an indicator's
likelihood is a finite sum whose coefficients are exact integers. What is left is one integral over
``t = (log h + σ²/2) / σ``, standard normal. Bounds on the slope of its integrand say where all of
its mass must lie, however many modes there are; Gauss–Legendre panels there are halved until they agree.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import logsumexp

from model.domain import Event, Forecast, Indicator
from model.evidence import Evidence, IndicatorEvidence

type Floats = NDArray[np.float64]

NEGLIGIBLE = 50.0  # nats below the maximum at which a panel is left out
REACH = 10.0  # standard normal deviations beyond the outermost mode: exp(-10²/2) is negligible
WIDEST = 0.5  # of a panel, before any is halved for accuracy
AGREEMENT = 1e-11  # of a panel with its halves, as a share of the whole integral
NO_SPREAD = 1e-15  # below which an indicator's own error changes nothing that a float can hold
NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)


def log_evidence(evidence: Evidence) -> dict[str, float]:
    """Log of the evidence of every scenario that has a prior above 0; -inf where it is ruled out."""
    scenarios = evidence.forecast.scenarios
    return {each.id: _of_scenario(evidence, each.id) for each in scenarios if each.prior > 0}


def posterior(evidence: Evidence) -> dict[str, float]:
    """Probability of every scenario that has a prior above 0."""
    prior = {each.id: each.prior for each in evidence.forecast.scenarios}
    joint = {name: math.log(prior[name]) + log_z for name, log_z in log_evidence(evidence).items()}
    total = logsumexp(list(joint.values()))
    return {name: math.exp(value - total) for name, value in joint.items()}


def prior_mean(forecast: Forecast, indicator: Indicator) -> float:
    """Ē or q̄: what the analyst's numbers come to under the prior."""
    return math.fsum(scenario.prior * indicator.stated[scenario.id] for scenario in forecast.scenarios)


def log_coefficients(credibilities: Sequence[float]) -> list[float]:
    """Logs of the coefficients of Π(c z + 1 − c), lowest power first."""
    return list(_log_coefficients(tuple(sorted(credibilities))))


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


@lru_cache(maxsize=256)
def _log_coefficients(credibilities: tuple[float, ...]) -> tuple[float, ...]:
    ratios = [float(c).as_integer_ratio() for c in credibilities]
    denominator = math.prod(whole for _, whole in ratios)
    numerators = reduce(_times, ratios, [1])
    return tuple(math.log(each) - math.log(denominator) if each else -math.inf for each in numerators)


def _times(polynomial: list[int], ratio: tuple[int, int]) -> list[int]:
    """Multiply by (p z + q − p), in exact integers."""
    p, q = ratio
    low, high = [(q - p) * each for each in polynomial], [p * each for each in polynomial]
    return [a + b for a, b in zip([*low, 0], [0, *high], strict=True)]


def _of_scenario(evidence: Evidence, scenario: str) -> float:
    fixed, terms = 0.0, []
    for seen in evidence.indicators:
        stated = seen.indicator.stated[scenario]
        mean = prior_mean(evidence.forecast, seen.indicator)
        if not seen.indicator.recurs:
            fixed += _one_off(evidence.forecast, seen, stated, mean)
        elif stated == 0:
            fixed += _nothing_expected([event.credibility for event in seen.counted], mean)
        else:
            terms.append(_recurring(seen, stated, mean))
    return fixed + _over_h(terms, evidence.forecast.coverage_sd)


def _nothing_expected(credibilities: Sequence[float], mean: float) -> float:
    """Everything is noise, at rate Ē; where Ē is 0 too, noise says nothing at all."""
    if 1.0 in credibilities:
        return -math.inf
    return math.fsum(math.log1p(-c) + math.log(mean) for c in credibilities) if mean > 0 else 0.0


def _one_off(forecast: Forecast, seen: IndicatorEvidence, q: float, mean: float) -> float:
    """Log of Π(1 − c)(1 − qF) + (q / q̄) Σ_j c_j Π_{l≠j}(1 − c_l)(1 − q̄F(r_j)), the sum by its odds."""
    candidates = one_off_candidates(seen.counted)
    certain = [event for event in candidates if event.credibility == 1]
    rumours = [event for event in candidates if event.credibility < 1]
    if mean == 0:
        return -math.inf if certain else 0.0
    denied = math.fsum(math.log1p(-event.credibility) for event in rumours)

    def unforestalled(event: Event) -> float:
        return max(0.0, 1 - mean * seen.indicator.elapsed(forecast.u(event.first_published)))

    if certain:
        return denied + _log(q / mean * unforestalled(certain[0]))
    odds = [event.credibility / (1 - event.credibility) * unforestalled(event) for event in rumours]
    return denied + _log(1 - q * seen.exposure + q / mean * math.fsum(odds))


def one_off_candidates(events: Sequence[Event]) -> list[Event]:
    """All events but the certain ones that come after the earliest certain one."""
    ordered = sorted(events, key=lambda event: (event.occurred, event.first_published, event.key))
    certain = [event for event in ordered if event.credibility == 1]
    return [event for event in ordered if event not in certain[1:]]


@dataclass(frozen=True, eq=False)
class _Recurring:
    """One recurring indicator under one scenario, as a function of x = log h."""

    log_rate: float
    log_mean: float
    log_exposure: float
    variance: float  # v = 1/a, the square of the spread
    credibilities: Floats

    def __call__(self, x: Floats) -> Floats:
        """``log Z(h)``, by the sum of section 8; by the product of section 3 where there is no g."""
        return self._product(x) if self.variance == 0 else self._sum(x)

    def _product(self, x: Floats) -> Floats:
        with np.errstate(divide="ignore", over="ignore"):
            real, noise = np.log(self.credibilities), np.log1p(-self.credibilities)
            silence = np.exp(self.log_rate + self.log_exposure + x)
        return _total(np.logaddexp(real + self.log_rate + x[:, None], noise + self.log_mean)) - silence

    def _sum(self, x: Floats) -> Floats:
        """a^a/Γ(a) Σ_j e_j Ē^(n−j) (E h)^j Γ(a+j)/(a + E h X)^(a+j), each factor over its power of a."""
        n = len(self.credibilities)
        j = np.arange(n + 1)
        rising = np.concatenate([[0.0], np.cumsum(np.log1p(self.variance * j[:-1]))])
        base = np.logaddexp(0.0, math.log(self.variance) + self.log_rate + self.log_exposure + x)
        fixed = np.array(log_coefficients(list(self.credibilities))) + (n - j) * self.log_mean + rising
        terms = fixed + j * (self.log_rate + x - base)[:, None]
        return np.asarray(logsumexp(terms, axis=1)) - base / self.variance

    def steepest(self, x: Floats) -> tuple[Floats, Floats]:
        """Upper bounds on the slope and on minus the slope in x, falling and rising in x.

        Were j of the events real, the slope would be ``(j − y) / (1 + v y)``, y = E h X; in truth it
        is the average of these over j.
        """
        y = np.exp(np.minimum(self.log_rate + self.log_exposure + x, 600.0))
        below = 1 + self.variance * y
        return (len(self.credibilities) - y) / below, y / below


def _total(by_event: Floats) -> Floats:
    return np.asarray(by_event.sum(axis=1))


def _recurring(seen: IndicatorEvidence, rate: float, mean: float) -> _Recurring:
    spread = seen.indicator.spread
    return _Recurring(
        log_rate=math.log(rate),
        log_mean=math.log(mean),
        log_exposure=_log(seen.exposure),
        variance=spread**2 if spread > NO_SPREAD else 0.0,
        credibilities=np.array([event.credibility for event in seen.counted], dtype=np.float64),
    )


@dataclass(frozen=True)
class _Integrand:
    """Log of the standard normal density of t times the likelihood at ``log h = σt − σ²/2``."""

    terms: Sequence[_Recurring]
    sigma: float

    def __call__(self, t: Floats) -> Floats:
        x = self._log_h(t)
        density = -t * t / 2 - math.log(2 * math.pi) / 2
        return np.asarray(density + sum(term(x) for term in self.terms))

    def rise(self, t: Floats) -> Floats:
        """Upper bound on the slope at t, and beyond it: it falls in t."""
        x = self._log_h(t)
        return np.asarray(self.sigma * sum(term.steepest(x)[0] for term in self.terms) - t)

    def fall(self, t: Floats) -> Floats:
        """Upper bound on minus the slope at t, and before it: it rises in t."""
        x = self._log_h(t)
        return np.asarray(self.sigma * sum(term.steepest(x)[1] for term in self.terms) + t)

    def _log_h(self, t: Floats) -> Floats:
        return self.sigma * t - self.sigma**2 / 2


def _over_h(terms: Sequence[_Recurring], sigma: float) -> float:
    if sigma == 0 or not terms:
        return float(sum(term(np.zeros(1))[0] for term in terms))
    f = _Integrand(terms, sigma)
    return _integral(f, *_panels(f))


def _region(f: _Integrand) -> tuple[float, float]:
    """Where all the modes lie, and REACH on either side.

    Before the first root the integrand rises, beyond the second it falls, faster than a normal density.
    """
    events = sum(len(term.credibilities) for term in f.terms)
    low = _root(f.fall, -float(f.fall(np.zeros(1))[0]) - 1, 1.0)
    high = _root(f.rise, low - 1, f.sigma * events + 1)
    return low - REACH, high + REACH


def _root(function: Callable[[Floats], Floats], low: float, high: float) -> float:
    return float(brentq(lambda t: float(function(np.array([t]))[0]), low, high))


def _panels(f: _Integrand) -> tuple[Floats, Floats]:
    """Panels, none wider than WIDEST, that hold everything above exp(-NEGLIGIBLE) of the maximum."""
    edges = np.linspace(*_region(f), 17)
    left, right = edges[:-1], edges[1:]
    while True:
        at_left, at_right, width = f(left), f(right), right - left
        from_left = at_left + width * np.maximum(0, f.rise(left))
        from_right = at_right + width * np.maximum(0, f.fall(right))
        highest = max(at_left.max(), at_right.max())
        kept = np.minimum(from_left, from_right) > highest - NEGLIGIBLE
        left, right = left[kept], right[kept]
        if (right - left).max() <= WIDEST:
            return left, right
        left, right = _halved(left, right)


def _halved(left: Floats, right: Floats) -> tuple[Floats, Floats]:
    middle = (left + right) / 2
    return np.concatenate([left, middle]), np.concatenate([middle, right])


def _integral(f: _Integrand, left: Floats, right: Floats) -> float:
    """Log of the integral over the panels, each halved until it agrees with its halves."""
    scale = float(f(np.concatenate([left, right])).max())
    done = 0.0
    while left.size:
        whole = _gauss(f, left, right, scale)
        halves = _gauss(f, *_halved(left, right), scale).reshape(2, -1).sum(axis=0)
        agrees = np.abs(whole - halves) <= AGREEMENT * (done + halves.sum())
        done += float(halves[agrees].sum())
        left, right = _halved(left[~agrees], right[~agrees])
    return scale + math.log(done)


def _gauss(f: _Integrand, left: Floats, right: Floats, scale: float) -> Floats:
    half = (right - left)[:, None] / 2
    t = (left + right)[:, None] / 2 + half * NODES
    values = np.exp(f(t.ravel()) - scale).reshape(t.shape)
    return np.asarray((values * WEIGHTS * half).sum(axis=1))
