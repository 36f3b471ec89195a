"""What became of an expectation, and what it scores, against closed forms."""

import math
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.domain import Event, Indicator
from model.errors import InvalidValue
from model.evidence import Evidence, select
from model.resolution import SETTLING, Outcome, expected_score, outcome
from tests.strategies import OPENED, a_forecast, an_event

PRIORS = {"low": 0.7, "high": 0.3}
DEALS = Indicator(id="deals", tags=("deal",), stated={"low": 2.0, "high": 8.0}, burst_days=0)
VISITS = Indicator(id="visits", tags=("visit",), stated={"low": 0.2, "high": 0.8}, recurs=False)
BURSTS = Indicator(id="bursts", tags=("deal",), stated={"low": 2.0, "high": 8.0}, burst_days=14)
AFTER, UNTIL = OPENED + timedelta(100), OPENED + timedelta(130)
shares = st.floats(0, 1)


def seen(*events: Event, observed_until: date | None = None) -> Evidence:
    """What was known when UNTIL had settled."""
    forecast = a_forecast([DEALS, VISITS, BURSTS], PRIORS)
    return select(forecast, events, as_of=UNTIL + SETTLING, observed_until=observed_until)


def what_came(evidence: Evidence, indicator: str = "deals") -> Outcome:
    found = outcome(evidence, indicator, after=AFTER, until=UNTIL)
    assert found is not None
    return found


def test_silence_is_an_outcome_of_nothing() -> None:
    assert what_came(seen()) == Outcome(happened=0, events=0)


def test_each_event_stands_for_its_credibility() -> None:
    found = what_came(seen(an_event(110, 0.5, key="a"), an_event(120, 0.2, key="b")))
    assert found.happened == pytest.approx(1 - 0.5 * 0.8, abs=1e-15)
    assert found.events == 2


def test_one_event_beyond_doubt_decides_it() -> None:
    assert what_came(seen(an_event(110, 1), an_event(111, 0.3, key="b"))).happened == 1


@pytest.mark.parametrize(("day", "counts"), [(100, 0), (101, 1), (130, 1), (131, 0)])
def test_it_counts_from_the_day_after_the_cutoff_to_its_last_day(day: int, counts: int) -> None:
    assert what_came(seen(an_event(day, 0.7))).events == counts


def test_an_event_that_is_part_of_an_earlier_occasion_is_none_of_its_own() -> None:
    evidence = seen(an_event(95, 0.9, key="a"), an_event(105, 0.9, key="b"), an_event(112, 0.6, key="c"))
    assert what_came(evidence, "bursts") == Outcome(happened=0.6, events=1)
    assert what_came(evidence).events == 2


def test_only_events_of_its_own_indicator_count() -> None:
    evidence = seen(an_event(110, 0.7, tag="visit"))
    assert what_came(evidence).events == 0
    assert what_came(evidence, "visits").happened == pytest.approx(0.7, abs=1e-15)


def test_what_was_reported_when_it_had_settled_does_not_count() -> None:
    assert what_came(seen(an_event(110, 0.7, published=160))).events == 1
    assert what_came(seen(an_event(110, 0.7, published=161))).events == 0


@pytest.mark.parametrize("events", [[], [an_event(110, 0.9)]])
def test_it_stays_open_while_nobody_has_observed_its_last_day(events: list[Event]) -> None:
    evidence = seen(*events, observed_until=UNTIL - timedelta(1))
    assert outcome(evidence, "deals", after=AFTER, until=UNTIL) is None


def test_it_resolves_once_its_last_day_has_been_observed() -> None:
    assert what_came(seen(an_event(110, 0.9), observed_until=UNTIL)).events == 1


def test_a_hard_outcome_scores_as_ever() -> None:
    assert expected_score(1, 0.8).brier == pytest.approx(0.04, abs=1e-15)
    assert expected_score(0, 0.8).brier == pytest.approx(0.64, abs=1e-15)
    assert expected_score(1, 0.8).log == pytest.approx(-math.log(0.8), abs=1e-15)
    assert expected_score(0, 0.8).log == pytest.approx(-math.log(0.2), abs=1e-15)


@given(y=shares, p=shares)
def test_the_expected_brier_score_is_the_distance_from_the_outcome_and_its_own_spread(
    y: float, p: float
) -> None:
    """``y (1 − p)² + (1 − y) p² = (p − y)² + y (1 − y)``."""
    assert expected_score(y, p).brier == pytest.approx((p - y) ** 2 + y * (1 - y), abs=1e-15)


@given(y=shares, p=st.floats(1e-6, 1 - 1e-6))
def test_the_expected_log_score_is_the_entropy_and_the_divergence(y: float, p: float) -> None:
    def part(weight: float, other: float) -> float:
        return weight * math.log(weight / other) if weight else 0.0

    entropy = -part(y, 1) - part(1 - y, 1)
    divergence = part(y, p) + part(1 - y, 1 - p)
    assert expected_score(y, p).log == pytest.approx(entropy + divergence, abs=1e-9)


@given(y=shares, p=shares)
def test_no_probability_scores_better_than_the_outcome_itself(y: float, p: float) -> None:
    best, other = expected_score(y, y), expected_score(y, p)
    assert best.brier <= other.brier + 1e-15
    assert best.log <= other.log + 1e-12


def test_what_was_called_impossible_and_may_have_happened_scores_without_bound() -> None:
    assert expected_score(0.02, 0).log == math.inf
    assert expected_score(0.98, 1).log == math.inf
    assert expected_score(0, 0).log == 0
    assert expected_score(1, 1).log == 0


@pytest.mark.parametrize(("y", "p"), [(-0.1, 0.5), (1.1, 0.5), (0.5, 1.1), (0.5, math.nan)])
def test_numbers_that_are_no_probabilities_are_refused(y: float, p: float) -> None:
    with pytest.raises(InvalidValue, match=r"must lie in \[0, 1\]"):
        expected_score(y, p)
