"""Suppositions: events that nobody reported, silence to a day; and the preview of an elicitation."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from model import exact
from model.alike import alike, indistinguishable
from model.credibility import CEILING
from model.domain import Indicator
from model.errors import UsageError
from model.evidence import select
from model.preview import preview
from model.whatif import Supposed, suppose
from tests.strategies import OPENED, a_forecast, an_event

PRIORS = {"low": 0.5, "high": 0.5}
DEALS = Indicator(id="deals", tags=("deal",), stated={"low": 2.0, "high": 8.0}, countries=("PE", "BO"))
ONCE = Indicator(id="once", tags=("visit",), stated={"low": 0.2, "high": 0.8}, recurs=False)
FORECAST = a_forecast([DEALS, ONCE], PRIORS)
DAY = OPENED + timedelta(300)
DEAL = Supposed(tag="deal", countries=("PE",), credibility=0.9)


def test_a_supposed_event_counts_as_if_it_had_been_reported() -> None:
    now = select(FORECAST, [an_event(100, 0.8)], as_of=DAY)
    reported = select(FORECAST, [an_event(100, 0.8), an_event(300, 0.9, key="new")], as_of=DAY)
    assert exact.posterior(suppose(now, [DEAL])) == exact.posterior(reported)


def test_it_is_dated_at_the_end_of_observation() -> None:
    until = OPENED + timedelta(200)
    now = select(FORECAST, [], as_of=DAY, observed_until=until)
    (event,) = suppose(now, [DEAL]).indicators[0].counted
    assert (event.occurred, event.first_published) == (until, DAY)


def test_of_two_in_one_occasion_the_second_adds_nothing() -> None:
    now = select(FORECAST, [], as_of=DAY)
    then = suppose(now, [DEAL, DEAL])
    assert [len(then.indicators[0].counted), len(then.indicators[0].folded)] == [1, 1]


def test_silence_goes_on_to_a_day() -> None:
    now = select(FORECAST, [], as_of=DAY)
    later = OPENED + timedelta(400)
    assert exact.posterior(suppose(now, [], silent_until=later)) == exact.posterior(
        select(FORECAST, [], as_of=later)
    )


def test_what_is_known_but_was_not_observed_comes_to_count() -> None:
    now = select(FORECAST, [an_event(250, 0.8)], as_of=DAY, observed_until=OPENED + timedelta(200))
    assert not now.indicators[0].counted
    assert suppose(now, [], silent_until=DAY).indicators[0].counted


@pytest.mark.parametrize("day", [299, 731])
def test_silence_must_lie_ahead_and_within_the_window(day: int) -> None:
    now = select(FORECAST, [], as_of=DAY)
    with pytest.raises(UsageError, match="write a day between them"):
        suppose(now, [], silent_until=OPENED + timedelta(day))


def bits(now: dict[str, float], then: dict[str, float]) -> dict[str, float]:
    return {name: math.log2(then[name] / now[name]) for name in now}


def test_the_preview_weighs_one_event_against_silence_until_then() -> None:
    """Alone, with nothing uncertain: ``c E + (1 − c) Ē`` times the same silence."""
    sure = replace(DEALS, spread=0.0)
    (found,) = preview(a_forecast([sure], PRIORS), today=DAY)
    weight = {name: CEILING * e + (1 - CEILING) * 5 for name, e in sure.stated.items()}
    silent = {name: 0.5 * math.exp(-e * 300 / 730) for name, e in sure.stated.items()}
    before, after = normalised(silent), normalised({one: silent[one] * weight[one] for one in silent})
    assert found.event == pytest.approx(bits(before, after), abs=1e-9)


def test_the_preview_weighs_silence_to_the_horizon() -> None:
    sure = replace(DEALS, spread=0.0)
    (found,) = preview(a_forecast([sure], PRIORS), today=DAY)
    after = normalised({name: math.exp(-e) for name, e in sure.stated.items()})
    assert found.silence == pytest.approx(bits(PRIORS, after), abs=1e-9)


def normalised(weights: dict[str, float]) -> dict[str, float]:
    total = math.fsum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def test_before_the_opening_the_event_is_weighed_on_the_first_day() -> None:
    early, first = (list(preview(FORECAST, today=day)) for day in (OPENED - timedelta(90), OPENED))
    assert early == first


def test_a_number_that_rules_everything_out_is_previewed_as_nothing() -> None:
    must = replace(ONCE, stated={"low": 1.0, "high": 1.0})
    (found,) = preview(a_forecast([must], PRIORS), today=DAY)
    assert found.silence == {"low": None, "high": None}


def test_scenarios_that_every_indicator_expects_the_same_of_are_alike() -> None:
    same = {"low": 2.0, "mid": 2.0 * (1 + 1e-12), "high": 8.0}
    priors = {"low": 0.3, "mid": 0.3, "high": 0.4}
    forecast = a_forecast([replace(DEALS, stated=same)], priors)
    assert alike(forecast) == [("low", "mid")]
    assert indistinguishable(("low", "mid")).startswith("no data can tell low from mid")


def test_scenarios_that_one_indicator_tells_apart_are_not_alike() -> None:
    apart = replace(ONCE, stated={"low": 0.2, "high": 0.21})
    same = replace(DEALS, stated={"low": 2.0, "high": 2.0})
    assert alike(a_forecast([same, apart], PRIORS)) == []


def test_a_scenario_without_prior_is_like_none() -> None:
    same = replace(DEALS, stated=dict.fromkeys(("low", "high", "no"), 2.0))
    assert alike(a_forecast([same], {"low": 0.5, "high": 0.5, "no": 0.0})) == [("low", "high")]
