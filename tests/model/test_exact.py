"""The engine against the oracle, closed forms and invariances, on random and on shipped evidence."""

import json
import math
import tomllib
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import gammaln

from model.credibility import Grades, events
from model.dates import CoarseDate
from model.domain import TIMINGS, Event, Forecast, Indicator, Report, Scenario
from model.errors import Impossible, Unresolved
from model.evidence import Evidence, IndicatorEvidence, select
from model.exact import log_evidence, posterior
from tests import oracle
from tests.strategies import (
    SLOW,
    Case,
    a_forecast,
    an_event,
    an_evidence,
    cases,
    evidences,
    relabelled,
    with_indicators,
)

ACCURACY = 1e-6  # of log Z, by section 8
PROJECT = Path(__file__).parents[2]
REPORTS = PROJECT.parent / "shared" / "data" / "reports.jsonl"


def assert_agrees_with_the_oracle(evidence: Evidence) -> None:
    expected = oracle.log_evidence(evidence)
    if all(value == -math.inf for value in expected.values()):
        with pytest.raises(Impossible):
            log_evidence(evidence)
        return
    assert dict(log_evidence(evidence)) == pytest.approx(expected, abs=ACCURACY, rel=1e-12)


@settings(deadline=None, max_examples=60)
@given(evidences())
def test_the_evidence_agrees_with_the_oracle(evidence: Evidence) -> None:
    assert_agrees_with_the_oracle(evidence)


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(cases())
def test_the_evidence_of_selected_events_agrees_with_the_oracle(case: Case) -> None:
    assert_agrees_with_the_oracle(
        select(case.forecast, case.events, as_of=case.as_of, observed_until=case.observed_until)
    )


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(evidences(SLOW))
def test_the_evidence_of_large_forecasts_agrees_with_the_oracle(evidence: Evidence) -> None:
    assert_agrees_with_the_oracle(evidence)


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(cases(SLOW))
def test_the_evidence_of_events_selected_for_large_forecasts_agrees_with_the_oracle(case: Case) -> None:
    assert_agrees_with_the_oracle(
        select(case.forecast, case.events, as_of=case.as_of, observed_until=case.observed_until)
    )


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(evidences())
def test_probabilities_sum_to_one(evidence: Evidence) -> None:
    assume(any(value > -math.inf for value in oracle.log_evidence(evidence).values()))
    found = posterior(evidence)
    assert math.fsum(found.values()) == pytest.approx(1, abs=1e-12)
    stated = {scenario.id for scenario in evidence.forecast.scenarios if scenario.prior > 0}
    assert {name for name, probability in found.items() if probability > 0} <= stated
    assert all(0 <= probability <= 1 for probability in found.values())


def an_indicator(stated: Mapping[str, float], name: str = "k", **changes: Any) -> Indicator:
    return Indicator(id=name, tags=("deal",), stated=stated, **changes)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 500), st.floats(-3, 3), st.floats(1e-3, 2), st.floats(0, 1))
def test_events_beyond_doubt_have_the_closed_form(
    n: int, power: float, spread: float, exposure: float
) -> None:
    rate, a = 10**power, spread**-2
    kind = an_indicator({"s": rate, "r": 1}, spread=spread)
    evidence = an_evidence(
        a_forecast([kind], {"s": 0.5, "r": 0.5}),
        [([an_event(c=1.0, key=str(i)) for i in range(n)], exposure)],
    )
    closed = gammaln(a + n) - gammaln(a) + a * math.log(a) + n * math.log(rate)
    closed -= (a + n) * math.log(a + rate * exposure)
    rounding = 1e-14 * a * math.log(a + 2)  # of the closed form itself, whose terms of size a cancel
    assert log_evidence(evidence)["s"] == pytest.approx(closed, abs=ACCURACY + rounding)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("indicators", "events", "sigma", "spread", "exposure"),
    [
        (10, 100, 1.0, 0.5, 1.0),  # much news, little known about its coverage
        (25, 100, 0.25, 0.5, 1.0),
        (1, 79, 1.0, 0.0, 0.0),  # all of it on the first day
        (1, 500, 0.5, 2.0, 1e-4),
        (3, 0, 1.0, 1e-4, 1.0),
    ],
)
def test_extreme_evidence_agrees_with_the_oracle(
    indicators: int, events: int, sigma: float, spread: float, exposure: float
) -> None:
    kinds = [an_indicator({"s": 8, "r": 4.2}, name=f"k{i}", spread=spread) for i in range(indicators)]
    found = [an_event(0, (0.9, 0.3, 0.6)[i % 3], key=str(i)) for i in range(events)]
    forecast = a_forecast(kinds, {"s": 0.5, "r": 0.5}, coverage_sd=sigma)
    assert_agrees_with_the_oracle(an_evidence(forecast, [(found, exposure)] * indicators))


def assert_same(found: Mapping[str, float], expected: Mapping[str, float]) -> None:
    """Each of the two is allowed its own error."""
    assert dict(found) == pytest.approx(dict(expected), abs=2 * ACCURACY, rel=1e-12)


def possible(evidence: Evidence) -> dict[str, float]:
    """Evidence by the engine; a random example that rules out every scenario is passed over."""
    try:
        return dict(log_evidence(evidence))
    except Impossible:
        assume(False)
        raise


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(evidences(), st.randoms(use_true_random=False))
def test_the_order_of_events_does_not_matter(evidence: Evidence, chance: Random) -> None:
    """Given the counted ones, that is: of several certain candidates for a one-off the first must stand."""
    certain = [sum(event.credibility == 1 for event in seen.counted) for seen in evidence.indicators]
    shuffled = [
        seen if sure > 1 else replace(seen, counted=tuple(chance.sample(seen.counted, len(seen.counted))))
        for seen, sure in zip(evidence.indicators, certain, strict=True)
    ]
    turned = replace(evidence, indicators=tuple(shuffled))
    assert_same(possible(turned), possible(evidence))


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(evidences(), st.randoms(use_true_random=False))
def test_names_and_order_of_scenarios_do_not_matter(evidence: Evidence, chance: Random) -> None:
    ids = evidence.forecast.scenario_ids
    names = dict(zip(ids, chance.sample([f"other{i}" for i in ids], len(ids)), strict=True))
    turned = relabelled(evidence, names, chance.sample(range(len(ids)), len(ids)))
    expected = {names[name]: value for name, value in possible(evidence).items()}
    assert_same(possible(turned), expected)


def split(whole: IndicatorEvidence, share: float, mine: Sequence[Event]) -> list[IndicatorEvidence]:
    """Two indicators with their shares of the volume; the first takes `mine` of the events."""
    parts = {"first": (share, tuple(mine)), "second": (1 - share, tuple(others(whole.counted, mine)))}
    return [
        replace(
            whole,
            indicator=replace(
                whole.indicator,
                id=name,
                stated={scenario: part * x for scenario, x in whole.indicator.stated.items()},
            ),
            counted=counted,
        )
        for name, (part, counted) in parts.items()
    ]


def others(events: Sequence[Event], mine: Sequence[Event]) -> list[Event]:
    return [event for event in events if event not in mine]


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(evidences(), st.floats(0.05, 0.95), st.randoms(use_true_random=False))
def test_an_indicator_without_spread_may_be_split_in_two(
    evidence: Evidence, share: float, chance: Random
) -> None:
    """Two kinds of event that take shares p and 1 − p of E under every scenario say what both said together.

    With E' = pE also Ē' = pĒ, so an event that falls to the first half has p times its factor, one
    that falls to the second 1 − p times, and the silences multiply to the whole one: log Z gains
    n' log p + n'' log(1 − p) under every scenario. (Not so with spread, where each half would have an
    error of its own; nor if the shares differed by scenario, since then the kind of event tells them apart.)
    """
    first, rest = evidence.indicators[0], evidence.indicators[1:]
    assume(first.indicator.recurs)
    whole = replace(first, indicator=replace(first.indicator, spread=0.0))
    mine = [event for event in whole.counted if chance.random() < share]
    halves = split(whole, share, mine)
    lost = len(mine) * math.log(share) + (len(whole.counted) - len(mine)) * math.log(1 - share)
    if oracle.prior_mean(evidence.forecast, whole.indicator) == 0:
        lost = 0.0  # where nobody expects anything, noise has no rate and no share to lose
    together = possible(with_indicators(evidence, [whole, *rest]))
    expected = {name: value + lost for name, value in together.items()}
    assert_same(possible(with_indicators(evidence, [*halves, *rest])), expected)


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(evidences(), st.floats(-3, 3), st.booleans())
def test_without_shared_error_an_indicator_of_equal_numbers_leaves_the_posterior_unchanged(
    evidence: Evidence, power: float, recurs: bool
) -> None:
    evidence = replace(evidence, forecast=replace(evidence.forecast, coverage_sd=0.0))
    possible(evidence)
    number = 10**power if recurs else 0.5 + power / 7
    equal = replace(
        evidence.indicators[0].indicator,
        id="equal",
        recurs=recurs,
        stated=dict.fromkeys(evidence.forecast.scenario_ids, number),
    )
    more = with_indicators(evidence, [*evidence.indicators, replace(evidence.indicators[0], indicator=equal)])
    assert posterior(more) == pytest.approx(posterior(evidence), abs=1e-9)


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(evidences())
def test_an_event_that_is_surely_not_real_leaves_the_posterior_unchanged(evidence: Evidence) -> None:
    possible(evidence)
    rumour = an_event(0, 0.0, key="rumour")
    found = [replace(seen, counted=(rumour, *seen.counted)) for seen in evidence.indicators]
    assert posterior(with_indicators(evidence, found)) == pytest.approx(posterior(evidence), abs=1e-6)


def test_the_indicator_that_rules_out_every_scenario_is_named() -> None:
    kind = an_indicator({"s": 0, "r": 0}, name="no-such-thing")
    evidence = an_evidence(a_forecast([kind], {"s": 0.5, "r": 0.5}), [([an_event(c=1.0)], 1.0)])
    with pytest.raises(Impossible, match="no-such-thing"):
        log_evidence(evidence)


def test_what_no_float_can_hold_is_refused_and_never_a_wrong_number() -> None:
    """With 1,500 events and no exposure the coverage that explains them is e^1500."""
    indicator = Indicator(id="k", tags=("deal",), stated={"s": 1.0, "r": 2.0}, spread=0.0)
    forecast = a_forecast([indicator], {"s": 0.5, "r": 0.5}, coverage_sd=1.0)
    events = [an_event(1, 0.5, key=f"e{place}") for place in range(1500)]
    with pytest.raises(Unresolved, match="rates or coverage_sd extreme"):
        log_evidence(an_evidence(forecast, [(events, 0.0)]))


def test_a_scenario_without_a_prior_is_left_out() -> None:
    kind = an_indicator({"s": 1, "r": 2, "zero": 900})
    forecast = a_forecast([kind], {"s": 0.5, "r": 0.5, "zero": 0.0})
    evidence = an_evidence(forecast, [([an_event(c=0.5)], 1.0)])
    assert set(log_evidence(evidence)) == {"s", "r"}
    assert_agrees_with_the_oracle(evidence)


def test_a_candidate_that_is_surely_not_real_does_not_break_the_silence() -> None:
    kind = an_indicator({"s": 1, "r": 0.5}, recurs=False)
    evidence = an_evidence(a_forecast([kind], {"s": 0.5, "r": 0.5}), [([an_event(9, 0.0)], 1.0)])
    assert log_evidence(evidence) == {"s": -math.inf, "r": pytest.approx(math.log(0.5), abs=1e-12)}


def test_a_one_off_that_everyone_was_sure_of_may_come_at_the_last_moment() -> None:
    kind = an_indicator({"s": 1, "r": 0.5}, recurs=False)
    found = [an_event(730, 1.0, key="a"), an_event(730, 0.5, key="b")]
    assert_agrees_with_the_oracle(an_evidence(a_forecast([kind], {"s": 0.9, "r": 0.1}), [(found, 1.0)]))


def shipped_forecast() -> Forecast:
    """The forecast of the shipped configuration, read without the service."""
    with (PROJECT / "config.toml").open("rb") as file:
        (stated,) = tomllib.load(file)["forecasts"]
    scenarios, indicators = stated.pop("scenarios"), stated.pop("indicators")
    return Forecast(
        **stated,
        scenarios=tuple(Scenario(**each) for each in scenarios),
        indicators=tuple(shipped_indicator(each) for each in indicators),
    )


def shipped_indicator(entry: dict[str, Any]) -> Indicator:
    tag = entry.pop("tag")
    numbers = entry.pop("expected", None) or entry.pop("probability")
    return Indicator(
        tags=(tag,) if isinstance(tag, str) else tuple(tag),
        countries=tuple(entry.pop("countries", ())),
        stated=numbers,
        timing=TIMINGS[entry.pop("timing", "even")],
        **entry,
    )


@lru_cache(maxsize=1)
def shipped_reports() -> dict[str, list[Report]]:
    """The shared reports by event, each report an event of its own unless an analyst said otherwise."""
    by_event: dict[str, list[Report]] = {}
    for line in REPORTS.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        for left_out in ("stance", "date_basis"):
            entry.pop(left_out)
        published, occurred = (CoarseDate.parse(entry.pop(name)) for name in ("published_on", "occurred_on"))
        also = tuple(entry.pop("also", ()))
        report = Report(**entry, published=published, occurred=occurred, also=also)
        by_event.setdefault(report.event or report.id, []).append(report)
    return by_event


def shipped_events(as_of: date) -> tuple[Event, ...]:
    return events(shipped_reports(), as_of=as_of, grades=Grades())


def month_ends() -> Iterator[date]:
    """The last day of every month of the shipped forecast's window, and a little beyond its horizon."""
    for month in range(2025 * 12 + 3, 2027 * 12 + 6):
        year, place = divmod(month, 12)
        yield date(year, place + 1, monthrange(year, place + 1)[1])


@pytest.mark.slow
@pytest.mark.skipif(not REPORTS.exists(), reason="the shared reports are not here")
@pytest.mark.parametrize("as_of", list(month_ends()), ids=str)
@pytest.mark.parametrize(
    "until", [None, date(2027, 4, 24)], ids=["observed as stated", "observed throughout"]
)
def test_the_shipped_forecast_agrees_with_the_oracle(as_of: date, until: date | None) -> None:
    evidence = select(shipped_forecast(), shipped_events(as_of), as_of=as_of, observed_until=until)
    assert_agrees_with_the_oracle(evidence)
    assert posterior(evidence) == pytest.approx(oracle.posterior(evidence), abs=1e-7)


@pytest.mark.skipif(not REPORTS.exists(), reason="the shared reports are not here")
def test_the_shipped_reports_are_evidence_for_the_shipped_forecast() -> None:
    as_of = date(2026, 2, 16)
    evidence = select(shipped_forecast(), shipped_events(as_of), as_of=as_of)
    assert 10 <= len(evidence.events) <= 46
