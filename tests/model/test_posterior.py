"""What the exact engine says of a night by itself."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from model.diagnostics import diagnose
from model.draws import to_datatree
from model.posterior import unsampled
from model.update import update
from tests.model.test_sampling import a_case

ROOT = Path(__file__).parents[2]


def test_without_pymc_every_other_number_is_the_same() -> None:
    case = a_case(coverage_sd=0.0, spreads=(0.0, 0.0, 0.0))
    whole = update(case, fingerprint="x")
    assert whole.sampled is not None
    assert unsampled(case) == replace(whole, sampled=None, checks=())


def test_a_night_without_pymc_has_no_draws_and_nothing_to_diagnose() -> None:
    case = a_case()
    assert to_datatree(case, unsampled(case)) is None
    assert diagnose(case, unsampled(case))["sampled"] is False


def test_nothing_of_it_loads_pymc() -> None:
    program = "import sys, model.posterior; sys.exit(bool({'pymc', 'pytensor', 'nutpie'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
