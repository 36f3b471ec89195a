"""An indicator may refer to the record instead of stating how many occasions there are."""

from pathlib import Path

import pytest

from model.dates import CoarseDate
from service import base_rate_file
from service.base_rate_file import Rate
from service.configuration import load
from tests.service.configurations import FORECAST, VALID, Load, Refused

REFERRING = """
[[forecasts.indicators]]
id = "orders"
tag = "contract_signed"
countries = ["PE", "BO"]
base_rate = { from = "register:orders", factor = { down = 0.5, up = 2 } }
"""
TEXT = FORECAST.format(id="f") + REFERRING


def rate(**changes: object) -> Rate:
    plain = {
        "from": "register:orders",
        "countries": ["BO", "PE"],
        "days": 365,
        "expected": 1.2,
        "low": 0,
        "high": 3,
        "spread": 0.8,
    }
    return Rate.model_validate(plain | changes)


def keep(folder: Path, *rates: Rate) -> None:
    base_rate_file.write(folder / "base-rates.toml", rates)


def test_the_scenarios_get_the_record_times_their_factors_and_its_spread(
    loaded: Load, tmp_path: Path
) -> None:
    keep(tmp_path, rate())
    (indicator,) = loaded(TEXT).forecasts[0].indicators
    assert dict(indicator.stated) == {"down": 0.6, "up": 2.4}
    assert indicator.spread == 0.8


def test_a_spread_of_its_own_stays(loaded: Load, tmp_path: Path) -> None:
    keep(tmp_path, rate())
    (indicator,) = loaded(f"{TEXT}spread = 0.3\n").forecasts[0].indicators
    assert indicator.spread == 0.3


def test_the_numbers_are_part_of_the_forecasts_version(loaded: Load, tmp_path: Path) -> None:
    keep(tmp_path, rate())
    before = loaded(TEXT).forecasts
    keep(tmp_path, rate(expected=1.3))
    assert loaded(TEXT).forecasts != before


def test_the_newest_of_several_answers_counts_and_the_file_may_stand_elsewhere(
    loaded: Load, tmp_path: Path
) -> None:
    base_rate_file.write(tmp_path / "other.toml", [rate(expected=9), rate()])
    (indicator,) = loaded(f'{TEXT}\n[base_rates]\nfile = "other.toml"\n').forecasts[0].indicators
    assert dict(indicator.stated) == {"down": 0.6, "up": 2.4}


@pytest.mark.parametrize(
    "other", [{"from": "register:deliveries"}, {"countries": ["PE"]}, {"days": 364}], ids=str
)
def test_a_rate_of_something_else_does_not_answer(
    refused: Refused, tmp_path: Path, other: dict[str, object]
) -> None:
    keep(tmp_path, rate(**other))
    (line,) = refused(TEXT)
    assert line == (
        "config.toml: forecasts[0].indicators[0].base_rate: base-rates.toml holds no base rate of "
        "register:orders in PE, BO over 365 days; run `posterity base-rates f --save`"
    )


def test_without_a_file_every_indicator_that_refers_to_it_is_named(refused: Refused) -> None:
    lines = refused(TEXT + REFERRING.replace('"orders"', '"more"'))
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (", up = 2", "", "base_rate.factor.up: is missing; write one number for each scenario: down, up"),
        ("up = 2", "up = 2, x = 1", "base_rate.factor.x: is not a scenario of this forecast"),
        ("up = 2", "up = -1", "base_rate.factor.up: is -1; rates are 0 or more"),
        ("register:orders", "register:loans", 'base_rate.from: is "register:loans"; write "register:orders"'),
        ("register:orders", "events:analysis", "reports of that tag tell of no new act"),
        ('countries = ["PE", "BO"]', "", "base_rate: needs the countries whose record it is"),
        ("base_rate", "expected = { down = 1, up = 2 }\nbase_rate", "base_rate: stands beside expected"),
        (
            "base_rate",
            "recurs = false\nprobability = { down = 0.1, up = 0.2 }\nbase_rate",
            "base_rate: counts occasions, but this does not recur",
        ),
        ('from = "register:orders", ', "", 'base_rate.from: is missing; write from = "register:orders"'),
        ("factor", "factors", "base_rate.factors: is not a known key"),
    ],
)
def test_what_does_not_fit_is_said_with_its_place(
    refused: Refused, tmp_path: Path, old: str, new: str, problem: str
) -> None:
    keep(tmp_path, rate(), rate(countries=[]))
    assert any(problem in line for line in refused(TEXT.replace(old, new))), refused(TEXT.replace(old, new))


@pytest.mark.parametrize(
    "text",
    [
        "x = ",
        "",
        "base_rates = 3",
        "[[base_rates]]\nfrom = 'register:orders'",
        "[[base_rates]]\nexpected = nan",
        "a = " + "[" * 10_000,
        "#" * 2_000_000,
        "\x00",
    ],
    ids=lambda text: text[:20],
)
def test_a_file_that_is_none_is_refused_with_what_to_do(refused: Refused, tmp_path: Path, text: str) -> None:
    (tmp_path / "base-rates.toml").write_text(text, encoding="utf-8")
    (line,) = refused(TEXT)
    assert line.startswith("config.toml: base_rates.file: base-rates.toml")
    assert line.endswith("write it with `posterity base-rates --save`")


def test_a_configuration_that_refers_to_no_record_needs_no_file(loaded: Load, tmp_path: Path) -> None:
    (tmp_path / "base-rates.toml").write_text("x = ", encoding="utf-8")
    assert loaded(VALID).forecasts[0].indicators[0].stated["up"] == 2.5


def test_what_is_written_is_read_again_and_takes_the_place_of_the_same_question(tmp_path: Path) -> None:
    path = tmp_path / "rates.toml"
    first, second = rate(history='6 "occasions"'), rate(countries=["VE"])
    base_rate_file.write(path, [first, second])
    assert base_rate_file.read(path) == (first, second)
    newer = rate(countries=["PE", "BO"], expected=2)
    assert base_rate_file.merged(base_rate_file.read(path), [newer]) == [second, newer]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["rates.toml"]


def test_before_there_are_rates_each_stands_for_one_occasion(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(TEXT, encoding="utf-8")
    found = load(path, {}, rates=False)
    assert dict(found.forecasts[0].indicators[0].stated) == {"down": 0.5, "up": 2}
    assert found.referring["f"]["orders"].kind == "register:orders"
    assert CoarseDate.parse("2026").first == found.forecasts[0].opened
