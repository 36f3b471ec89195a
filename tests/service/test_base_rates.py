"""`posterity base-rates`: what the record lets expect, kept for the indicators that refer to it."""

import tomllib
from pathlib import Path

import pytest

from tests.ingest.registers import cells, export
from tests.service.commands import Desk, quiet, report, said_in_one_line

REFERRING = """
[[forecasts.indicators]]
id = "orders"
tag = "ordered"
countries = ["BR", "PE"]
spread = 0
base_rate = { from = "register:orders", factor = { down = 0.5, up = 2 } }
"""


BRAZIL = [2, 1, 0, 3, 1, 2, 0, 1, 1, 4, 0, 2, 1, 1, 0, 3, 2, 1, 0, 2]  # orders of the years from 2000 on
PERU = [0, 0, 1, 0, 0, 2, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path, quiet() + REFERRING)
    rows = [
        cells(id=str(10 * year + n), order_date=str(year), delivery_year=str(year + 1), recipient=whose)
        for place, year in enumerate(range(2000, 2020))
        for n, whose in enumerate(["Brazil"] * BRAZIL[place] + ["Peru"] * PERU[place])
    ]
    (tmp_path / "register.csv").write_bytes(export(*rows))
    return desk


@pytest.mark.slow
@pytest.mark.sqlite("it is about a file, and samples")
def test_what_is_saved_is_what_the_indicators_then_state(desk: Desk) -> None:
    answer = desk.types("base-rates", "--register", desk.folder / "register.csv", "--save", "--json")
    found = answer.json
    (one,) = found["base_rates"]
    assert (found["forecast"], found["days"]) == ("quiet", 365)
    assert (one["from"], one["countries"]) == ("register:orders", ["BR", "PE"])
    assert one["record"]["counts"] == {
        "BR": BRAZIL[1:17],
        "PE": PERU[1:17],
    }
    assert one["low"] <= one["expected"] <= one["high"]
    assert 0.8 < one["expected"] < 4  # it was 1.8 a year
    assert all(check["passed"] is not False for check in one["checks"]) == one["sound"]
    (kept,) = tomllib.loads((desk.folder / "base-rates.toml").read_text())["base_rates"]
    assert kept["expected"] == pytest.approx(one["expected"], abs=1e-4)
    preview = desk.types("check", "--json").json["previews"][0]
    assert preview is not None
    assert desk.types("run", "--as-of", "2025-06-30", "--no-ingest", "--json").code == 0
    shown = desk.types("base-rates", "--register", desk.folder / "register.csv").out
    assert "Occasions to expect within the 365 days from 2025-01-01 to 2025-12-31" in shown
    assert (
        f"orders: expected = {{ down = {0.5 * one['expected']:.3g}, up = {2 * one['expected']:.3g} }}"
        in shown
    )


@pytest.mark.slow
def test_events_in_the_store_are_a_record_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    told = [
        report(f"{year}-{n}", f"{year}-0{n + 1}-15", headline=f"Deal number {10 * year + n}")
        for year in range(2015, 2025)
        for n in range(1 + year % 2)
    ]
    asked = ["--country", "PE", "--from", "events:deal", "--first", "2015"]
    desk.types("ingest", desk.write("r.jsonl", *told))
    (one,) = desk.types("base-rates", *asked, "--json").json["base_rates"]
    assert one["record"] == {
        "years": list(range(2015, 2025)),
        "counts": {"PE": [1 + year % 2 for year in range(2015, 2025)]},
    }
    assert 0.5 < one["expected"] < 3.5


def test_what_is_missing_is_said_in_one_line(desk: Desk) -> None:
    register = desk.folder / "register.csv"
    for typed, problem in {
        (): "register:orders needs --register FILE: download the trade register (SIPRI Arms",
        ("--from", "register:loans"): '--from is "register:loans"; write "register:orders"',
        ("--from", "events:strike"): "no event of strike is stored",
        ("--country", "*"): "--country ",
        ("other",): "no forecast is called 'other'",
        ("--register", register, "--first", "2018"): "the record has no years from 2018 to 20",
    }.items():
        assert problem in said_in_one_line(desk.types("base-rates", *typed), 2), typed


def test_a_register_that_cannot_be_read_is_out_of_reach(desk: Desk) -> None:
    answer = desk.types("base-rates", "--register", desk.folder / "none.csv")
    assert "none.csv" in said_in_one_line(answer, 3)


def test_without_any_base_rate_something_has_to_be_asked_for(tmp_path: Path) -> None:
    answer = Desk(tmp_path).types("base-rates")
    assert "no indicator of quiet has a base_rate; name a record" in said_in_one_line(answer, 2)
