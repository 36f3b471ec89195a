"""What separate data variables, and indexing, cost in compilation: the reason for the one table.

Run as ``python -m benchmarks.compilation``. Each variant is compiled twice in fresh processes that share
one new compilation cache, so that the second finds it filled; CPU seconds of nutpie's compilation.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import nutpie
import pymc as pm
import pytensor.tensor as pt

INDICATORS, SLOTS = 17, 8


def one_table() -> pm.Model:
    """Build the model as it is: every number in one table."""
    table = np.ones((INDICATORS, 4 + 2 * SLOTS))
    with pm.Model() as model:
        rows = pm.Data("table", table)
        factors = rows[:, 4 : 4 + SLOTS], rows[:, 4 + SLOTS :]
        _potential(_rate(rows[:, 0], rows[:, 2], rows[0, 3])[:, None], rows[:, 1], *factors)
    return model


def separate_data() -> pm.Model:
    """Build the same with a data variable for each kind of number."""
    column, grid = np.ones(INDICATORS), np.ones((INDICATORS, SLOTS))
    with pm.Model() as model:
        expected, exposure, a = (pm.Data(name, column) for name in ("expected", "exposure", "shape"))
        rate = _rate(expected, a, pm.Data("sigma", 1.0))
        _potential(rate[:, None], exposure, pm.Data("real", grid), pm.Data("noise", grid))
    return model


def indexed_events() -> pm.Model:
    """Build it with separate data and one entry for each event, which names its indicator."""
    column, of = np.ones(INDICATORS), np.arange(INDICATORS).repeat(2)
    with pm.Model() as model:
        expected, exposure, a = (pm.Data(name, column) for name in ("expected", "exposure", "shape"))
        rate = _rate(expected, a, pm.Data("sigma", 1.0))
        real, noise = pm.Data("real", np.ones(len(of))), pm.Data("noise", np.ones(len(of)))
        pm.Potential("silence", -pt.sum(rate * exposure))
        pm.Potential("events", pt.sum(pt.log(real * rate[pm.Data("of", of)] + noise)))
    return model


def _rate(expected: Any, a: Any, sigma: Any) -> Any:
    volume = pm.Gamma("volume", a, a, shape=INDICATORS)
    return expected * volume * pm.LogNormal("coverage", -(sigma**2) / 2, sigma)


def _potential(rate: Any, exposure: Any, real: Any, noise: Any) -> None:
    pm.Potential("log_likelihood", pt.sum(pt.log(real * rate + noise)) - pt.sum(rate[:, 0] * exposure))


VARIANTS: dict[str, Callable[[], pm.Model]] = {
    "one table": one_table,
    "separate data": separate_data,
    "separate data, events indexed": indexed_events,
}


def compile_seconds(variant: str) -> float:
    """Compile one variant in this process; CPU seconds."""
    model = VARIANTS[variant]()
    started = time.process_time()
    nutpie.compile_pymc_model(model)
    return time.process_time() - started


def in_a_fresh_process(variant: str, cache: str) -> float:
    """Compile one variant in a process of its own, with this compilation cache."""
    environment = os.environ | {"PYTENSOR_FLAGS": f"base_compiledir={cache}", "NUMBA_CACHE_DIR": cache}
    command = [sys.executable, "-m", "benchmarks.compilation", variant]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    """Print the table, or the seconds of the variant named."""
    if len(sys.argv) > 1:
        print(compile_seconds(sys.argv[1]))
        return
    print("| variant | empty cache, s | filled cache, s |\n|---|---|---|")
    for variant in VARIANTS:
        with tempfile.TemporaryDirectory() as cache:
            first, second = (in_a_fresh_process(variant, cache) for _ in range(2))
        print(f"| {variant} | {first:.1f} | {second:.1f} |", flush=True)


if __name__ == "__main__":
    main()
