"""The page about the second shipped forecast: its commands print the figures that it shows."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from service.configuration import load
from tests.service.commands import PROGRAM, ROOT

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "forecast-russia-peru.md").read_text(encoding="utf-8")
CONFIG = ROOT / "examples" / "russia-peru" / "config.toml"


def commands() -> list[str]:
    return re.findall(r"^    posterity (.+)$", PAGE, re.MULTILINE)


def plain(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each of the page's commands prints, typed in the project's folder one after the other."""
    folder = tmp_path_factory.mktemp("russia-peru")
    (folder / "inbox").mkdir()
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "POSTERITY__STORAGE__URL": f"sqlite:///{folder}/russia-peru.db",
        "POSTERITY__INGEST__DROP_FOLDER": f"{folder}/inbox",
    }
    found = []
    for line in commands():
        command = [sys.executable, PROGRAM, *shlex.split(line)]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=True
        )
        assert done.stderr == ""
        found.append(done.stdout)
    return found


def test_the_commands_reproduce_the_table_of_the_page(printed: list[str]) -> None:
    (shown,) = re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)
    assert plain(printed[3]) == plain(shown)


def test_the_figures_of_the_text_are_those_that_are_printed(printed: list[str]) -> None:
    hindsight = printed[5]
    assert re.search(r"^hindsight +1\.070 ", hindsight, re.MULTILINE)
    assert "Its Brier score is 1.070" in PAGE
    found = re.search(r"Brier: monthly (\S+) worse .*difference: \+(\S+) to \+(\S+)\)", hindsight)
    assert found is not None
    mean, low, high = (f"{float(one):.3f}" for one in found.groups())
    assert f"differ by {mean}" in PAGE
    assert f"interval of {low} to {high}" in PAGE
    (night,) = [line.split() for line in printed[1].splitlines() if line.startswith("2018-12-31")]
    assert night[-3:-1] == ["50.9", "%"]
    assert "took it to 50.9 %" in PAGE


def test_every_number_of_the_page_stands_in_the_configuration() -> None:
    (forecast,) = load(CONFIG, {}).forecasts
    priors = {one.id: one.prior for one in forecast.scenarios}
    assert priors == {"turned-away": 0.5, "supplier": 0.35, "partner": 0.15}
    stated = {one.id: tuple(one.stated.values()) for one in forecast.indicators}
    assert "contracts, 0.7, 3.3, 5.5" in PAGE
    assert stated["contracts"] == (0.7, 3.3, 5.5)
    assert "deliveries, 0.8, 2.5, 2.5" in PAGE
    assert stated["deliveries"] == (0.8, 2.5, 2.5)
    assert "service-center 0.03, 0.05, 0.90" in PAGE
    assert stated["service-center"] == (0.03, 0.05, 0.9)
    mean = sum(prior * number for prior, number in zip(priors.values(), stated["contracts"], strict=True))
    assert mean == pytest.approx(2.3, abs=0.05)


def test_what_it_takes_over_from_the_shipped_forecast_is_that_forecasts() -> None:
    (ours,) = load(CONFIG, {}).forecasts
    (shipped,) = load(ROOT / "config.toml", {}).forecasts
    theirs = {one.tags: (tuple(one.stated.values()), one.spread) for one in shipped.indicators}
    own = {"service-center", "contracts", "deliveries"}
    for one in ours.indicators:
        if one.id not in own:
            assert theirs[one.tags] == (tuple(one.stated.values()), one.spread), one.id
    assert {one.countries for one in ours.indicators} == {("PE",)}


def test_the_shipped_forecast_knows_nothing_of_it() -> None:
    shipped = load(ROOT / "config.toml", {})
    assert [one.id for one in shipped.forecasts] == ["russia-latin-america"]
    assert Path(load(CONFIG, {}).storage.url.removeprefix("sqlite:///")).resolve() == (
        ROOT / "var" / "russia-peru.db"
    )
