"""Why the scenario is not summed out inside one PyMC model: that mixture beside what is computed instead.

``python -m benchmarks.mixture`` begins with empty compilation caches; each computation is made with two
seeds, of which the first pays for compiling.
"""

import argparse
import logging
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.measuring import machine, table, timed
from benchmarks.simulated import FAR, NEAR, Recipe, case
from model import exact
from model.evidence import Evidence
from tests import oracle

SEEDS = (1, 2)
HEADERS = (
    *("computation", "downside", "base", "upside", "ln Z base − downside", "ln Z upside − downside"),
    *("worst R-hat", "least ESS", "seconds", "worst error"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Probabilities by scenario, and how the chains looked, where there were any."""

    probabilities: Mapping[str, float]
    log_z: Mapping[str, float]
    rhat: float | None = None
    ess: float | None = None


def by_quadrature(evidence: Evidence) -> Answer:
    """Answer with the exact engine."""
    log_z = exact.log_evidence(evidence)
    return Answer(probabilities=exact.probabilities(evidence, log_z), log_z=log_z)


def by_oracle(evidence: Evidence) -> Answer:
    """Answer with the tests' oracle, which shares no code with either engine."""
    return Answer(probabilities=oracle.posterior(evidence), log_z=oracle.log_evidence(evidence))


def by_bridge(evidence: Evidence, seed: int) -> Answer:
    """Answer with NUTS for each scenario by itself, and bridge sampling, with the effort of a night."""
    from model import gate, sampling  # noqa: PLC0415 - the caches are chosen before PyMC is loaded
    from model.update import ATTEMPTS  # noqa: PLC0415

    effort = ATTEMPTS[0]
    fits = {
        name: sampling.fit(evidence, name, seed=seed, draws=effort.draws, tune=effort.tune)
        for name in evidence.forecast.scenario_ids
    }
    log_z = {name: fit.estimate.log_z for name, fit in fits.items()}
    probabilities = exact.probabilities(evidence, log_z)
    true = by_quadrature(evidence)
    checks = gate.judge(fits, exact_log_z=true.log_z, exact=true.probabilities, sampled=probabilities)
    figures = {check.name: check.figure for check in checks}
    ess = figures["ess_bulk"]
    return Answer(
        probabilities=probabilities,
        log_z=log_z,
        rhat=figures["rhat"],
        ess=None if ess is None else ess * sampling.CHAINS,
    )


def by_mixture(sampler: str, evidence: Evidence) -> Callable[[int], Answer]:
    """Answer with the naive mixture; its log evidences are what its probabilities imply."""
    from benchmarks import naive  # noqa: PLC0415 - the caches are chosen before PyMC is loaded

    sample = {"PyMC": naive.by_pymc, "nutpie": naive.by_nutpie}[sampler](evidence)
    priors = {one.id: one.prior for one in evidence.forecast.scenarios}

    def answer(seed: int) -> Answer:
        sampled = sample(seed)
        implied = {name: _log(p / priors[name]) for name, p in sampled.probabilities.items()}
        return Answer(
            probabilities=sampled.probabilities,
            log_z=implied,
            rhat=sampled.rhat,
            ess=sampled.ess,
        )

    return answer


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


def compare(evidence: Evidence, seeds: Sequence[int] = SEEDS) -> Iterator[tuple[str, ...]]:
    """Answer in every way; one row of the table for each."""
    truth = by_quadrature(evidence).probabilities
    yield _row("exact engine", partial(by_quadrature, evidence), truth)
    yield _row("tests' oracle", partial(by_oracle, evidence), truth)
    for seed in seeds:
        yield _row(f"per scenario, NUTS + bridge, seed {seed}", partial(by_bridge, evidence, seed), truth)
    for sampler in ("PyMC", "nutpie"):
        answer = by_mixture(sampler, evidence)
        for seed in seeds:
            yield _row(f"one mixture, {sampler} NUTS, seed {seed}", partial(answer, seed), truth)


def _row(name: str, work: Callable[[], Answer], truth: Mapping[str, float]) -> tuple[str, ...]:
    answers: list[Answer] = []
    seconds = timed(lambda: answers.append(work())).wall
    answer = answers[0]
    against = answer.log_z["downside"]
    return (
        name,
        *(f"{answer.probabilities[one]:.3g}" for one in ("downside", "base", "upside")),
        *(f"{answer.log_z[one] - against:.3f}" for one in ("base", "upside")),
        "–" if answer.rhat is None else f"{answer.rhat:.3f}",
        "–" if answer.ess is None else f"{answer.ess:.0f}",
        f"{seconds:.3f}" if seconds < 0.1 else f"{seconds:.1f}",
        f"{max(abs(answer.probabilities[one] - truth[one]) for one in truth):.1e}",
    )


def show(recipe: Recipe) -> None:
    """Print one case's table."""
    evidence = case(recipe)
    counted = sum(len(one.counted) for one in evidence.indicators)
    folded = sum(len(one.folded) for one in evidence.indicators)
    print(
        f"\n{recipe.name} modes: {len(evidence.indicators)} indicators, {counted} counted events ({folded} "
        f"more inside occasions), drawn from {recipe.scenario}; scenarios differ {recipe.ratio}-fold, "
        f"spread {recipe.spread}, coverage_sd {recipe.coverage_sd}\n",
        flush=True,
    )
    print(table(HEADERS, compare(evidence)), flush=True)


def main() -> None:
    """Compare on both cases, or on one."""
    recipes = {"near": (NEAR,), "far": (FAR,), "both": (NEAR, FAR)}
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mixture", description=__doc__)
    parser.add_argument("case", nargs="?", choices=recipes, default="both")
    chosen = recipes[parser.parse_args().case]
    logging.getLogger("pymc").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PYTENSOR_FLAGS"] = f"base_compiledir={Path(folder, 'pytensor')}"
        os.environ["NUMBA_CACHE_DIR"] = str(Path(folder, "numba"))
        print(machine())
        for recipe in chosen:
            show(recipe)


if __name__ == "__main__":
    main()
