"""What the manual of scores shows is what the program does."""

import re
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest

from model.scores import average, scores, uniform
from service.scoring import track_record
from tests.service.archives import Archive
from tests.service.commands import ROOT, Desk
from tests.service.test_scores_command import archive, desk, lived  # noqa: F401 - fixtures

MANUAL = (ROOT / "docs" / "scores.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"```console\n\$ posterity (.+?)\n(.*?)```", MANUAL, re.DOTALL))
PRIOR = {"downside": 0.15, "base": 0.60, "upside": 0.25}


def test_the_resolution_that_it_shows_is_what_is_printed(tmp_path: Path) -> None:
    shipped = Desk(tmp_path)
    shutil.copy(ROOT / "config.toml", shipped.folder / "config.toml")
    (command,) = [one for one in SHOWN if one.startswith("resolve")]
    answer = shipped.types(*shlex.split(command))
    assert answer.code == 0
    assert answer.out.startswith(SHOWN[command])


def test_the_table_of_the_prior_is_what_it_scores() -> None:
    for place, name in enumerate(PRIOR):
        found = scores(tuple(PRIOR.values()), place)
        assert f"| {name} | {found.brier:.3f} | {found.log:.3f} | {found.rps:.3f} |" in MANUAL
    expected = average((scores(tuple(PRIOR.values()), place), p) for place, p in enumerate(PRIOR.values()))
    assert f"Brier score of {expected.brier:.3f} of itself" in MANUAL
    assert f"scores {scores(uniform(3), 0).brier:.3f} whatever comes" in MANUAL


def test_the_table_for_machines_has_the_columns_that_it_shows(desk: Desk, lived: Archive) -> None:  # noqa: F811
    (command,) = [one for one in SHOWN if one.startswith("scores")]
    answer = desk.types(*shlex.split(command))
    assert answer.out.startswith(SHOWN[command])
    assert lived.database


def test_the_data_frame_of_the_days_has_the_mean(
    desk: Desk,  # noqa: F811
    lived: Archive,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", MANUAL, re.DOTALL)
    (written,) = re.findall(r"# posterity (.*)", program)
    monkeypatch.chdir(desk.folder)
    assert desk.types(*shlex.split(written)).code == 0
    found: dict[str, pd.Series] = {}
    exec(program, {}, found)  # noqa: S102 - our own manual
    (resolved,) = track_record(lived.service).resolved
    assert found["mean"]["quiet"] == pytest.approx(resolved.scores.brier)


def test_every_option_that_it_names_is_there(tmp_path: Path) -> None:
    helps = "".join(Desk(tmp_path).types(one, "--help").out for one in ("resolve", "scores"))
    for option in set(re.findall(r"--[a-z][a-z-]*", MANUAL)):
        assert option in helps, option
