"""A small sample of the benchmark of a night of many forecasts, so that it does not rot."""

import re
from pathlib import Path

import pytest

from benchmarks import thousand
from service.composition import opened


@pytest.mark.slow
def test_a_night_of_a_few_forecasts_is_watched_and_comes_to_the_numbers_of_each_alone(tmp_path: Path) -> None:
    path = thousand.filled(tmp_path, 7, 1)
    file = tmp_path / "forecasts-0.toml"  # without latents, so that PyMC has nothing to sample
    text = re.sub(r"spread = [0-9.]+", "spread = 0", file.read_text(encoding="utf-8"))
    file.write_text(text.replace("opened =", "coverage_sd = 0\nopened ="), encoding="utf-8")
    with opened(path) as service:
        forecasts = service.configuration.forecasts
        assert len({str(one.indicators) for one in forecasts}) == 7
    took = thousand.night(path, thousand.in_charge(path), thousand.DAY)
    assert took.detail.startswith("7 forecasts, 1 of them checked by PyMC")
    assert took.cpu > 0
    assert took.memory > 2**26
    with opened(path) as service:
        assert thousand.stored(service, thousand.DAY) == (7, 1)
        assert thousand.alike(service, thousand.DAY, forecasts[:3]) == 0
