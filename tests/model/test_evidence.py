"""What counts at a cutoff: the rules, one by one, and all of them against a second reading."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.domain import Event, Indicator
from model.errors import UsageError
from model.evidence import Evidence, IndicatorEvidence, select
from tests import oracle_counting
from tests.strategies import OPENED, Case, a_forecast, an_event, cases

PRIORS = {"s": 0.6, "r": 0.4}


def an_indicator(*, burst_days: int = 14, countries: tuple[str, ...] = (), timing: float = 1.0) -> Indicator:
    return Indicator(
        id="k",
        tags=("deal",),
        stated={"s": 1, "r": 2},
        burst_days=burst_days,
        countries=countries,
        timing=timing,
    )


def selected(
    *events: Event, kind: Indicator | None = None, day: int = 200, until: int | None = None
) -> Evidence:
    forecast = a_forecast([kind or an_indicator()], PRIORS, days=1000)
    observed = None if until is None else OPENED + timedelta(until)
    return select(forecast, events, as_of=OPENED + timedelta(day), observed_until=observed)


def of_indicator(*events: Event, kind: Indicator | None = None, day: int = 200) -> IndicatorEvidence:
    return selected(*events, kind=kind, day=day).indicators[0]


def keys(events: Sequence[Event]) -> list[str]:
    return [event.key for event in events]


def test_silence_is_exposed_up_to_the_cutoff() -> None:
    assert of_indicator(day=200).exposure == pytest.approx(0.2, abs=1e-15)
    assert of_indicator(kind=an_indicator(timing=2.0), day=200).exposure == pytest.approx(0.04, abs=1e-15)


def test_silence_counts_only_while_someone_was_looking() -> None:
    assert selected(day=200, until=50).indicators[0].exposure == pytest.approx(0.05, abs=1e-15)
    assert selected(day=200, until=-5).indicators[0].exposure == 0


def test_the_forecasts_own_end_of_observation_stands_where_none_is_given() -> None:
    forecast = a_forecast([an_indicator()], PRIORS, days=1000, observed_until=OPENED + timedelta(70))
    assert select(forecast, [], as_of=OPENED + timedelta(200)).observed_until == OPENED + timedelta(70)
    assert select(forecast, [], as_of=OPENED + timedelta(20)).observed_until == OPENED + timedelta(20)


def test_observation_ends_at_the_horizon() -> None:
    evidence = selected(day=1500)
    assert evidence.u_now == 1
    assert any("due for resolution" in warning for warning in evidence.warnings)


def test_a_cutoff_before_the_opening_is_refused() -> None:
    with pytest.raises(UsageError, match=r"2025-01-01.*2024-12-31"):
        selected(day=-1)


def test_an_event_within_an_occasion_adds_nothing() -> None:
    seen = of_indicator(an_event(10, key="a"), an_event(24, key="b"), an_event(25, key="c"))
    assert (keys(seen.counted), keys(seen.folded)) == (["a", "c"], ["b"])


def test_time_within_an_occasion_is_not_exposed() -> None:
    assert of_indicator(an_event(10, 0.9)).exposure == pytest.approx(0.2 - 0.014, abs=1e-15)
    assert of_indicator(an_event(195, 0.9)).exposure == pytest.approx(0.195, abs=1e-15)


def test_a_rumour_counts_and_opens_nothing() -> None:
    seen = of_indicator(an_event(10, 0.499, key="a"), an_event(12, 0.5, key="b"), an_event(13, 0.9, key="c"))
    assert (keys(seen.counted), keys(seen.folded)) == (["a", "b"], ["c"])
    assert seen.exposure == pytest.approx(0.2 - 0.014, abs=1e-15)


def test_without_bursts_every_event_counts() -> None:
    seen = of_indicator(an_event(10, key="a"), an_event(10, key="b"), kind=an_indicator(burst_days=0))
    assert keys(seen.counted) == ["a", "b"]
    assert seen.exposure == pytest.approx(0.2, abs=1e-15)


def test_every_candidate_of_a_one_off_counts() -> None:
    kind = Indicator(id="k", tags=("deal",), stated={"s": 0.5, "r": 0.2}, recurs=False)
    seen = of_indicator(an_event(10, key="a"), an_event(11, key="b"), kind=kind)
    assert keys(seen.counted) == ["a", "b"]
    assert seen.exposure == pytest.approx(0.2, abs=1e-15)


def test_an_event_that_matches_twice_counts_once() -> None:
    seen = of_indicator(an_event(10, countries=("PE", "BR")), kind=an_indicator(countries=("BR", "PE")))
    assert keys(seen.counted) == ["e"]


def test_what_concerns_the_region_matches_only_indicators_without_countries() -> None:
    assert of_indicator(an_event(10, countries=("*",)), kind=an_indicator(countries=("PE",))).counted == ()
    assert keys(of_indicator(an_event(10, countries=("*",))).counted) == ["e"]


def test_an_event_that_may_have_begun_before_the_opening_is_listed_and_does_not_count() -> None:
    evidence = selected(an_event(20, begins=-5))
    assert evidence.indicators[0].counted == ()
    assert [entry.event.key for entry in evidence.uncounted] == ["e"]


def test_an_event_after_the_end_of_observation_is_listed_and_warned_of() -> None:
    evidence = selected(an_event(60), day=200, until=50)
    assert evidence.indicators[0].counted == ()
    assert [entry.event.key for entry in evidence.uncounted] == ["e"]
    assert any("1 event" in warning for warning in evidence.warnings)


def test_an_event_published_after_the_cutoff_does_not_count() -> None:
    assert of_indicator(an_event(60, published=201)).counted == ()


def test_an_earlier_event_reported_past_the_horizon_still_counts() -> None:
    assert keys(of_indicator(an_event(990, published=1040), day=1050).counted) == ["e"]


def uncountable(case: Case, end: date) -> set[str]:
    """Events in the window or reaching into it that some indicator claims and that do not count."""
    kinds = case.forecast.indicators
    claimed = [
        each for each in case.events if any(oracle_counting.matches(indicator, each) for indicator in kinds)
    ]
    inside = [each for each in claimed if each.occurred >= case.forecast.opened]
    return {each.key for each in inside if not oracle_counting.counts(case.forecast, each, case.as_of, end)}


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(cases())
def test_counting_agrees_with_a_second_reading_of_the_rules(case: Case) -> None:
    evidence = select(case.forecast, case.events, as_of=case.as_of, observed_until=case.observed_until)
    expected = oracle_counting.select(case.forecast, case.events, as_of=case.as_of, until=case.observed_until)
    end = oracle_counting.observed_until(case.forecast, case.as_of, case.observed_until)
    assert (evidence.as_of, evidence.observed_until) == (case.as_of, end)
    assert [seen.indicator for seen in evidence.indicators] == list(case.forecast.indicators)
    for seen in evidence.indicators:
        wanted = expected[seen.indicator.id]
        assert (seen.counted, seen.folded) == (wanted.counted, wanted.folded)
        assert seen.exposure == pytest.approx(wanted.exposure, abs=1e-12)
    assert {entry.event.key for entry in evidence.uncounted} == uncountable(case, end)


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_in_which_events_come_does_not_matter(case: Case, chance: object) -> None:
    shuffled = chance.sample(case.events, len(case.events))  # type: ignore[attr-defined]
    there = select(case.forecast, case.events, as_of=case.as_of)
    assert select(case.forecast, shuffled, as_of=case.as_of) == there


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(cases())
def test_the_end_of_observation_given_is_the_one_that_the_forecast_could_state(case: Case) -> None:
    stated = replace(case.forecast, observed_until=case.observed_until)
    given_now = select(case.forecast, case.events, as_of=case.as_of, observed_until=case.observed_until)
    assert select(stated, case.events, as_of=case.as_of).indicators == given_now.indicators
