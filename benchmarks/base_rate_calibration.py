"""Whether base rates are calibrated on histories that their own prior draws (simulation-based calibration).

Each world is drawn in NumPy, observed in part, and fitted; where the truth ranks among the posterior's
draws must be uniform (Talts et al. 2018), for each unknown and for the number of occasions to come.
"""

import argparse
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.base_rate_worlds import Worlds, worlds
from benchmarks.measuring import machine, table
from model import base_rate_window as window
from model.base_rate_sampling import Effort
from model.base_rates import BaseRates, History, Priors, fit

Array = NDArray[np.float64]

COUNTRIES = ("AA", "BB", "CC")
YEARS = 5
GROUP = [0, 2]  # whose occasions are predicted
CUT = window.blocks(1.5, 0.75)
LIGHT = (Effort(draws=500, tune=500, target_accept=0.95),)
HYPER = ("level", "between", "persistence", "country_drift", "shared_drift", "yearly_cv")
EXPOSURE = np.ones((len(COUNTRIES), YEARS))
EXPOSURE[0, :2] = 0  # not observed
EXPOSURE[1, 3] = 0.4


def simulate(many: int, seed: int) -> tuple[Worlds, NDArray[np.int64]]:
    """Draw worlds and their counts: the history's years first, then the window's blocks."""
    rng = np.random.default_rng(seed)
    times = np.concatenate([np.arange(YEARS, dtype=float), YEARS - 1 + CUT.lags])
    found = worlds(Priors(), many=many, countries=len(COUNTRIES), times=times, rng=rng)
    ahead = np.broadcast_to(CUT.lengths, (len(COUNTRIES), CUT.lengths.size))
    return found, found.counts(np.concatenate([EXPOSURE, ahead], axis=1), rng)


def ranks(many: int, seed: int) -> Mapping[str, Array]:
    """Rank the truth of so many worlds among their posteriors' draws, from 0 to 1."""
    found, counts = simulate(many, seed)
    rng = np.random.default_rng(seed + 1)
    taken: dict[str, list[float]] = {}
    for place in range(many):
        history = History(
            kind="occasions",
            countries=COUNTRIES,
            years=tuple(range(2001, 2001 + YEARS)),
            counts=counts[place, :, :YEARS],
            exposure=EXPOSURE,
        )
        rates = fit(history, seed=place, attempts=LIGHT)
        for name, rank in _ranks(rates, found, counts[place], place, rng):
            taken.setdefault(name, []).append(rank)
    return {name: np.array(one) for name, one in taken.items()}


def _ranks(
    rates: BaseRates, found: Worlds, counts: NDArray[np.int64], place: int, rng: np.random.Generator
) -> Iterator[tuple[str, float]]:
    for name in HYPER:
        yield name, _rank(getattr(rates.draws, name), getattr(found, name)[place], rng)
    last = rates.draws.log_rate[..., 0, -1]
    yield "rate of AA's last year", _rank(last, found.log_rate[place, 0, YEARS - 1], rng)
    ahead = window.simulate(rates.draws, GROUP, CUT, times=1, rng=rng)
    yield "occasions to come", _rank(ahead, float(counts[GROUP, YEARS:].sum()), rng)


def _rank(draws: Array | NDArray[np.int64], truth: float, rng: np.random.Generator) -> float:
    """Where the truth stands among draws; ties are broken at random."""
    return float(np.mean(draws < truth) + rng.uniform() * np.mean(draws == truth))


def rows(found: Mapping[str, Array]) -> Iterator[tuple[str, ...]]:
    for name, one in found.items():
        inside = np.mean(np.abs(one - 0.5) < 0.4)
        p = stats.kstest(one, "uniform").pvalue
        yield name, f"{one.mean():.3f}", f"{one.std():.3f}", f"{inside:.0%}", f"{p:.2f}"


def main() -> None:
    """Print how the ranks are distributed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.base_rate_calibration", description=__doc__)
    parser.add_argument("--worlds", type=int, default=200, help="so many worlds (default 200)")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    found = ranks(chosen.worlds, chosen.seed)
    print(machine() + "\n")
    print(table(("of", "mean rank", "sd of ranks", "inside 80 %", "Kolmogorov's p"), rows(found)))
    print("\nUniform ranks have mean 0.500 and sd 0.289.")


if __name__ == "__main__":
    main()
