"""The forty varied forecasts are what they claim to be, and PyMC agrees with the exact engine on some."""

import math
from collections import Counter
from dataclasses import replace
from functools import lru_cache

import pytest

from benchmarks import accuracy, strata, varied
from benchmarks.strata import Case, Stratum, events_of
from model.evidence import Evidence

SAMPLED = ("one indicator 3", "ordinary 3", "untypical 4", "nothing recurs 1")  # cheap, and unlike
FORTY = 40
SLOW_FOR_THE_ORACLE = 200  # events; its exact integers grow with them


@lru_cache(maxsize=1)
def forty() -> tuple[Case, ...]:
    return tuple(strata.cases())


def named(name: str) -> Case:
    return next(case for case in forty() if case.name == name)


def of(stratum: Stratum) -> list[Evidence]:
    return [case.evidence for case in forty() if case.name.rpartition(" ")[0] == stratum.name]


@pytest.mark.slow
def test_there_are_forty_of_different_names() -> None:
    assert len({case.name for case in forty()}) == len(forty()) == FORTY


@pytest.mark.slow
def test_the_set_is_the_same_whenever_it_is_made() -> None:
    assert tuple(strata.cases()) == forty()


@pytest.mark.slow
@pytest.mark.parametrize("stratum", strata.STRATA, ids=lambda stratum: stratum.name)
def test_a_stratum_holds_what_it_says(stratum: Stratum) -> None:
    found = of(stratum)
    assert len(found) == stratum.size
    for evidence in found:
        fewest, most = stratum.scenarios
        assert fewest <= len(evidence.forecast.scenarios) <= most
        fewest, most = stratum.indicators
        assert fewest <= len(evidence.indicators) <= most
        fewest, most = stratum.events
        assert fewest <= events_of(evidence) <= most


@pytest.mark.slow
def test_most_of_the_set_leave_two_scenarios_plausible() -> None:
    assert sum(strata.plausible(case.evidence) >= 2 for case in forty()) > FORTY / 2


def test_the_set_varies_over_the_whole_of_what_can_be_asked() -> None:
    seen = [case.evidence for case in forty()]
    recurring = [one.indicator for each in seen for one in each.indicators if one.indicator.recurs]
    rates = [number for one in recurring for number in one.stated.values()]
    assert max(rates) / min(rates) == pytest.approx(1e6)
    assert {len(each.forecast.scenarios) for each in seen} == {2, 3, 4, 5, 6}
    assert {min(map(events_of, seen)), max(map(events_of, seen))} == {0, 500}
    assert {1, 25} <= {len(each.indicators) for each in seen}
    assert {0.0, 2.0} <= {one.spread for one in recurring}
    assert {0.0, 1.0} <= {each.forecast.coverage_sd for each in seen}
    assert len({one.timing for one in recurring}) == 3
    assert any(each.as_of > each.forecast.horizon for each in seen)
    assert any(each.u_now < 0.15 for each in seen)


def test_credibilities_reach_from_false_to_certain() -> None:
    counted = [event for case in forty() for one in case.evidence.indicators for event in one.counted]
    kinds = Counter(event.credibility if event.credibility in {0, 1} else 0.5 for event in counted)
    assert set(kinds) == {0, 0.5, 1}
    doubtful = [event.credibility for event in counted if 0 < event.credibility < 1]
    assert min(doubtful) < 0.05
    assert max(doubtful) > 0.95


def test_bursts_fold_events_somewhere() -> None:
    assert any(one.folded for case in forty() for one in case.evidence.indicators)


@pytest.mark.slow
def test_exact_engine_and_oracle_agree_on_the_set() -> None:
    quick = [case for case in forty() if events_of(case.evidence) < SLOW_FOR_THE_ORACLE]
    assert len(quick) > FORTY / 2
    assert max(varied.gap_to_oracle(case.evidence) for case in quick) <= accuracy.NATS


def test_the_verdict_counts_what_was_published() -> None:
    good = varied.Found(
        case=forty()[0],
        nats=0.0,
        apart=0.001,
        monte_carlo_error=0.001,
        gate="published",
        attempts=1,
        seconds=1.0,
    )
    held = replace(good, apart=0.2, gate="held, rhat 1.02")
    assert len(good.row()) == len(varied.HEADERS)
    assert varied.verdict([good, held]).startswith(
        "1 of 2 published, worst difference among these 0.00100 (within"
    )
    assert "nan (MISSES 0.01)" in varied.verdict([held])
    assert "MISSES" in varied.verdict([replace(good, nats=math.inf)])


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLED)
def test_pymc_agrees_with_the_exact_engine(name: str) -> None:
    found = varied.compare(named(name))
    assert found.gate == "published"
    assert found.apart <= accuracy.PROBABILITY
