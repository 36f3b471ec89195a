import hashlib
import json
from dataclasses import fields, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.definition import canonical, forecast_digest, forecast_from
from model.domain import Forecast, Indicator, Scenario
from model.errors import InvalidValue

IDS = st.lists(st.text(min_size=1, max_size=5), min_size=2, max_size=4, unique=True)
NUMBERS = st.floats(0, 1e300) | st.integers(0, 10**9)
CHANCES = st.floats(0, 1) | st.integers(0, 1)
POSITIVE = st.floats(1e-300, 1e300)
DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))


@st.composite
def forecasts(draw: st.DrawFn) -> Forecast:
    ids = draw(IDS)
    weights = draw(st.lists(st.integers(0, 1000), min_size=len(ids), max_size=len(ids)).filter(any))
    names = draw(st.lists(st.text(min_size=1, max_size=5), max_size=4, unique=True))
    opened = draw(DAYS)
    return Forecast(
        id=draw(st.text(min_size=1)),
        title=draw(st.text()),
        question=draw(st.text()),
        opened=opened,
        horizon=opened + timedelta(draw(st.integers(1, 5000))),
        observed_until=draw(st.none() | DAYS),
        sources=tuple(draw(st.lists(st.text(max_size=5), max_size=3))),
        prior_strength=draw(POSITIVE),
        coverage_sd=draw(NUMBERS),
        elicitation_sd=draw(NUMBERS),
        scenarios=tuple(
            Scenario(id=name, prior=weight / sum(weights), title=draw(st.text()), resolves=draw(st.text()))
            for name, weight in zip(ids, weights, strict=True)
        ),
        indicators=tuple(draw(indicators(name, ids)) for name in names),
    )


@st.composite
def indicators(draw: st.DrawFn, name: str, scenarios: list[str]) -> Indicator:
    recurs = draw(st.booleans())
    order = draw(st.permutations(scenarios))
    return Indicator(
        id=name,
        tags=tuple(draw(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=3))),
        countries=tuple(draw(st.lists(st.sampled_from(["PE", "BR"]), max_size=2))),
        recurs=recurs,
        stated={scenario: draw(NUMBERS if recurs else CHANCES) for scenario in order},
        timing=draw(POSITIVE),
        spread=draw(st.floats(0, 10)),
        burst_days=draw(st.integers(0, 365)),
        effect=draw(st.text(max_size=5)),
    )


def a_forecast() -> Forecast:
    return Forecast(
        id="f",
        opened=date(2026, 1, 1),
        horizon=date(2026, 12, 31),
        scenarios=(Scenario(id="down", prior=0.4), Scenario(id="up", prior=0.6)),
        indicators=(Indicator(id="deals", tags=("deal",), stated={"up": 2, "down": 1}),),
        prior_strength=40,
    )


@pytest.mark.slow
@given(forecasts())
def test_a_forecast_survives_being_written_as_json(forecast: Forecast) -> None:
    again = forecast_from(json.loads(json.dumps(canonical(forecast), allow_nan=False)))
    assert again == forecast
    assert forecast_digest(again) == forecast_digest(forecast)


def test_a_definition_is_plain_and_in_the_forecasts_order() -> None:
    definition = canonical(a_forecast())
    assert definition["opened"] == "2026-01-01"
    assert definition["observed_until"] is None
    assert repr(definition["prior_strength"]) == "40.0"
    assert definition["indicators"] == [
        {
            "id": "deals",
            "tags": ["deal"],
            "stated": {"down": 1.0, "up": 2.0},
            "countries": [],
            "recurs": True,
            "timing": 1.0,
            "spread": 0.5,
            "burst_days": 14,
            "effect": "",
        }
    ]


def test_a_definition_leaves_nothing_out() -> None:
    forecast = a_forecast()
    definition = canonical(forecast)
    (indicator,) = forecast_from(definition).indicators
    assert set(definition) == {field.name for field in fields(forecast)}
    assert indicator == forecast.indicators[0]


def test_the_digest_is_that_of_the_definition_written_compactly_with_sorted_keys() -> None:
    text = json.dumps(canonical(a_forecast()), sort_keys=True, separators=(",", ":"))
    assert forecast_digest(a_forecast()) == "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def test_equal_forecasts_have_equal_digests_however_their_numbers_were_written() -> None:
    other = replace(
        a_forecast(),
        prior_strength=40.0,
        indicators=(Indicator(id="deals", tags=("deal",), stated={"down": 1.0, "up": 2.0}, spread=0.5),),
        coverage_sd=0.25,
    )
    assert forecast_digest(other) == forecast_digest(a_forecast())
    negative, zero = (replace(other, coverage_sd=number) for number in (-0.0, 0))
    assert forecast_digest(negative) == forecast_digest(zero)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "other"},
        {"horizon": date(2027, 1, 1)},
        {"observed_until": date(2026, 6, 1)},
        {"sources": ("s",)},
        {"elicitation_sd": 0.3},
        {"scenarios": (Scenario(id="up", prior=0.6), Scenario(id="down", prior=0.4))},
        {"scenarios": (Scenario(id="down", prior=0.4), Scenario(id="up", prior=0.6, resolves="It is up."))},
        {"indicators": ()},
    ],
)
def test_whatever_the_elicitation_states_changes_the_digest(change: dict[str, object]) -> None:
    assert forecast_digest(forecast_from(canonical(a_forecast()))) == forecast_digest(a_forecast())
    changed = replace(a_forecast(), **change)  # type: ignore[arg-type]
    assert forecast_digest(changed) != forecast_digest(a_forecast())


@pytest.mark.parametrize(
    "change",
    [
        {"opened": "soon"},
        {"opened": None},
        {"opened": "2027-01-01"},
        {"scenarios": None},
        {"scenarios": [{"id": "up"}]},
        {"scenarios": [{"id": "up", "prior": "high"}]},
        {"indicators": [3]},
        {"indicators": [{"id": "i", "tags": ["t"], "stated": {"up": 1}}]},
        {"sources": 3},
        {"unknown": 1},
        {"coverage_sd": -1},
    ],
)
def test_what_is_no_definition_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        forecast_from(canonical(a_forecast()) | change)


def test_what_lacks_a_needed_key_is_refused() -> None:
    for key in ("id", "opened", "horizon", "scenarios", "indicators"):
        definition = canonical(a_forecast())
        del definition[key]
        with pytest.raises(InvalidValue, match="not the definition of a forecast"):
            forecast_from(definition)
