"""`posterity panel` on the real register and votes, against figures that the csv module gives."""

import csv
from typing import Any

import numpy as np
import pytest

from tests.ingest.registers import EIGHT, LATIN, REAL
from tests.service.commands import EXAMPLES, ROOT, Desk

VOTES = REAL.parent / "unvotes" / "votes_10countries_wide.csv"
NAMES = dict(
    zip(
        EIGHT,
        ("Peru", "Bolivia", "Nicaragua", "Venezuela", "Brazil", "Chile", "Colombia", "Mexico"),
        strict=True,
    )
)
COLUMNS = dict(zip(EIGHT, ("PER", "BOL", "NIC", "VEN", "BRA", "CHL", "COL", "MEX"), strict=True))
POINTS = {"yes": 1.0, "abstain": 0.5, "no": 0.0}


@pytest.fixture(scope="module")
def countries(tmp_path_factory: pytest.TempPathFactory, database_kind: str) -> dict[str, dict[str, Any]]:
    for path in (REAL / LATIN, VOTES):
        if not path.is_file():
            pytest.skip(f"the real file {path.name} is not here")
    shipped = (ROOT / "config.toml").read_text(encoding="utf-8")
    desk = Desk(tmp_path_factory.mktemp(f"panel-real-{database_kind}"), shipped)
    assert desk.types("ingest", EXAMPLES).code == 0
    answer = desk.types("panel", "--register", REAL / LATIN, "--votes", VOTES, "--json")
    assert answer.code == 0, answer.err
    return {one["country"]: one for one in answer.json["countries"]}


def deals() -> list[dict[str, str]]:
    """The rows of transfers from Russia."""
    with (REAL / LATIN).open(encoding="utf-8") as stream:
        return [line for line in csv.DictReader(stream) if line["Supplier"] == "Russia"]


@pytest.mark.slow
def test_the_countries_are_those_of_the_shipped_forecast_in_its_order(
    countries: dict[str, dict[str, Any]],
) -> None:
    assert tuple(countries) == EIGHT


def test_orders_are_the_deals_of_the_file_and_deliveries_its_rows(
    countries: dict[str, dict[str, Any]],
) -> None:
    for country, found in countries.items():
        mine = [line for line in deals() if line["Recipient"] == NAMES[country]]
        ordered = {
            line["SIPRI AT Database ID"]: line["Order date is estimate"] == "Yes"
            for line in mine
            if int(line["Order date"]) >= 2000
        }
        assert found["orders"]["count"] == len(ordered)
        assert found["orders"]["estimated"] == sum(ordered.values())
        assert found["deliveries"]["count"] == len(mine)
        assert found["deliveries"]["estimated"] == sum(
            line["Delivery year is estimate"] == "Yes" for line in mine
        )
        assert found["deliveries"]["tiv"] == pytest.approx(
            sum(float(line["TIV delivery values"]) for line in mine)
        )
    assert countries["VE"]["deliveries"]["count"] == 65
    assert countries["CL"]["orders"]["count"] == 0  # which other suppliers' rows tell of


@pytest.mark.parametrize(("partner", "column"), [("RU", "RUS"), ("US", "USA")])
def test_agreement_is_that_of_the_last_ten_years_of_the_file(
    countries: dict[str, dict[str, Any]], partner: str, column: str
) -> None:
    with VOTES.open(encoding="utf-8") as stream:
        lines = [line for line in csv.DictReader(stream) if 2010 <= int(line["date"][:4]) <= 2019]
    for country, found in countries.items():
        both = [(line[COLUMNS[country]], line[column]) for line in lines]
        points = [1 - abs(POINTS[one] - POINTS[other]) for one, other in both if {one, other} <= set(POINTS)]
        voting = found["voting"][partner]
        assert (voting["votes"], voting["first"], voting["last"]) == (len(points), 2010, 2019)
        assert voting["agreement"] == pytest.approx(np.mean(points))
        assert voting["by_year"]["2020"] is None


def test_agreement_with_russia_fell_in_every_country_by_more_than_its_error(
    countries: dict[str, dict[str, Any]],
) -> None:
    for found in countries.values():
        trend = found["voting"]["RU"]["trend"]
        assert trend["slope"] < -trend["standard_error"]
