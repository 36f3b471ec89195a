"""`posterity scores`: tables, CSV, JSON and the diagram, and what it says where there is nothing yet."""

import csv
import io
import json
import math
import struct
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from service.reliability_chart import described, reliability_chart
from service.resolving import annul, resolve
from service.scoring import track_record
from storage.database import open_database
from tests.service.archives import TODAY, Archive
from tests.service.commands import Desk, quiet, said_in_one_line
from tests.service.test_cli_start import NEVER, loaded

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite("what is computed and printed; its statements meet a server elsewhere"),
]

SAID = {("deals", 7): 0.25, ("deals", 30): 0.6}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, quiet() + quiet("other") + quiet("void"))


@pytest.fixture
def archive(desk: Desk) -> Iterator[Archive]:
    text = (desk.folder / "config.toml").read_text(encoding="utf-8")
    with open_database(desk.url) as database:
        yield Archive(desk.folder, database, text)


@pytest.fixture
def lived(archive: Archive) -> Archive:
    """One forecast resolved, one annulled, outlooks that were decided, some of a run that came late."""
    for day in range(1, 10):
        archive.publish(f"2025-02-{day:02}", 0.8, outlook=SAID)
    archive.publish("2025-02-03", 0.8, recorded="2025-06-01T00:00", outlook=SAID)
    archive.clock.now = TODAY
    archive.comes_true({"deals": 0.8})
    resolve(archive.service, "quiet", "up", on=date(2025, 4, 1), author="Ana", why="it came")
    annul(archive.service, "void", on=date(2025, 4, 1), author="Ana", why="called off")
    return archive


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_where_nothing_is_decided_it_says_how_scores_come_about(desk: Desk) -> None:
    answer = desk.types("scores")
    assert (answer.code, answer.err) == (0, "")
    assert "Nothing is scored yet." in answer.out
    assert "posterity resolve ID SCENARIO --on DATE --because TEXT" in answer.out
    assert "37 days after the first night" in answer.out
    for part in ("forecasts", "daily", "outlooks", "reliability"):
        assert "Nothing is scored yet." in desk.types("scores", "--only", part).out


@pytest.mark.both("adds statements")
def test_where_all_runs_came_late_it_says_that_they_do_not_count(desk: Desk, archive: Archive) -> None:
    archive.publish("2025-02-03", 0.8, recorded="2025-06-01T00:00", outlook=SAID)
    archive.comes_true({"deals": 0.8})
    assert "2 resolved outlooks of runs that were recorded after the fact" in desk.types("scores").out


@pytest.mark.usefixtures("lived")
def test_it_shows_forecasts_outlooks_and_reliability(desk: Desk) -> None:
    out = desk.types("scores").out
    for said in (
        "Resolved forecasts",
        "One forecast proves little; from 5 on an interval is given.",
        "void was annulled on 2025-04-01 (by Ana), and is not scored: called off",
        "Outlooks: at least one further event",
        "2 further outlooks do not count: their runs were recorded after the fact",
        "Reliability of 9 outlooks of 7 days: Brier 0.463 = miscalibration 0.303",
        "if calibrated (90 %)",
    ):
        assert said in out, said


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize(
    ("part", "shown", "hidden"),
    [
        ("forecasts", "Resolved forecasts", "Outlooks"),
        ("daily", "prior", "Outlooks"),
        ("outlooks", "Outlooks", "Resolved"),
        ("reliability", "Reliability", "Resolved"),
    ],
)
def test_a_part_is_shown_alone(desk: Desk, part: str, shown: str, hidden: str) -> None:
    out = desk.types("scores", "--only", part).out
    assert shown in out
    assert hidden not in out


def test_csv_and_json_hold_what_the_record_does(desk: Desk, lived: Archive) -> None:
    (found,) = track_record(lived.service).resolved
    (line,) = rows(desk.types("scores", "--format", "csv").out)
    (told,) = desk.types("scores", "--json").json["forecasts"]
    assert float(line["brier"]) == told["scores"]["brier"] == found.scores.brier
    assert (
        float(line["brier_skill_prior"]) == told["skill"]["prior"]["brier"] == found.skill("prior", "brier")
    )
    assert (line["resolved_on"], line["days"], line["scenario"]) == ("2025-04-01", "90", "up")
    assert (told["by"], told["because"]) == ("Ana", "it came")


def test_the_days_of_the_csv_make_the_mean(desk: Desk, lived: Archive) -> None:
    (found,) = track_record(lived.service).resolved
    daily = rows(desk.types("scores", "quiet", "--only", "daily", "--format", "csv").out)
    days = [int(one["days"]) for one in daily]
    assert sum(days) == found.days
    mean = sum(float(one["brier"]) * number for one, number in zip(daily, days, strict=True)) / sum(days)
    assert mean == pytest.approx(found.scores.brier)
    told = desk.types("scores", "quiet", "--only", "daily", "--json").json
    assert [one["days"] for one in told[0]["daily"]] == days


@pytest.mark.usefixtures("lived")
def test_outlooks_and_bins_have_tables_of_their_own(desk: Desk) -> None:
    outlooks = rows(desk.types("scores", "--only", "outlooks", "--format", "csv").out)
    assert [(one["indicator"], one["days"], one["number"]) for one in outlooks] == [
        ("deals", "7", "9"),
        ("deals", "30", "9"),
    ]
    (near, far) = rows(desk.types("scores", "--only", "reliability", "--format", "csv").out)
    assert (near["stated"], near["level"], far["days"]) == ("0.25", "0.9", "30")


def test_infinity_is_said_plainly_in_every_form(desk: Desk, archive: Archive) -> None:
    archive.publish("2025-01-05", 0.0)
    archive.clock.now = TODAY
    resolve(archive.service, "quiet", "up", on=date(2025, 4, 1), author="Ana", why="it came")
    out = desk.types("scores").out
    assert "infinite" in out
    assert "Infinite, as what came true had been called impossible: quiet." in out
    (line,) = rows(desk.types("scores", "--format", "csv").out)
    assert (float(line["log"]), float(line["log_skill_prior"])) == (math.inf, -math.inf)
    (told,) = desk.types("scores", "--json").json["forecasts"]
    assert (told["scores"]["log"], told["scores"]["log_is_infinite"]) == (None, True)


@pytest.mark.usefixtures("lived")
def test_some_forecasts_can_be_asked_alone(desk: Desk) -> None:
    told: Mapping[str, Any] = desk.types("scores", "other", "--json").json
    assert (told["forecasts"], told["outlooks"], told["open"]) == ([], [], 1)


@pytest.mark.both("adds statements")
@pytest.mark.usefixtures("lived")
def test_what_was_known_then_can_be_asked(desk: Desk) -> None:
    told = desk.types("scores", "--json", "--known-at", "2025-12-31").json
    assert (told["forecasts"], told["outlooks"], told["known_at"][:10]) == ([], [], "2025-12-31")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "no forecast is called 'nothing'"),
        (["--format", "xml"], "format 'xml' is not known; write one of table, csv, json"),
        (
            ["--only", "some"],
            "part 'some' is not known; write one of forecasts, daily, outlooks, reliability",
        ),
        (["-o", "diagram.png"], "there is nothing to draw"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_answered_is_refused_in_one_line(desk: Desk, words: list[str], said: str) -> None:
    assert said in said_in_one_line(desk.types("scores", *words), 2)


@pytest.mark.usefixtures("lived")
def test_the_diagram_is_written_as_a_picture(desk: Desk) -> None:
    path = desk.folder / "diagram.png"
    assert desk.types("scores", "-o", path).code == 0
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", content[16:24])
    assert width > height > 400


@pytest.mark.usefixtures("lived")
def test_a_file_of_another_name_has_what_would_be_printed(desk: Desk) -> None:
    path = desk.folder / "record.json"
    assert desk.types("scores", "--json", "-o", path).out == ""
    assert json.loads(path.read_text(encoding="utf-8"))["open"] == 1


@pytest.mark.slow
@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize("words", [[], ["--json"], ["--format", "csv"]], ids=" ".join)
def test_scores_are_shown_without_the_sampler_data_frames_or_charts(desk: Desk, words: list[str]) -> None:
    unneeded = NEVER - {"scipy"} | {"pandas", "altair", "scoringrules", "numba"}
    assert not loaded(desk, "scores", *words) & unneeded


def test_the_diagram_draws_every_distance_and_says_so_in_words(lived: Archive) -> None:
    horizons = track_record(lived.service).reliability
    drawn = json.dumps(reliability_chart(horizons).to_dict())
    for one in horizons:
        assert f"{one.days} days ahead: 9 outlooks" in drawn
        assert f"Outlooks of {one.days} days: stated" in described(horizons)
    assert "where 90 % of the lines of calibrated forecasts lie" in drawn
    assert "stated 25 %, happened 80 % of 9" in described(horizons)
