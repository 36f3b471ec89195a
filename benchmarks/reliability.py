"""The reliability diagram: frequencies beside stated probabilities, and one band for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import scoring
from benchmarks.scoring import Array, Places

LEVEL = 0.95
_REPLICATES, _AT_ONCE = 20_000, 500
_STYLES = (("#D55E00", "v"), ("#0072B2", "o"), ("#009E73", "^"))  # Okabe and Ito: told apart by all eyes
_SVG: dict[Any, Any] = {"svg.hashsalt": "posterity", "svg.fonttype": "none", "font.size": 9}


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One bin of one scenario's diagram: what was stated, what happened, and what might have.

    Parameters
    ----------
    scenario
        Its place.
    low, high
        The simultaneous band of the frequency.
    """

    scenario: int
    forecasts: int
    stated: float
    frequency: float
    low: float
    high: float

    @property
    def inside(self) -> bool:
        """Whether the frequency lies within the band."""
        return self.low <= self.frequency <= self.high


def points(stated: Array, outcomes: Places, *, seed: int = 0, replicates: int = _REPLICATES) -> list[Point]:
    """Compare frequencies with stated probabilities, bin by bin of every scenario.

    The band is a global rank envelope: in 95 % of replications in which the scenario is drawn from
    the stated probabilities themselves, all bins of all scenarios lie within it at once.

    Parameters
    ----------
    stated
        Probabilities of independent forecasts, shape (forecasts, scenarios).
    outcomes
        Place of the scenario that came true, shape (forecasts,).
    """
    bins = [scoring.membership(one) for one in stated.T]
    numbers, sums = _counts(np.ones_like(stated), bins), _counts(stated, bins)
    found = _counts(scoring.happened(stated, outcomes), bins)
    low, high = envelope(_simulated(stated, bins, replicates, np.random.default_rng(seed)))
    scenarios = np.repeat(np.arange(len(bins)), [one.shape[1] for one in bins])
    return [
        Point(scenario=s, forecasts=int(n), stated=p / n, frequency=f / n, low=least / n, high=most / n)
        for s, n, p, f, least, most in zip(
            *map(np.ndarray.tolist, (scenarios, numbers, sums, found, low, high)), strict=True
        )
    ]


def _counts(values: Array, bins: Sequence[Array]) -> Array:
    """Sum each scenario's column of values within its bins, shape (…, bins of all scenarios)."""
    return np.concatenate([values[..., place] @ one for place, one in enumerate(bins)], axis=-1)


def _simulated(stated: Array, bins: Sequence[Array], replicates: int, rng: np.random.Generator) -> Array:
    """Count how often each scenario happens in each bin, if it does as stated; shape (replicates, bins)."""
    batches = (scoring.drawn(stated, _AT_ONCE, rng) for _ in range(0, replicates, _AT_ONCE))
    return np.concatenate([_counts(one, bins) for one in batches])


def envelope(simulated: Array) -> tuple[Array, Array]:
    """Find the narrowest rank envelope that holds whole replications with at least the level.

    Parameters
    ----------
    simulated
        Counts, shape (replications, bins).

    Returns
    -------
    low, high : ndarray, shape (bins,)
        The least and the greatest count within.
    """
    ordered = np.sort(simulated, axis=0)
    tails = np.stack([_tail(ordered[:, j], simulated[:, j]) for j in range(simulated.shape[1])], axis=1)
    least = np.quantile(tails.min(axis=1), 1 - LEVEL, method="lower")
    within = tails >= least
    low = np.where(within, simulated, np.inf).min(axis=0)
    high = np.where(within, simulated, -np.inf).max(axis=0)
    return low, high


def _tail(ordered: Array, values: Array) -> Array:
    """How many replications lie as far out as this value, on the side where there are fewer."""
    as_low = np.searchsorted(ordered, values, side="right")
    as_high = ordered.size - np.searchsorted(ordered, values, side="left")
    return np.asarray(np.minimum(as_low, as_high))


def draw(found: Sequence[Point], names: Sequence[str], to: Path) -> None:
    """Write the diagram as SVG, a panel for each scenario; the same points give the same bytes."""
    with mpl.rc_context(_SVG):
        figure = Figure(figsize=(9, 3.5), layout="constrained")
        panels = figure.subplots(1, len(names), sharey=True)
        for place, (axes, name) in enumerate(zip(panels, names, strict=True)):
            _panel(axes, [one for one in found if one.scenario == place], *_STYLES[place % len(_STYLES)])
            axes.set_title(name)
        panels[0].set_ylabel("share in which it happened")
        figure.supxlabel("stated probability", fontsize="medium")
        figure.savefig(to, format="svg", metadata={"Date": None, "Creator": None})


def _panel(axes: Axes, found: Sequence[Point], colour: str, marker: str) -> None:
    stated = [one.stated for one in found]
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=0.8)
    axes.vlines(
        stated,
        [one.low for one in found],
        [one.high for one in found],
        color="0.75",
        linewidth=5,
        label="band",
    )
    axes.plot(stated, [one.frequency for one in found], marker, color=colour, markersize=5)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
