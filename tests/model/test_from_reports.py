"""From what sources said to the log evidence, twice: denials, coarse dates, bursts and copies included."""

import math
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.credibility import Grades, events
from model.domain import Forecast, Report
from model.errors import Impossible
from model.evidence import Evidence, IndicatorEvidence, select
from model.exact import log_evidence
from tests import oracle, oracle_counting
from tests.strategies import OPENED, SLOW, forecasts, stories


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(forecasts(), stories(), st.integers(0, 400))
def test_reports_lead_to_the_evidence_that_a_second_reading_leads_to(
    forecast: Forecast, found: dict[str, list[Report]], day: int
) -> None:
    check(forecast, found, day)


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(forecasts(SLOW), stories(), st.integers(0, 1200))
def test_they_do_so_for_large_forecasts_too(
    forecast: Forecast, found: dict[str, list[Report]], day: int
) -> None:
    check(forecast, found, day)


def check(forecast: Forecast, found: dict[str, list[Report]], day: int) -> None:
    as_of = OPENED + timedelta(day)
    evidence = select(forecast, events(found, as_of=as_of, grades=Grades()), as_of=as_of)
    expected = oracle.log_evidence(second_reading(evidence, found))
    if all(value == -math.inf for value in expected.values()):
        with pytest.raises(Impossible):
            log_evidence(evidence)
        return
    assert log_evidence(evidence) == pytest.approx(expected, abs=1e-6, rel=1e-12)


def second_reading(evidence: Evidence, found: dict[str, list[Report]]) -> Evidence:
    """The same question, its events made and counted by the oracle."""
    forecast, as_of = evidence.forecast, evidence.as_of
    counted = oracle_counting.select(forecast, oracle_counting.events(found, as_of=as_of), as_of=as_of)
    indicators = tuple(
        IndicatorEvidence(
            indicator=one,
            counted=counted[one.id].counted,
            folded=counted[one.id].folded,
            exposure=counted[one.id].exposure,
        )
        for one in forecast.indicators
    )
    return Evidence(
        forecast=forecast,
        as_of=as_of,
        observed_until=oracle_counting.observed_until(forecast, as_of),
        indicators=indicators,
    )
