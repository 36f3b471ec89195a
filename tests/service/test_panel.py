"""`posterity panel`: what it counts, what it does not know, and that all formats say the same."""

import csv
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.composition import opened
from service.panel import panel
from service.panel_question import Question
from service.program import app
from service.show_panel import show
from tests.service.commands import Answer, Desk, quiet
from tests.service.panels import (
    CONFIGURATION,
    EXPORTED,
    STORED,
    VOTERS,
    write_register,
    write_votes,
)

pytestmark = pytest.mark.sqlite("what is computed and printed; its statements meet a server elsewhere")

POINTS = {"yes": 1.0, "abstain": 0.5, "no": 0.0}
ISO = dict(zip(VOTERS, ("BO", "BR", "CL", "CO", "MX", "NI", "PE", "RU", "US", "VE"), strict=True))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, database_kind: str) -> Desk:
    desk = Desk(tmp_path_factory.mktemp(f"panel-{database_kind}"), CONFIGURATION)
    write_register(desk.folder)
    write_votes(desk.folder)
    assert desk.types("ingest", desk.write("reports.jsonl", *STORED)).code == 0
    return desk


def asked(desk: Desk, *arguments: str | Path, files: bool = True) -> Answer:
    both = ("--register", desk.folder / "register.csv", "--votes", desk.folder / "votes.csv")
    return desk.types("panel", *(both if files else ()), *arguments)


def rows(desk: Desk, *arguments: str | Path, files: bool = True) -> dict[str, dict[str, Any]]:
    """The countries of the JSON, by their codes."""
    answer = asked(desk, "--json", *arguments, files=files)
    assert answer.code == 0, answer
    return {one["country"]: one for one in answer.json["countries"]}


def cells(answer: Answer) -> list[dict[str, str]]:
    assert answer.code == 0, answer
    return list(csv.DictReader(io.StringIO(answer.out)))


# ---- which countries -----------------------------------------------------------------------------------


def test_countries_stand_in_the_order_in_which_the_indicators_name_them(desk: Desk) -> None:
    assert list(rows(desk)) == ["VE", "PE", "BR"]


def test_countries_stand_in_the_order_that_is_asked_for_and_once(desk: Desk) -> None:
    assert list(rows(desk, "--countries", "br,CO, ve,BR")) == ["BR", "CO", "VE"]


def test_a_forecast_is_named_where_there_are_several(tmp_path: Path) -> None:
    several = Desk(tmp_path, CONFIGURATION + quiet("other"))
    answer = several.types("panel")
    assert (answer.code, answer.err) == (
        2,
        "posterity: this is asked of one forecast; write one of quiet, other\n",
    )
    assert several.types("panel", "quiet").code == 0


# ---- the register --------------------------------------------------------------------------------------


def test_orders_and_deliveries_are_those_of_the_partner_by_year(desk: Desk) -> None:
    found = rows(desk)
    brazil = found["BR"]["deliveries"]
    assert (brazil["count"], brazil["estimated"], brazil["tiv"]) == (2, 1, 103.5)
    assert {year: n for year, n in brazil["by_year"].items() if n} == {"2010": 1, "2012": 1}
    assert {year: n for year, n in brazil["estimated_by_year"].items() if n} == {"2012": 1}
    assert brazil["tiv_by_year"]["2012"] == 34.5
    assert brazil["by_year"]["2011"] == 0
    peru = found["PE"]
    assert (peru["orders"]["count"], peru["orders"]["estimated"], peru["deliveries"]["count"]) == (1, 1, 1)


def test_another_partner_has_other_transfers(desk: Desk) -> None:
    answer = desk.types(
        *("panel", "--register", desk.folder / "register.csv", "--partner", "fr"),
        *("--countries", "PE,CL,VE", "--json"),
    )
    found = {one["country"]: one["orders"]["count"] for one in answer.json["countries"]}
    assert found == {"PE": 1, "CL": 1, "VE": 0}


def test_a_value_that_the_register_does_not_give_leaves_the_sum_open(desk: Desk) -> None:
    venezuela = rows(desk)["VE"]["deliveries"]
    assert (venezuela["count"], venezuela["tiv"]) == (3, None)
    assert venezuela["tiv_by_year"]["2006"] is None
    assert venezuela["tiv_by_year"]["2007"] == 0
    assert rows(desk, "--first", "2007")["VE"]["deliveries"]["tiv"] == 1.25


def test_orders_without_a_year_are_not_counted_and_are_told(desk: Desk) -> None:
    orders = rows(desk)["VE"]["orders"]
    assert (orders["count"], orders["undated"]) == (2, 1)


def test_years_are_both_included(desk: Desk) -> None:
    found = rows(desk, "--first", "2010", "--last", "2012")["BR"]["deliveries"]
    assert found["by_year"] == {"2010": 1, "2011": 0, "2012": 1}


def test_a_country_that_the_file_may_not_have_been_asked_for_is_not_0(tmp_path: Path, desk: Desk) -> None:
    bare = write_register(tmp_path, preamble=())
    answer = desk.types("panel", "--register", bare, "--countries", "CL,CO,BR", "--json")
    found = {one["country"]: one["orders"] for one in answer.json["countries"]}
    assert found["CL"]["count"] == 0  # which another supplier's row tells of
    assert found["CO"] is None
    assert "has no row of CO, and does not say that it was asked for" in answer.err


def test_years_that_the_file_does_not_tell_of_are_not_0(tmp_path: Path, desk: Desk) -> None:
    bare = write_register(tmp_path, preamble=())
    answer = desk.types("panel", "--register", bare, "--countries", "BR", "--json")
    by_year = answer.json["countries"][0]["deliveries"]["by_year"]
    assert (by_year["2005"], by_year["2006"], by_year["2014"], by_year["2015"]) == (None, 0, 0, None)
    assert answer.json["register"] == {"first": 2006, "last": 2014, "generated": None}
    assert f"{bare}: tells of 2006–2014 only" in answer.err
    fresh = write_register(tmp_path, preamble=(*EXPORTED[:-1], "Data generated: 3 Jan 2025"))
    answer = desk.types("panel", "--register", fresh, "--countries", "BR", "--json")
    assert answer.json["countries"][0]["orders"]["by_year"]["2024"] is None
    assert "tells of 2000–2023 only" in answer.err


def test_the_soviet_union_is_told_apart(tmp_path: Path, desk: Desk) -> None:
    older = (EXPORTED[0].replace("2000", "1950"), *EXPORTED[1:])
    register = write_register(tmp_path, preamble=older)
    said = "the register lists the Soviet Union apart"
    for first, expected in (("1991", True), ("1992", False)):
        answer = desk.types("panel", "--register", register, "--first", first, "--json")
        assert any(said in note for note in answer.json["notes"]) is expected


# ---- the votes -----------------------------------------------------------------------------------------


def shares(path: Path, country: str, partner: str) -> dict[int, list[float]]:
    """Points of agreement by year, straight from the file."""
    found: dict[int, list[float]] = {}
    columns = {code: name for name, code in ISO.items()}
    with path.open(encoding="utf-8") as stream:
        for line in csv.DictReader(stream):
            one, other = line[columns[country]], line[columns[partner]]
            if one in POINTS and other in POINTS:
                found.setdefault(int(line["date"][:4]), []).append(1 - abs(POINTS[one] - POINTS[other]))
    return found


def slope(points: dict[int, list[float]]) -> tuple[float, float]:
    """Weighted least squares by matrices: the slope in percentage points, and its standard error."""
    x = np.array([[1.0, year - 2000] for year in points])
    y = np.array([100 * np.mean(points[year]) for year in points])
    w = np.diag([float(len(points[year])) for year in points])
    inverse = np.linalg.inv(x.T @ w @ x)
    fitted = inverse @ x.T @ w @ y
    residuals = y - x @ fitted
    variance = residuals @ w @ residuals / (len(y) - 2)
    return float(fitted[1]), float(np.sqrt(variance * inverse[1, 1]))


@pytest.mark.parametrize("partner", ["RU", "US"])
def test_agreement_and_its_trend_are_those_of_the_last_ten_years_with_votes(desk: Desk, partner: str) -> None:
    for country, found in rows(desk).items():
        points = shares(desk.folder / "votes.csv", country, partner)
        recent = {year: points[year] for year in range(2015, 2025)}
        every = [one for of_year in recent.values() for one in of_year]
        voting = found["voting"][partner]
        assert voting["agreement"] == pytest.approx(np.mean(every))
        assert (voting["votes"], voting["first"], voting["last"]) == (len(every), 2015, 2024)
        trend = voting["trend"]
        assert (trend["slope"], trend["standard_error"]) == pytest.approx(slope(recent), rel=1e-6)
        by_year = {int(year): one for year, one in voting["by_year"].items() if one is not None}
        assert by_year == pytest.approx({year: np.mean(of_year) for year, of_year in points.items()})
        assert voting["by_year"]["2003"] is None


def test_years_bound_the_votes_too(desk: Desk) -> None:
    voting = rows(desk, "--last", "2009")["PE"]["voting"]["RU"]
    assert (voting["first"], voting["last"]) == (2004, 2009)


def test_two_years_make_an_agreement_and_no_trend(desk: Desk) -> None:
    answer = asked(desk, "--last", "2005")
    voting = rows(desk, "--last", "2005")["PE"]["voting"]["RU"]
    assert (voting["last"], voting["trend"]) == (2005, None)
    assert voting["agreement"] > 0
    assert re.search(r"^Peru +\d+\.\d % +– ", answer.out, re.MULTILINE)


def test_a_country_without_votes_is_missing_and_said(tmp_path: Path, desk: Desk) -> None:
    votes = write_votes(tmp_path, [one for one in VOTERS if one != "PER"], last=2019)
    answer = desk.types("panel", "--votes", votes, "--json")
    found = {one["country"]: one["voting"]["RU"] for one in answer.json["countries"]}
    assert found["PE"] is None
    assert found["VE"]["last"] == 2019
    assert f"{votes}: has no votes of PE" in answer.err
    assert f"{votes}: has no votes after 2019" in answer.err


def test_years_without_a_common_vote_are_missing_and_said(desk: Desk) -> None:
    answer = asked(desk, "--last", "2003", "--json")
    assert {one["voting"]["RU"] for one in answer.json["countries"]} == {None}
    assert "has no common vote of VE, PE, BR in 2000–2003" in answer.err


# ---- what is stored ------------------------------------------------------------------------------------


def test_stored_events_are_counted_by_the_year_in_which_they_happened(desk: Desk) -> None:
    found = rows(desk)
    venezuela = found["VE"]["agreements"]
    assert (venezuela["count"], venezuela["by_year"]["2010"], venezuela["by_year"]["2011"]) == (2, 2, 0)
    assert found["PE"]["agreements"]["by_year"]["2013"] == 1
    assert found["VE"]["exercises"]["count"] == 1
    assert rows(desk, "--first", "1999", files=False)["VE"]["exercises"]["count"] == 2


def test_an_event_of_two_countries_counts_in_both(desk: Desk) -> None:
    found = rows(desk)
    assert [found[one]["visits"]["count"] for one in ("PE", "BR", "VE")] == [1, 1, 0]


def test_doubtful_events_are_told_and_not_counted(desk: Desk) -> None:
    peru = rows(desk)["PE"]["exercises"]
    assert (peru["count"], peru["doubtful"]) == (0, 1)
    notes = asked(desk, "--json").json["notes"]
    assert "stored events that are less credible than 0.5 are not counted: 1" in notes


def test_stored_events_are_said_to_be_no_census_in_every_format(desk: Desk) -> None:
    said = "stored events: what was searched for and reported, not a"
    assert said in asked(desk).out
    assert any(said in note for note in asked(desk, "--json").json["notes"])
    assert said in asked(desk, "--format", "csv").err


def test_other_tags_may_be_counted(desk: Desk) -> None:
    answer = asked(desk, "--agreements", "deal,defence_agreement", "--visits", "Talks", "--json")
    found = {one["country"]: one for one in answer.json["countries"]}
    assert answer.json["tags"]["agreements"] == ["deal", "defence_agreement"]
    assert found["VE"]["agreements"]["count"] == 3  # with the deal of 2024
    assert "no stored event of any country is tagged talks in 2000–2024" in answer.err


def test_what_nobody_searched_for_is_missing_and_not_0(desk: Desk) -> None:
    answer = asked(desk, "--visits", "state_visit,summit")
    assert "visits are not known, rather than 0: no stored event of any country is tagged state_visit or" in (
        answer.err
    )
    assert {one["visits"] for one in rows(desk, "--visits", "summit").values()} == {None}
    assert re.search(r"^Peru .* 1 +– +0$", answer.out, re.MULTILINE)


def test_a_country_of_which_nothing_is_stored_is_missing_and_not_0(desk: Desk) -> None:
    answer = asked(desk, "--countries", "PE,BO", "--json")
    bolivia = answer.json["countries"][1]
    assert [bolivia[kind] for kind in ("agreements", "visits", "exercises")] == [None, None, None]
    assert "of BO are not known, rather than 0: nothing is stored of them at all" in answer.err


def test_events_that_count_in_the_forecast_are_counted_for_the_country_that_they_count_for(
    desk: Desk,
) -> None:
    found = rows(desk, "--countries", "VE,PE,BR,CO")
    assert {country: one["events"] for country, one in found.items()} == {
        "VE": {"count": 1, "by_indicator": {"deals": 1}},
        "PE": {"count": 2, "by_indicator": {"deals": 1, "talks": 1}},
        "BR": {"count": 1, "by_indicator": {"talks": 1}},
        "CO": {"count": 0, "by_indicator": {}},
    }


def test_before_a_forecast_opens_nothing_is_known_to_count(tmp_path: Path) -> None:
    later = CONFIGURATION.replace("2025-01-01", "2190-01-01").replace("2025-12-31", "2190-12-31")
    answer = Desk(tmp_path, later).types("panel", "--json")
    assert {one["events"] for one in answer.json["countries"]} == {None}
    assert "quiet opens on 2190-01-01: no event can count in it yet" in answer.err


# ---- formats -------------------------------------------------------------------------------------------


def test_nothing_is_complained_of_where_everything_is_known(desk: Desk) -> None:
    assert asked(desk).err == ""
    assert asked(desk, "--json").err == ""


def test_a_table_is_no_wider_than_100_columns(desk: Desk) -> None:
    out = asked(desk).out
    assert max(map(len, out.splitlines())) <= 100
    assert re.search(r"^Brazil +1 \(0\) +2 \(1\) +103\.5 +0 +1 +0$", out, re.MULTILINE)
    assert re.search(r"^Venezuela +2 \(0\) +3 \(0\) +– +2 +0 +1$", out, re.MULTILINE)


def test_without_files_their_columns_are_missing_and_it_is_said_where_to_get_them(desk: Desk) -> None:
    answer = asked(desk, files=False)
    assert answer.code == 0
    assert re.search(r"^Peru +– +– +– +1 +1 +0$", answer.out, re.MULTILINE)
    assert re.search(r"^Peru +– +– +– +– +2 +–$", answer.out, re.MULTILINE)
    register, votes = answer.err.splitlines()
    assert "--register FILE" in register
    assert "SIPRI Arms Transfers Database, https://www.sipri.org/databases/armstransfers, as CSV" in register
    assert "--votes FILE" in votes
    assert "E. Voeten, https://doi.org/10.7910/DVN/LEJUQZ, as CSV" in votes
    for one in rows(desk, files=False).values():
        assert (one["orders"], one["deliveries"], one["voting"]) == (None, None, {"RU": None, "US": None})


def test_a_csv_has_a_row_per_country_and_says_the_same_as_the_json(desk: Desk) -> None:
    found = rows(desk)
    for line in cells(asked(desk, "--format", "csv")):
        one = found[line["country"]]
        voting = one["voting"]["RU"]
        expected = {
            "orders": one["orders"]["count"],
            "orders_estimated": one["orders"]["estimated"],
            "orders_undated": one["orders"]["undated"],
            "deliveries": one["deliveries"]["count"],
            "deliveries_tiv": one["deliveries"]["tiv"],
            "agreements": one["agreements"]["count"],
            "visits": one["visits"]["count"],
            "exercises": one["exercises"]["count"],
            "exercises_doubtful": one["exercises"]["doubtful"],
            "partner_agreement": voting["agreement"],
            "partner_trend": voting["trend"]["slope"],
            "partner_trend_error": voting["trend"]["standard_error"],
            "against_agreement": one["voting"]["US"]["agreement"],
            "events": one["events"]["count"],
            "base_rate": None,
        }
        assert {name: float(line[name]) if line[name] else None for name in expected} == expected


@pytest.mark.both("adds statements")
def test_what_is_missing_is_an_empty_cell(desk: Desk) -> None:
    for line in cells(asked(desk, "--format", "csv", "--visits", "summit", files=False)):
        missing = {name for name, cell in line.items() if not cell}
        assert {"orders", "deliveries", "deliveries_tiv", "visits", "partner_agreement"} <= missing
        assert not {"agreements", "events", "country", "first", "last"} & missing


def test_no_cell_of_a_csv_can_be_read_as_a_formula(desk: Desk) -> None:
    for line in cells(asked(desk, "--format", "csv", "--countries", "CI,AX,PE,CW,ST")):
        for cell in line.values():
            assert cell[:1] not in {"=", "+", "@", "\t", "\r"}
            assert not cell.startswith("-") or float(cell) < 0


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_panel_goes_to_a_file_word_for_word_as_it_is_printed(desk: Desk, form: str) -> None:
    path = desk.folder / f"panel.{form}"
    printed = asked(desk, "--format", form)
    answer = asked(desk, "--format", form, "-o", path)
    assert (answer.code, answer.out) == (0, "")
    assert path.read_text(encoding="utf-8") == printed.out


def test_base_rates_stand_beside_the_record_where_they_are_known(
    desk: Desk, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    with opened(desk.folder / "config.toml") as service:
        found = panel(service, service.forecast("quiet"), Question(), {"PE": (1.25, 0, 3)})
    printed: list[str] = []
    for form in ("table", "csv", "json"):
        show(found, form, None)
        printed.append(capsysbinary.readouterr().out.decode())
    table, text, document = printed
    assert re.search(r"^Peru .* 1\.25 \(0 to 3\)$", table, re.MULTILINE)
    assert re.search(r"^Brazil .* –$", table, re.MULTILINE)
    assert [(line["base_rate"], line["base_rate_high"]) for line in csv.DictReader(io.StringIO(text))] == [
        ("", ""),
        ("1.25", "3"),
        ("", ""),
    ]
    (peru,) = [one for one in Answer(0, document, "").json["countries"] if one["country"] == "PE"]
    assert peru["base_rate"] == {"expected": 1.25, "low": 0, "high": 3}


# ---- how it starts -------------------------------------------------------------------------------------


def example() -> Sequence[str]:
    (command,) = [one for one in app.registered_commands if getattr(one.callback, "__name__", "") == "panel"]
    return shlex.split((command.epilog or "").removeprefix("Example: posterity "))


@pytest.mark.slow
def test_the_example_works(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.folder)
    answer = desk.types(*example())
    assert (answer.code, answer.err) == (0, "")
    assert (desk.folder / "panel.png").read_bytes().startswith(b"\x89PNG")
    shown = " ".join(desk.types("panel", "--help").out.split())
    assert f"Example: posterity {shlex.join(example())}" in shown
    assert "https://www.sipri.org/databases/armstransfers" in shown


@pytest.mark.slow
def test_a_panel_without_a_picture_needs_neither_the_sampler_nor_data_frames_nor_charts(desk: Desk) -> None:
    spy = (
        "import atexit, sys\nfrom service.cli import main\n"
        "atexit.register(lambda: print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr))\n"
        "main()\n"
    )
    arguments = ["--config", str(desk.folder / "config.toml"), "panel"]
    files = ["--register", str(desk.folder / "register.csv"), "--votes", str(desk.folder / "votes.csv")]
    done = subprocess.run(
        [sys.executable, "-c", spy, *arguments, *files], capture_output=True, text=True, check=True
    )
    unneeded = {"pymc", "pytensor", "pandas", "altair", "vl_convert", "alembic", "fastapi", "jinja2"}
    assert not set(done.stderr.split()) & unneeded
