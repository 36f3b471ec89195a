"""Is the stated error of a log evidence its real one? The reason for averaging the two halves' errors.

Run as ``python -m benchmarks.bridge_error``. Samples one scenario of the shipped forecast with many seeds,
and compares the estimates' deviation from the exact engine with the errors that they state.
"""

import math
import tempfile
from datetime import date
from pathlib import Path

import numpy as np

from benchmarks import shipped
from benchmarks.measuring import table
from model import exact, sampling
from model.evidence import Evidence
from service.knowledge import known_evidence

SEEDS, SCENARIO, CUTOFF = 60, "base", date(2026, 11, 20)
DRAWS = (1000, 2000)


def deviations(evidence: Evidence, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Estimate with every seed; deviations from the exact engine and stated errors, shape (seeds,)."""
    truth = exact.log_evidence(evidence)[SCENARIO]
    fits = [
        sampling.fit(evidence, SCENARIO, seed=seed, draws=draws, tune=1000).estimate for seed in range(SEEDS)
    ]
    return np.array([fit.log_z - truth for fit in fits]), np.array([fit.error for fit in fits])


def row(evidence: Evidence, draws: int) -> tuple[str, ...]:
    """Compare for one number of draws."""
    gaps, errors = deviations(evidence, draws)
    spread, stated = math.sqrt(np.mean(gaps**2)), float(np.mean(errors))
    figures = (np.mean(gaps), spread, stated, spread / stated, spread / (stated / math.sqrt(2)))
    return (str(draws), *(f"{figure:.4f}" for figure in figures))


def main() -> None:
    """Print the table."""
    headers = (
        "draws a chain",
        "mean deviation",
        "root mean square",
        "stated",
        "ratio",
        "ratio if taken as independent",
    )
    with tempfile.TemporaryDirectory() as folder, shipped.service(Path(folder)) as service:
        shipped.take_in(service)
        evidence = known_evidence(service, shipped.forecast(service), as_of=CUTOFF)
    print(table(headers, [row(evidence, draws) for draws in DRAWS]))


if __name__ == "__main__":
    main()
