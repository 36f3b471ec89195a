"""Base rates held out: fitted to a register's years 2000 to 2012, they predict each of 2013 to 2018.

The mean log score of each country and year stands beside those of two Poissons: one with the country's own
mean (also with half a count added, for a country that had none, where the score would be −inf), and one
with the mean of all countries.
"""

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.base_rate_worlds import worlds
from benchmarks.measuring import machine, table
from ingest.register.reading import read_register
from ingest.register.values import Register, What
from model import base_rate_window as window
from model.base_rate_sampling import Effort
from model.base_rates import BaseRates, History, Priors, fit

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

RECIPIENTS = ("BO", "BR", "CL", "CO", "MX", "NI", "PE", "VE")
GROUPS = (("PE",), ("BO", "NI", "VE"), ("BR", "CL", "CO", "MX"))
FIRST, LAST, HELD_OUT = 2000, 2012, 2018
ORIGINS = (2004, 2006, 2008)  # within the years that are fitted: what comes after is held out
AHEAD = 6
NONE = 1e-3  # a drift that is none
VARIANTS = {
    "no drift": Priors(country_drift=NONE, shared_drift=NONE),
    "each country's": Priors(shared_drift=NONE),
    "shared": Priors(country_drift=NONE),
    "both": Priors(),
}
QUICK = (Effort(draws=500, tune=700, target_accept=0.95),)
SENSITIVITY = {"as they are": 1.0, "halved": 0.5, "doubled": 2.0}


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What is counted, and of whose arms (None: everybody's)."""

    what: What
    supplier: str | None

    @property
    def name(self) -> str:
        """For the tables."""
        return f"{self.what}, {'Russia' if self.supplier else 'all suppliers'}"

    def counts(self, register: Register, first: int, last: int) -> Counts:
        """Shape (recipients, years)."""
        found = register.counted(
            self.what, supplier=self.supplier, recipients=RECIPIENTS, first=first, last=last
        )
        return np.array([found[one] for one in RECIPIENTS])


CASES = tuple(Case(what=what, supplier=one) for what in ("orders", "deliveries") for one in (None, "RU"))


def history(case: Case, counts: Counts, first: int = FIRST) -> History:
    years = tuple(range(first, first + counts.shape[1]))
    return History(
        kind=case.name, countries=RECIPIENTS, years=years, counts=counts, exposure=np.ones(counts.shape)
    )


def model_scores(rates: BaseRates, later: Counts) -> Array:
    """Log probability of each count, shape (recipients, years)."""
    return np.array(
        [
            [
                math.log(rates.probabilities(country, np.array([count]), ahead=place)[0])
                for place, count in enumerate(row, start=1)
            ]
            for country, row in zip(rates.history.countries, later, strict=True)
        ]
    )


def poisson_scores(seen: Counts, later: Counts) -> Mapping[str, Array]:
    """Log probabilities by the Poissons to beat."""
    years = seen.shape[1]
    means = {
        "own": seen.mean(axis=1),
        "own, half a count added": (seen.sum(axis=1) + 0.5) / years,
        "pooled": np.full(len(seen), seen.mean()),
    }
    return {name: stats.poisson.logpmf(later, mean[:, None]) for name, mean in means.items()}


def shown(scores: Array) -> str:
    """Mean of the scores."""
    mean = scores.mean()
    return f"{mean:.3f}".replace("-", "−") if math.isfinite(mean) else "−∞"


def difference(better: Array, worse: Array) -> str:
    """Mean difference with a standard error that takes each country as one observation."""
    by_country = (better - worse).mean(axis=1)
    error = by_country.std(ddof=1) / math.sqrt(by_country.size)
    mean = f"{by_country.mean():+.3f} ± {error:.3f}".replace("-", "−")
    return f"{mean} ({(by_country > 0).sum()} of {by_country.size})"


def intervals(rates: BaseRates, later: Counts) -> tuple[float, float]:
    """Share of counts inside their central 80 % interval, and the probability that these intervals hold."""
    rng = np.random.default_rng(1)
    inside, held = [], []
    for country, row in enumerate(later):
        for place, count in enumerate(row, start=1):
            year = window.Blocks(np.ones(1), np.array([float(place)]))
            drawn = window.simulate(rates.draws, [country], year, times=5, rng=rng)
            low, high = (np.quantile(drawn, end, method="inverted_cdf") for end in (0.1, 0.9))
            inside.append(low <= count <= high)
            held.append(np.mean((drawn >= low) & (drawn <= high)))
    return float(np.mean(inside)), float(np.mean(held))


def held_out(register: Register) -> Iterator[tuple[BaseRates, Counts, Case]]:
    for case in CASES:
        rates = fit(history(case, case.counts(register, FIRST, LAST)), seed=1)
        yield rates, case.counts(register, LAST + 1, HELD_OUT), case


def score_row(rates: BaseRates, later: Counts, case: Case) -> tuple[str, ...]:
    """Score one case."""
    own = model_scores(rates, later)
    peers = poisson_scores(rates.history.counts, later)
    return (
        case.name,
        f"{rates.history.counts.sum()}, {later.sum()}",
        shown(own),
        *map(shown, peers.values()),
        difference(own, peers["own, half a count added"]),
        difference(own, peers["pooled"]),
    )


def interval_row(rates: BaseRates, later: Counts, case: Case) -> tuple[str, ...]:
    """Say how a case's intervals held, and how its fit was judged."""
    inside, held = intervals(rates, later)
    total = rates.expected(RECIPIENTS, later.shape[1])
    figures = {check.name: check.figure for check in rates.checks}
    return (
        case.name,
        f"{inside:.0%}",
        f"{held:.0%}",
        f"{total.expected:.0f} ({total.low} to {total.high})",
        f"{later.sum()}",
        "all passed" if rates.sound else ", ".join(one.name for one in rates.checks if one.passed is False),
        f"{rates.attempts}",
        f"{figures['rhat']:.4f}",
        f"{min(figures['ess_bulk'] or 0, figures['ess_tail'] or 0):.0f}",
    )


def window_rows(rates: BaseRates, case: Case, years: float) -> Iterator[tuple[str, ...]]:
    """Show what a window of so many years is given, and the interval of the matched Gamma–Poisson law."""
    for group in (RECIPIENTS, *GROUPS):
        base = rates.expected(group, years)
        size = 1 / base.spread**2
        law = stats.nbinom(size, size / (size + base.expected))
        yield (
            case.name,
            "all eight" if group == RECIPIENTS else " ".join(group),
            f"{base.expected:.2f} ± {base.expected_error:.2f}",
            f"{base.expected_low:.2f} to {base.expected_high:.2f}",
            f"{base.low} to {base.high}",
            f"{base.spread:.2f} ± {base.spread_error:.2f}",
            f"{law.ppf(0.1):.0f} to {law.ppf(0.9):.0f}",
        )


def within_rows(register: Register) -> Iterator[tuple[str, ...]]:
    """Score the drifts on what follows each origin within the fitted years: no held-out year is read."""
    scores: dict[tuple[str, str], list[float]] = {}
    for origin in ORIGINS:
        for case in CASES:
            seen = history(case, case.counts(register, FIRST, origin))
            later = case.counts(register, origin + 1, min(origin + AHEAD, LAST))
            for name, priors in VARIANTS.items():
                rates = fit(seen, seed=1, priors=priors, attempts=QUICK)
                scores.setdefault((case.name, name), []).append(float(model_scores(rates, later).mean()))
    for case in CASES:
        yield case.name, *(shown(np.array(scores[case.name, name])) for name in VARIANTS)


def prior_rows(register: Register) -> Iterator[tuple[str, ...]]:
    """Score with all scales of the priors halved and doubled."""
    for case in CASES:
        seen = history(case, case.counts(register, FIRST, LAST))
        later = case.counts(register, LAST + 1, HELD_OUT)
        for name, times in SENSITIVITY.items():
            rates = fit(seen, seed=1, priors=Priors(**_scaled(times)))
            base = rates.expected(RECIPIENTS, 1.5)
            yield (
                case.name,
                name,
                shown(model_scores(rates, later)),
                f"{base.expected:.2f}",
                f"{base.spread:.2f}",
            )


def _scaled(times: float) -> dict[str, float]:
    return {name: times * scale for name, scale in zip(Priors.__slots__, Priors().scales, strict=True)}


def prior_predictive(seed: int = 1, many: int = 100_000) -> Iterator[tuple[str, ...]]:
    """Show what the priors say of a year's count in one country."""
    rng = np.random.default_rng(seed)
    drawn = worlds(Priors(), many=many, countries=1, times=np.zeros(1), rng=rng)
    counts = drawn.counts(np.ones((1, 1)), rng)[:, 0, 0]
    quantiles = [np.quantile(counts, share) for share in (0.5, 0.75, 0.9, 0.95, 0.99)]
    yield (
        f"{(counts == 0).mean():.0%}",
        *(f"{one:.0f}" for one in quantiles),
        f"{(counts <= 15).mean():.0%}",
    )


def show_held_out(register: Register, years: float) -> None:
    found = list(held_out(register))
    print(
        table(
            (
                *("case", "counts, held out", "model", "own mean", "own mean + ½", "pooled mean"),
                *("model − own mean + ½", "model − pooled mean"),
            ),
            (score_row(*one) for one in found),
        )
    )
    print()
    print(
        table(
            (
                *("case", "inside 80 %", "intervals hold", "six years: predicted", "seen"),
                *("checks", "attempts", "R-hat", "ESS per chain"),
            ),
            (interval_row(*one) for one in found),
        )
    )
    print(f"\nA window of {years:g} years that opens where {LAST} ends:\n")
    headers = ("case", "countries", "expected", "its 80 %", "N, 80 %", "spread", "matched law, 80 %")
    print(table(headers, (row for rates, _, case in found for row in window_rows(rates, case, years))))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the held-out comparison, or what the model and its priors were chosen by."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.base_rates", description=__doc__)
    parser.add_argument("register", type=Path, help="an export of SIPRI's trade register (CSV)")
    parser.add_argument("--years", type=float, default=1.5, help="window to show base rates of (default 1.5)")
    parser.add_argument("--within", action="store_true", help="compare drifts within the fitted years alone")
    parser.add_argument("--priors", action="store_true", help="halve and double the priors' scales")
    chosen = parser.parse_args(arguments)
    register = read_register(chosen.register)
    print(machine() + "\n")
    if chosen.within:
        print(table(("case", *VARIANTS), within_rows(register)))
    elif chosen.priors:
        print(table(("case", "scales", "log score", "expected, 1.5 years", "spread"), prior_rows(register)))
    else:
        headers = ("zero", "median", "75 %", "90 %", "95 %", "99 %", "at most 15")
        print(table(headers, prior_predictive()) + "\n")
        show_held_out(register, chosen.years)


if __name__ == "__main__":
    main()
