"""One scenario's numbers as a table: what the PyMC model is given, and its likelihood in NumPy."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.evidence import Evidence, IndicatorEvidence
from model.impossible import certain, mean_stated

Array = NDArray[np.float64]

NO_SPREAD = 1e-4  # a volume known this well is known: its effect on log Z is under n² · 5e-9
_SLOTS = 8  # events of an indicator are padded to a multiple of this, so that shapes are few
NUMBERS = ("expected", "exposure", "shape", "coverage_sd")


@dataclass(frozen=True, slots=True)
class Shape:
    """What PyTensor compiles for: indicators with and without a latent volume, slots, coverage."""

    volumes: int
    fixed: int
    slots: int
    coverage: bool

    @property
    def latents(self) -> int:
        """Number of unknowns."""
        return self.volumes + self.coverage


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """One scenario's numbers, one row an indicator, those with a latent volume first.

    Parameters
    ----------
    indicators
        Ids of the rows.
    rows : ndarray, shape (indicators, 4 + 2 · slots)
        ``expected, exposure, shape, coverage_sd``, then for each slot the credibility c of an
        event, then for each slot its noise (1 − c) Ē; an empty slot has 0 and 1.
    """

    indicators: tuple[str, ...]
    rows: Array
    shape: Shape

    @property
    def slots(self) -> tuple[Array, Array]:
        """Credibilities and noise rates, each of shape (indicators, slots)."""
        factors = self.rows[:, len(NUMBERS) :]
        return factors[:, : self.shape.slots], factors[:, self.shape.slots :]


def tabulate(evidence: Evidence, scenario: str) -> Table:
    """Lay one scenario's numbers out for the model."""
    seen = [one for one in evidence.indicators if one.indicator.recurs]
    seen.sort(key=lambda one: one.indicator.spread < NO_SPREAD)  # stable: latent volumes first
    volumes = sum(one.indicator.spread >= NO_SPREAD for one in seen)
    most = max((len(one.counted) for one in seen), default=0)
    shape = Shape(
        volumes=volumes,
        fixed=len(seen) - volumes,
        slots=_SLOTS * max(1, math.ceil(most / _SLOTS)),
        coverage=bool(seen) and evidence.forecast.coverage_sd > 0,
    )
    rows = [_row(evidence, one, scenario, shape.slots) for one in seen]
    width = len(NUMBERS) + 2 * shape.slots
    table = np.array(rows, dtype=float).reshape(len(seen), width)
    return Table(indicators=tuple(one.indicator.id for one in seen), rows=table, shape=shape)


def _row(evidence: Evidence, seen: IndicatorEvidence, scenario: str, slots: int) -> list[float]:
    noise = mean_stated(evidence, seen)
    counted = seen.counted if noise > 0 else certain(seen)
    empty = slots - len(counted)
    shape = seen.indicator.spread**-2 if seen.indicator.spread >= NO_SPREAD else math.inf
    return [
        seen.indicator.stated[scenario],
        seen.exposure,
        shape,
        evidence.forecast.coverage_sd,
        *[event.credibility for event in counted],
        *[0.0] * empty,
        *[(1 - event.credibility) * noise for event in counted],
        *[1.0] * empty,
    ]


def log_likelihood(table: Table, latents: Array) -> Array:
    """Log-likelihood of the recurring indicators.

    Parameters
    ----------
    latents : ndarray, shape (points, latents)
        Volumes in the table's order, then the coverage.

    Returns
    -------
    ndarray, shape (points,)
    """
    shape = table.shape
    if not table.indicators:
        return np.zeros(len(latents))
    known = np.ones((len(latents), shape.fixed))
    scale = np.concatenate([latents[:, : shape.volumes], known], axis=1)
    if shape.coverage:
        scale *= latents[:, -1:]
    rate = scale * table.rows[:, 0]
    total = -rate @ table.rows[:, 1]
    for credibility, noise in zip(*(part.T for part in table.slots), strict=True):
        total += np.sum(np.log(credibility * rate + noise), axis=1)
    return np.asarray(total)
