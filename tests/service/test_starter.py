import json
import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from model.errors import Unavailable, UsageError
from service.configuration import load
from service.starter import CONFIGURATION, init

# Comments that show a key's default; for the other keys it is that there is none.
DEFAULTS = re.compile(
    r"^( *)# ((url(?= = .sqlite)|draws|keep_draws_days|timezone|nightly|digest|drop_folder|accept_above"
    r"|cluster_days|reliability|credibility|corroboration|sender|smtp|move_points|move_bits|stale_days|host"
    r"|port|prior_strength|coverage_sd|elicitation_sd|timing|spread|burst_days) = )",
    re.MULTILINE,
)


def test_the_starter_loads_without_problems_or_warnings(tmp_path: Path) -> None:
    written = init(tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in written} == {
        "config.toml",
        "inbox/example.jsonl.txt",
    }
    found = load(tmp_path / "config.toml", {})
    assert found.warnings == ()
    assert len(found.forecasts[0].scenarios) == 3
    assert len(found.forecasts[0].indicators) == 4


def test_the_defaults_that_the_comments_show_are_the_defaults(tmp_path: Path) -> None:
    init(tmp_path)
    path = tmp_path / "config.toml"
    bare = load(path, {})
    shown, count = DEFAULTS.subn(r"\1\2", path.read_text(encoding="utf-8"))
    path.write_text(shown, encoding="utf-8")
    full = load(path, {})
    assert count == 25
    for section in ("storage", "schedule", "ingest", "grades", "digest", "alerts", "serve", "forecasts"):
        assert getattr(full, section) == getattr(bare, section), section


def test_every_section_and_key_is_explained() -> None:
    loud = CONFIGURATION.replace("OPENED", "2026-01-01").replace("HORIZON", "2027-12-31")
    for section in ("storage", "schedule", "ingest", "grades", "digest", "alerts", "serve"):
        assert section in tomllib.loads(loud)
    for other in (
        "include = ",
        "[[sources]]",
        "[[rules]]",
        "observed_until",
        "burst_days",
        "timing",
        "effect",
    ):
        assert other in CONFIGURATION


def test_the_example_is_a_report_of_the_examples_forecast(tmp_path: Path) -> None:
    init(tmp_path, date(2026, 3, 1))
    text = (tmp_path / "inbox/example.jsonl.txt").read_text(encoding="utf-8")
    report = json.loads(text)
    (forecast,) = load(tmp_path / "config.toml", {}).forecasts
    assert report["tag"] in forecast.tags
    assert report["published_on"] == "2026-03-01"
    assert text.count("\n") == 1
    assert {"id", "published_on", "tag", "country", "headline"} <= report.keys()


def test_the_forecast_opens_on_the_day_that_is_given_and_runs_for_two_years(tmp_path: Path) -> None:
    init(tmp_path, date(2028, 2, 29))
    (forecast,) = load(tmp_path / "config.toml", {}).forecasts
    assert (forecast.opened, forecast.horizon) == (date(2028, 2, 29), date(2030, 2, 28))


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    init(tmp_path / "a" / "b")
    assert (tmp_path / "a/b/config.toml").is_file()


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="is there already"):
        init(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]
    assert (tmp_path / "config.toml").read_text(encoding="utf-8") == "mine"


def test_a_link_to_nowhere_is_there_too(tmp_path: Path) -> None:
    (tmp_path / "config.toml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError):
        init(tmp_path)
    assert not (tmp_path / "nowhere").exists()


def test_an_example_that_is_there_already_stays(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox/example.jsonl.txt").write_text("mine", encoding="utf-8")
    assert init(tmp_path) == [tmp_path / "config.toml"]
    assert (tmp_path / "inbox/example.jsonl.txt").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="cannot be written"):
        init(tmp_path / "file")
    (tmp_path / "inbox").touch()
    with pytest.raises(Unavailable, match="cannot be written"):
        init(tmp_path)
