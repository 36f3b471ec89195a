"""What moved between two runs: the world in one leg, what the analysts changed in others."""

import json
import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import assume, given, settings

from model import exact
from model.attribution import Cause
from model.credibility import Grades
from model.domain import Event, Forecast, Indicator
from model.errors import Impossible, Unresolved, UsageError
from model.evidence import Evidence, select
from model.movement import moved
from model.snapshot import restored, snapshot
from tests.strategies import OPENED, Case, a_forecast, an_event, cases

PRIORS = {"low": 0.5, "high": 0.5}
DEALS = Indicator(id="deals", tags=("deal",), stated={"low": 2.0, "high": 8.0})
VISITS = Indicator(id="visits", tags=("visit",), stated={"low": 3.0, "high": 1.0})
TREATY = Indicator(id="treaty", tags=("delay",), stated={"low": 0.2, "high": 0.8}, recurs=False)
FORECAST = a_forecast([DEALS, VISITS, TREATY], PRIORS, coverage_sd=0.2)
FIRST, SECOND = an_event(100, 0.9, key="first"), an_event(320, 0.8, key="second", tag="visit")


def seen(
    day: int, *events: Event, forecast: Forecast = FORECAST, observed_until: date | None = None
) -> Evidence:
    return select(forecast, events, as_of=OPENED + timedelta(day), observed_until=observed_until)


def kinds(causes: Iterable[Cause]) -> set[tuple[str, str | None, str | None]]:
    return {(one.kind, one.indicator, one.event) for one in causes}


def check_sums(before: Evidence, after: Evidence) -> None:
    start, end = exact.posterior(before), exact.posterior(after)
    causes = moved(before, after)
    for name in end:
        points = math.fsum(one.points[name] for one in causes)
        assert points == pytest.approx(100 * (end[name] - start[name]), abs=1e-6)
        if start[name] > 0 and end[name] > 0:
            bits = math.fsum(one.bits[name] or 0.0 for one in causes)
            assert bits == pytest.approx(math.log2(end[name] / start[name]), abs=1e-6)


def test_time_and_news_are_told_apart() -> None:
    before, after = seen(300, FIRST), seen(330, FIRST, SECOND)
    silences = {("silence", name, None) for name in ("deals", "visits")}
    news = {("event", "visits", "second"), ("one-off", "treaty", None)}
    assert kinds(moved(before, after)) == silences | news
    check_sums(before, after)


def test_a_night_on_which_nobody_looked_moves_nothing() -> None:
    until = OPENED + timedelta(200)
    before, after = (seen(day, FIRST, observed_until=until) for day in (300, 301))
    assert moved(before, after) == ()


def test_an_observation_that_catches_up_is_a_cause_of_its_own() -> None:
    before = seen(300, FIRST, observed_until=OPENED + timedelta(200))
    after = seen(301, FIRST, observed_until=OPENED + timedelta(301))
    found = moved(before, after)
    assert {("observation", None, None), ("silence", "deals", None)} < kinds(found)
    silence, caught_up = (
        abs(next(one for one in found if (one.kind, one.indicator) == what).bits["low"] or 0.0)
        for what in (("silence", "deals"), ("observation", None))
    )
    assert silence < caught_up / 10  # a day by itself, and a hundred that were not seen before
    check_sums(before, after)


def test_an_observation_that_ends_earlier_takes_silence_back() -> None:
    before, after = seen(300), seen(300, observed_until=OPENED + timedelta(200))
    assert kinds(moved(before, after)) == {("observation", None, None), ("one-off", "treaty", None)}
    check_sums(before, after)


def test_a_changed_indicator_is_one_cause_however_many_events_it_has() -> None:
    other = replace(DEALS, stated={"low": 2.0, "high": 3.0}, spread=1.0)
    changed = replace(FORECAST, indicators=(other, VISITS, TREATY))
    before, after = seen(300, FIRST), seen(300, FIRST, forecast=changed)
    assert kinds(moved(before, after)) == {("elicitation", "deals", None)}
    check_sums(before, after)


def test_an_indicator_that_comes_or_goes_is_a_cause() -> None:
    fewer = replace(FORECAST, indicators=(DEALS,))
    for before, after in ((FORECAST, fewer), (fewer, FORECAST)):
        ends = seen(300, FIRST, forecast=before), seen(300, FIRST, forecast=after)
        assert kinds(moved(*ends)) == {("elicitation", name, None) for name in ("visits", "treaty")}
        check_sums(*ends)


def test_news_and_changed_numbers_are_told_apart() -> None:
    priors = tuple(replace(one, prior=p) for one, p in zip(FORECAST.scenarios, (0.7, 0.3), strict=True))
    other = replace(VISITS, stated={"low": 3.0, "high": 2.0})
    changed = replace(FORECAST, scenarios=priors, indicators=(DEALS, other, TREATY), coverage_sd=0.5)
    before, after = seen(300, FIRST), seen(330, FIRST, SECOND, forecast=changed)
    found = {one.kind for one in moved(before, after)}
    assert found == {"event", "silence", "one-off", "elicitation", "priors", "settings"}
    check_sums(before, after)


def test_an_indicator_renamed_in_words_only_has_not_changed() -> None:
    worded = replace(FORECAST, indicators=(replace(DEALS, effect="long term"), VISITS, TREATY))
    assert moved(seen(300, FIRST), seen(300, FIRST, forecast=worded)) == ()


def test_other_scenarios_are_a_single_cause() -> None:
    three = a_forecast(
        [replace(DEALS, stated={"low": 2.0, "mid": 4.0, "high": 8.0})],
        {"low": 0.4, "mid": 0.3, "high": 0.3},
    )
    before, after = seen(300, FIRST), seen(300, FIRST, forecast=three)
    (one,) = moved(before, after)
    assert (one.kind, one.bits["mid"]) == ("scenarios", None)
    assert one.points["mid"] == pytest.approx(100 * exact.posterior(after)["mid"])


def test_an_old_definition_that_cannot_explain_what_is_known_is_left_in_one_step() -> None:
    never = replace(FORECAST, indicators=(replace(DEALS, stated={"low": 0.0, "high": 0.0}), VISITS, TREATY))
    sure = replace(FIRST, credibility=1.0)
    before, after = seen(50, forecast=never), seen(300, sure)
    assert [one.kind for one in moved(before, after)] == ["settings"]
    check_sums(before, after)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(earlier=cases(), days=...)
def test_whatever_happens_between_two_nights_the_parts_add_up(earlier: Case, days: bool) -> None:
    """The same events, of which the earlier night knew a part."""
    half = earlier.events[: len(earlier.events) // 2] if days else earlier.events[::2]
    try:
        before, after = (
            select(earlier.forecast, known, as_of=earlier.as_of, observed_until=earlier.observed_until)
            for known in (half, earlier.events)
        )
        check_sums(before, after)
    except (Impossible, Unresolved, UsageError):
        assume(False)


def test_what_is_stored_of_evidence_restores_it() -> None:
    evidence = seen(
        330, FIRST, SECOND, an_event(40, 0.3, key="third"), observed_until=OPENED + timedelta(310)
    )
    stored = json.loads(json.dumps(snapshot(evidence, Grades())))
    again = restored(stored, FORECAST, evidence.as_of)
    assert again == replace(evidence, warnings=())
    assert again.uncounted
