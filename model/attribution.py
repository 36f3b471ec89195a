"""What moved the probabilities from one state of knowledge to another, item by item."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from model import exact, items
from model.evidence import Evidence
from model.impossible import ruled_out
from model.items import Item, path_between
from model.path import contributions
from model.quadrature import Array, log_sum_exp

type Kind = items.Kind | Literal["impossible", "possible", "priors", "settings", "scenarios"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """One item, and what it did.

    Parameters
    ----------
    kind
        ``event``: one that counts now and did not before; ``removed``, ``regraded``: one that did;
        ``silence`` of an indicator; ``one-off``: its candidates and its silence together;
        ``observation``: its end moved otherwise than the cutoff; ``impossible``, ``possible``: a scenario
        ruled out, or no longer; ``elicitation`` of an indicator, ``priors``, ``settings``, ``scenarios``:
        what the analysts changed.
    bits
        By scenario, by how much it moved ``log₂ P(s)``; None where P(s) is 0 before or after.
    points
        By scenario, by how many percentage points it moved ``P(s)``.
    indicator, event
        Whose, and the event's key, where it has one.
    scenario, because
        What becomes impossible or possible, and why.
    """

    kind: Kind
    bits: Mapping[str, float | None]
    points: Mapping[str, float]
    indicator: str | None = None
    event: str | None = None
    scenario: str | None = None
    because: str = ""

    @property
    def size(self) -> float:
        """The most bits by which it moved any scenario; ∞ where it makes one impossible, or possible."""
        known = [abs(number) for number in self.bits.values() if number is not None]
        return math.inf if self.scenario else max(known, default=0.0)


def reasons(evidence: Evidence, now: Mapping[str, float] | None = None) -> tuple[Cause, ...]:
    """Attribute the way from the prior to the posterior: each event, each silence, each one-off.

    Parameters
    ----------
    evidence
        What counts at the cutoff.
    now
        Its `model.exact.posterior`, where that is known already.

    Raises
    ------
    Impossible, Unresolved
        As `between` does.
    """
    return between(_unseen(evidence), evidence, _prior(evidence), now)


def _prior(evidence: Evidence) -> dict[str, float]:
    total = math.fsum(one.prior for one in evidence.forecast.scenarios)
    return {one.id: one.prior / total for one in evidence.forecast.scenarios}


def _unseen(evidence: Evidence) -> Evidence:
    """Give the same question on the day on which it opened, before anything was seen."""
    opened = evidence.forecast.opened
    nothing = tuple(replace(one, counted=(), folded=(), exposure=0.0) for one in evidence.indicators)
    return replace(evidence, as_of=opened, observed_until=opened, indicators=nothing, uncounted=())


def between(
    before: Evidence,
    after: Evidence,
    start: Mapping[str, float] | None = None,
    end: Mapping[str, float] | None = None,
) -> tuple[Cause, ...]:
    """Attribute the way from one state of knowledge to another, the largest cause first.

    Bits sum to ``log₂ P_after(s) / P_before(s)`` for every scenario that is possible in both, points to
    ``100 (P_after(s) − P_before(s))`` for every scenario.

    Parameters
    ----------
    before, after
        Of one question: window, scenarios, priors and `coverage_sd` are the same. An indicator that is
        not defined the same is one cause: the old one leaves as the new one comes.
    start, end
        Their `model.exact.posterior`, where these are known already.

    Raises
    ------
    Impossible
        Either rules out every scenario.
    Unresolved
        The numbers are too extreme.
    """
    start, end = start or exact.posterior(before), end or exact.posterior(after)
    both = [one for one in start if start[one] > 0 and end[one] > 0]
    if not both:
        return (step("impossible", start, end, scenario=", ".join(one for one in end if not end[one])),)
    found = [*_excluded(after, start), *_along(before, after, start, end, both), *_readmitted(start, end)]
    return largest_first(found)


def largest_first(causes: Sequence[Cause]) -> tuple[Cause, ...]:
    """Sort causes by the bits by which they moved any scenario; the order of equals stays."""
    return tuple(sorted(causes, key=lambda one: -one.size))


def step(  # noqa: PLR0913, PLR0917 - what a cause has
    kind: Kind,
    start: Mapping[str, float],
    end: Mapping[str, float],
    indicator: str | None = None,
    scenario: str | None = None,
    because: str = "",
) -> Cause:
    """Attribute all of a way to a single cause; a scenario that is not there has probability 0."""
    pairs = {one: (start.get(one, 0.0), end.get(one, 0.0)) for one in {**end, **start}}
    return Cause(
        kind=kind,
        bits={one: math.log2(p / q) if p > 0 and q > 0 else None for one, (q, p) in pairs.items()},
        points={one: 100 * (p - q) for one, (q, p) in pairs.items()},
        indicator=indicator,
        scenario=scenario,
        because=because,
    )


def _excluded(after: Evidence, start: Mapping[str, float]) -> Iterator[Cause]:
    """Yield a cause for each scenario ruled out; its share p gives each other one ``−log₂(1 − p)``."""
    share = dict(start)
    for scenario, exclusion in ruled_out(after).items():
        if share[scenario] > 0:
            left = _without(share, scenario)
            yield step("impossible", share, left, exclusion.indicator, scenario, exclusion.because)
            share = left


def _readmitted(start: Mapping[str, float], end: Mapping[str, float]) -> Iterator[Cause]:
    share = dict(end)
    for scenario in end:
        if start[scenario] == 0 < end[scenario]:
            left = _without(share, scenario)
            yield step("possible", left, share, scenario=scenario)
            share = left


def _without(share: Mapping[str, float], scenario: str) -> dict[str, float]:
    rest = math.fsum(p for one, p in share.items() if one != scenario)
    return {one: 0.0 if one == scenario else p / rest for one, p in share.items()}


def _along(
    before: Evidence,
    after: Evidence,
    start: Mapping[str, float],
    end: Mapping[str, float],
    both: Sequence[str],
) -> Iterator[Cause]:
    """Yield the causes among the scenarios that are possible at both ends."""
    found, path = path_between(before, after, both)
    parts = contributions(path, _log_shares(start, both), _log_shares(end, both))
    for item, bits, points in zip(found, parts.bits, parts.points, strict=True):
        yield _cause(item, list(start), _by_name(bits, both), _by_name(points, both))


def _log_shares(probabilities: Mapping[str, float], both: Sequence[str]) -> Array:
    among = np.log([probabilities[one] for one in both])
    return np.asarray(among - log_sum_exp(among))


def _by_name(numbers: Array, scenarios: Sequence[str]) -> dict[str, float]:
    return dict(zip(scenarios, numbers.tolist(), strict=True))


def _cause(
    item: Item, scenarios: Sequence[str], bits: Mapping[str, float], points: Mapping[str, float]
) -> Cause:
    return Cause(
        kind=item.kind,
        indicator=item.indicator,
        event=item.event,
        bits={one: bits.get(one) for one in scenarios},
        points={one: points.get(one, 0.0) for one in scenarios},
    )
