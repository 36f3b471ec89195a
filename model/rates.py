"""How often each indicator's events happen, given the evidence: rates as weighted nodes, by scenario."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, xlogy

from model import exact
from model.evidence import Evidence
from model.quadrature import Array, log_sum_exp
from model.rate_grid import States, gridded
from model.recurring import Latents, Recurring, alike, latents, log_volumes

_NEGLIGIBLE = 1e-17  # weight of a node that is left out
_HELD = 700.0  # mean of which the chance of no event at all can be held


class Rate(NamedTuple):
    """The rate ``E g h`` of an indicator, in occasions over the whole window; rows are scenarios.

    Parameters
    ----------
    values, weights : ndarray, shape (rows, nodes)
        Weights sum to 1 over the nodes.
    """

    values: Array
    weights: Array

    def counts(self, share: float, most: int) -> Array:
        """``p(n | s)`` of n new occasions in a share of the window, shape (rows, most + 1).

        The mixture ``∫ p(rate | s, D) Poisson(n; rate ΔF)``, which is ``ΔF^n/n! · Z_s[n more]/Z_s``.
        """
        mean = self.values * share
        chances = _recursive(mean, most) if mean.max() < _HELD else _by_logarithms(mean, most)
        return np.stack([np.sum(self.weights * chance, axis=1) for chance in chances], axis=1)

    def some(self, share: float) -> Array:
        """``1 − p(0 | s)`` of a share of the window, shape (rows,)."""
        return np.asarray(-np.sum(self.weights * np.expm1(-self.values * share), axis=1))


def _recursive(mean: Array, most: int) -> Iterator[Array]:
    """Poisson probabilities of 0 to `most`, ``p(n) = p(n − 1) mean / n``: an exponential for them all."""
    chance = np.exp(-mean)
    yield chance
    for n in range(1, most + 1):
        chance = chance * (mean / n)
        yield chance


def _by_logarithms(mean: Array, most: int) -> Iterator[Array]:
    """Do the same where none at all is less probable than doubles can hold."""
    for n in range(most + 1):
        yield np.exp(xlogy(n, mean) - gammaln(n + 1) - mean)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """What is known of scenarios and rates.

    Parameters
    ----------
    probabilities
        Of the scenarios that are not ruled out, in the order of the rows.
    of
        By recurring indicator.
    """

    probabilities: Mapping[str, float]
    of: Mapping[str, Rate]

    @property
    def weights(self) -> Array:
        """The same probabilities, shape (rows,)."""
        return np.array(list(self.probabilities.values()))


def rates(evidence: Evidence, now: Mapping[str, float] | None = None) -> Rates:
    """Compute scenario probabilities, and every recurring indicator's rate under each.

    Parameters
    ----------
    evidence
        What counts at the cutoff.
    now
        Its `model.exact.posterior`, where that is known already.

    Raises
    ------
    Impossible, Unresolved
        As `model.exact.log_evidence` does.
    """
    probabilities = {one: p for one, p in (now or exact.posterior(evidence)).items() if p > 0}
    rows = exact.as_stated(evidence, list(probabilities))
    seen = {one.indicator.id: one for one in evidence.indicators if one.indicator.recurs}
    recurring = {
        name: exact.recurring_rows(one, rows.stated[name], rows.mean[name]) for name, one in seen.items()
    }
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        given = latents(list(recurring.values()), evidence.forecast.coverage_sd)
        counts = given.weights.max(axis=0) > _NEGLIGIBLE
        left = replace(given, h=given.h[counts], weights=given.weights[:, counts])
        found = {name: _rate(one, left) for name, one in recurring.items()}
    return Rates(probabilities=probabilities, of=found)


def _rate(one: Recurring, given: Latents) -> Rate:
    grid = gridded(_states(one), given.h)
    if grid is None:
        return _node_by_node(one, given)
    weights = grid.density(given.weights[None])[0]
    counts = weights.max(axis=0) > _NEGLIGIBLE
    return Rate(np.broadcast_to(grid.rates[counts], (len(weights), counts.sum())), weights[:, counts])


def _states(one: Recurring) -> States:
    kinds, which = alike(one.credibilities)
    return States(
        expected=one.expected,
        noise=float(one.noise[0]),
        spread=one.spread,
        events=one.credibilities.size,
        kinds=kinds,
        powers=np.bincount(which, minlength=kinds.size)[None].astype(float),
        exposures=np.array([one.exposure]),
    )


def _node_by_node(one: Recurring, given: Latents) -> Rate:
    values, log_weights = log_volumes(one, given.h)
    within = np.exp(log_weights - log_sum_exp(log_weights)[..., None])
    weights = np.broadcast_to(given.weights[..., None] * within, values.shape)
    rows = len(values)
    values, weights = values.reshape(rows, -1), weights.reshape(rows, -1)
    counts = weights.max(axis=0) > _NEGLIGIBLE
    return Rate(values[:, counts], weights[:, counts])
