"""A run's diagnostics as a person reads them, and as pictures."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.diagnostics import diagnose
from model.draws import to_datatree
from model.errors import Unavailable, UsageError
from model.evidence import Evidence
from model.posterior import Posterior
from model.sampling import CHAINS
from service.show_diagnostics import show
from tests.model.test_diagnostics import a_posterior, gamma_fits, known_law

PROBABILITIES = {"low": 0.9, "high": 0.1}


def a_night(events: int = 3) -> tuple[Evidence, Posterior]:
    """A night of two scenarios, with coverage among the unknowns."""
    coverage = np.random.default_rng(3).lognormal(0, 0.2, (CHAINS, 120))
    fits = {name: replace(fit, coverage=coverage) for name, fit in gamma_fits(120).items()}
    return known_law(events), a_posterior(fits, PROBABILITIES)


@pytest.fixture
def draws(tmp_path: Path) -> Path:
    tree = to_datatree(*a_night())
    assert tree is not None
    tree.to_netcdf(tmp_path / "night.nc", engine="h5netcdf")
    return tmp_path / "night.nc"


def told(capsys: pytest.CaptureFixture[str], document: Any, draws: Path | None = None) -> str:
    show(document, draws, plots=None)
    answer = capsys.readouterr()
    assert answer.err == ""
    return answer.out


def line_of(text: str, start: str) -> list[str]:
    return next(line for line in text.splitlines() if line.startswith(start)).split()


def test_the_fit_is_told_by_scenario_with_what_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    document: Any = diagnose(*a_night())
    text, fit = told(capsys, document), document["fit"]["low"]
    figures = (f"{fit['rhat']:.4f}", str(fit["ess_bulk"]), str(fit["ess_tail"]), "0")
    assert line_of(text, "low")[1:5] == list(figures)
    assert line_of(text, "high")[-1] == "level"
    assert "Sound: R-hat below 1.01, ESS (effective draws) of 400 or more" in text
    assert "volume of many" in text
    assert "–" not in text


def test_counts_are_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    document: Any = diagnose(*a_night())
    many = document["predictive"][0]
    low, high = many["interval"]
    row = line_of(told(capsys, document), "many")
    assert row[:6] == ["many", "3.0", f"{many['predicted']:.1f}", str(low), "to", str(high)]
    assert row[6:] == [f"{many['by_scenario'][one]['predicted']:.1f}" for one in PROBABILITIES]


def test_what_is_unusual_is_marked_and_what_is_not_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    usual, unusual = (told(capsys, diagnose(*a_night(events))) for events in (2, 9))
    assert "UNUSUAL" not in usual
    assert "No indicator is unusual (two-sided tail below 5 %)." in usual
    assert line_of(unusual, "many")[-4:] == ["UNUSUAL,", "more", "than", "expected"]
    assert "many: 9.0 seen, " in unusual
    assert "no test of what was stated" in unusual


def test_ranks_are_drawn_chain_by_chain(capsys: pytest.CaptureFixture[str]) -> None:
    document: Any = diagnose(*a_night())
    ranks = document["fit"]["high"]["ranks"]
    ranks["histograms"] = [[24] * 20, [0] * 10 + [48] * 10, [6, 12, 18, 24, 30, 36, 42] * 2, [1] * 9 + [91]]
    shown = told(capsys, document)
    lines = shown[shown.index("if high, ") :].splitlines()[1:5]
    drawn = ["▄" * 20, "▁" * 10 + "█" * 10, "▁▂▃▄▅▆▇" * 2, "▁" * 9 + "█"]
    assert lines == [f"    chain {number} {one}" for number, one in enumerate(drawn, 1)]


def test_chains_that_disagree_are_uneven(capsys: pytest.CaptureFixture[str]) -> None:
    evidence, posterior = a_night()
    assert posterior.sampled is not None
    fit = posterior.sampled.fits["low"]
    apart = fit.volume + np.arange(CHAINS)[:, None, None]
    sampled = replace(posterior.sampled, fits={"low": replace(fit, volume=apart)})
    shown = told(capsys, diagnose(evidence, replace(posterior, sampled=sampled)))
    assert line_of(shown, "low")[-1] == "UNEVEN"
    worst = line_of(shown[shown.index("The unknowns") :], "low")
    assert worst[1:4] == ["volume", "of", "many"]


def test_a_run_that_sampled_nothing_and_one_without_figures_say_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    nothing = diagnose(known_law(), a_posterior({}, PROBABILITIES))
    assert told(capsys, nothing) == (
        "Nothing was sampled: the forecast states no spread and no coverage_sd to be unsure of.\n"
    )
    assert "Nothing is known of this run's fit" in told(capsys, None)


def test_missing_figures_are_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    document: Any = diagnose(*a_night())
    document["fit"]["low"] |= {"rhat": None, "bfmi": None, "tree_depth": None}
    document["fit"]["low"]["latents"]["coverage"]["rhat"] = None
    shown = told(capsys, document)
    assert line_of(shown, "low")[1] == "–"
    assert line_of(shown[shown.index("The unknowns") :], "low")[1:3] == ["coverage", "–"]


def test_draws_that_are_kept_are_named_and_draws_that_are_gone_are_said_so(
    capsys: pytest.CaptureFixture[str], draws: Path
) -> None:
    document = diagnose(*a_night())
    assert f"Draws, for ArviZ: {draws}\n" in told(capsys, document, draws)
    draws.unlink()
    assert "they are no longer kept ([storage] keep_draws_days)" in told(capsys, document, draws)


@pytest.mark.slow
def test_plots_are_real_files_that_name_the_indicators(
    capsys: pytest.CaptureFixture[str], draws: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "plots"
    show(diagnose(*a_night()), draws, plots=folder)
    names = [f"{one}-{kind}.svg" for one in PROBABILITIES for kind in ("ranks", "ess", "energy", "counts")]
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("wrote ")]
    assert said == [f"wrote {folder / name}" for name in names]
    pictures = {name: (folder / name).read_text(encoding="utf-8") for name in names}
    assert all(one.startswith("<?xml") and one.endswith("</svg>\n") for one in pictures.values())
    assert all(name in pictures["high-counts.svg"] for name in (">many<", ">fixed<", "if high"))
    assert all(name in pictures["low-ranks.svg"] for name in (">many<", ">coverage<", "if low"))
    assert ">many<" in pictures["low-ess.svg"]
    assert "BFMI" in pictures["low-energy.svg"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)


def test_plots_of_draws_that_are_gone_are_refused_after_the_summary(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="no longer kept"):
        show(diagnose(*a_night()), tmp_path / "gone.nc", plots=tmp_path / "plots")
    with pytest.raises(UsageError, match="there are none"):
        show(None, None, plots=tmp_path / "plots")
    assert "The fit, the worst figure of each scenario:" in capsys.readouterr().out
    assert not (tmp_path / "plots").exists()


@pytest.mark.slow
def test_draws_of_an_earlier_release_hold_nothing_to_compare(draws: Path, tmp_path: Path) -> None:
    tree = to_datatree(*a_night())
    assert tree is not None
    del tree["posterior_predictive"]
    tree.to_netcdf(draws, engine="h5netcdf")
    with pytest.raises(UsageError, match=r"night\.nc: holds no replicated counts"):
        show(diagnose(*a_night()), draws, plots=tmp_path / "plots")


@pytest.mark.slow
def test_a_damaged_file_and_a_folder_that_is_none_are_out_of_reach(draws: Path, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"low-ranks\.svg: cannot be written"):
        show(diagnose(*a_night()), draws, plots=draws)
    draws.write_bytes(b"no NetCDF")
    with pytest.raises(Unavailable, match=r"night\.nc cannot be read"):
        show(diagnose(*a_night()), draws, plots=tmp_path / "plots")
