"""Parts that add up to the whole: reasons and movements, against brute force and by their own laws."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from scipy.special import gammaln, logsumexp

from model import exact
from model.attribution import Cause, between, reasons
from model.domain import Event, Indicator
from model.errors import Impossible, Unresolved
from model.evidence import Evidence, IndicatorEvidence
from model.quadrature import Array
from tests.strategies import a_forecast, an_event, an_evidence, evidences

type Item = tuple[str, str | None]

PRIORS = {"low": 0.5, "mid": 0.3, "high": 0.2}
MANY = Indicator(id="many", tags=("deal",), stated={"low": 1.0, "mid": 3.0, "high": 6.0}, spread=0.7)
FEW = Indicator(id="few", tags=("visit",), stated={"low": 2.0, "mid": 1.0, "high": 0.3}, spread=0.0)
ONCE = Indicator(
    id="once", tags=("treaty",), stated={"low": 0.1, "mid": 0.4, "high": 0.9}, recurs=False, timing=2.0
)


def some(*credibilities: float, prefix: str = "e") -> list[Event]:
    return [an_event(10 * place, c, key=f"{prefix}{place}") for place, c in enumerate(credibilities)]


def a_case(coverage_sd: float = 0.4) -> Evidence:
    forecast = a_forecast([MANY, FEW, ONCE], PRIORS, coverage_sd=coverage_sd)
    return an_evidence(forecast, [(some(0.9, 0.6, 0.9), 0.7), (some(0.8, prefix="f"), 0.9), ([], 0.36)])


def of(causes: Sequence[Cause], *, kind: str, indicator: str, event: str | None = None) -> Cause:
    (found,) = [one for one in causes if (one.kind, one.indicator, one.event) == (kind, indicator, event)]
    return found


def totals(causes: Sequence[Cause], scenarios: Sequence[str]) -> tuple[list[float], list[float]]:
    bits = [math.fsum(one.bits[name] or 0.0 for one in causes) for name in scenarios]
    return bits, [math.fsum(one.points[name] for one in causes) for name in scenarios]


def by_brute_force(evidence: Evidence, steps: int = 400) -> dict[Item, list[float]]:
    """Aumann and Shapley's integral on plain grids of t, h and g, for `MANY` and `FEW` alone."""
    t = (np.arange(steps) + 0.5) / steps
    sd = evidence.forecast.coverage_sd
    x = np.linspace(-7, 7, 81)
    h, log_p_h = np.exp(sd * x - sd**2 / 2), -(x**2) / 2
    found: dict[Item, Array] = {}
    joint, moments = [], []
    for name, prior in PRIORS.items():
        log_z_h = np.zeros((steps, x.size))
        each: dict[Item, Array] = {}
        for seen in evidence.indicators[:2]:
            log_z, expectations = _volume(seen, name, t, h)
            log_z_h += log_z
            each |= expectations
        log_weights = log_p_h + log_z_h
        weights = np.exp(log_weights - logsumexp(log_weights, axis=1, keepdims=True))
        joint.append(math.log(prior) + logsumexp(log_weights, axis=1))
        moments.append({item: np.sum(weights * values, axis=1) for item, values in each.items()})
    p = np.exp(np.array(joint) - logsumexp(np.array(joint), axis=0))
    for item in moments[0]:
        d = np.array([one[item] for one in moments])
        found[item] = np.mean(d - np.sum(p * d, axis=0), axis=1) / math.log(2)
    return {item: values.tolist() for item, values in found.items()}


def _volume(seen: IndicatorEvidence, name: str, t: Array, h: Array) -> tuple[Array, dict[Item, Array]]:
    """log Z(t, h) of one indicator, and the tempered means of its items' log-likelihoods."""
    spread = seen.indicator.spread
    mean = math.fsum(prior * seen.indicator.stated[one] for one, prior in PRIORS.items())
    log_g = np.linspace(-25, 4, 700) if spread else np.zeros(1)
    a = spread**-2 if spread else 0.0
    log_p = a * math.log(a) - gammaln(a) + a * log_g - a * np.exp(log_g) if spread else np.zeros(1)
    rate = seen.indicator.stated[name] * np.exp(log_g) * h[:, None]
    items: dict[Item, Array] = {(seen.indicator.id, None): -rate * seen.exposure}
    for event in seen.counted:
        c = event.credibility
        items[seen.indicator.id, event.key] = np.log(c * rate + (1 - c) * mean)
    total = np.sum(list(items.values()), axis=0)
    log_joint = log_p + t[:, None, None] * total
    width = math.log(log_g[1] - log_g[0]) if spread else 0.0
    log_z = logsumexp(log_joint, axis=2)
    weights = np.exp(log_joint - log_z[..., None])
    return log_z + width, {item: np.sum(weights * values, axis=2) for item, values in items.items()}


@pytest.mark.slow
def test_reasons_are_those_of_aumann_and_shapley_computed_by_brute_force() -> None:
    forecast = a_forecast([MANY, FEW], PRIORS, coverage_sd=0.4)
    case = an_evidence(forecast, [(some(0.9, 0.6, 0.9), 0.7), (some(0.8, prefix="f"), 0.9)])
    expected = by_brute_force(case)
    found = {(one.indicator, one.event): one.bits for one in reasons(case)}
    assert set(found) == set(expected)
    for item, bits in expected.items():
        assert list(found[item].values()) == pytest.approx(bits, abs=2e-5)


def test_parts_add_up_to_the_whole() -> None:
    case = a_case()
    bits, points = totals(reasons(case), list(PRIORS))
    now = exact.posterior(case)
    assert bits == pytest.approx([math.log2(now[one] / PRIORS[one]) for one in PRIORS], abs=1e-9)
    assert points == pytest.approx([100 * (now[one] - PRIORS[one]) for one in PRIORS], abs=1e-9)


def test_equal_events_share_equally() -> None:
    found = reasons(a_case())
    twins = [of(found, kind="event", indicator="many", event=key).bits for key in ("e0", "e2")]
    assert list(twins[0].values()) == pytest.approx(list(twins[1].values()), abs=1e-12)


def test_the_largest_comes_first() -> None:
    sizes = [one.size for one in reasons(a_case())]
    assert sizes == sorted(sizes, reverse=True)


def test_silence_has_its_own_line() -> None:
    found = reasons(a_case())
    silences = {one.indicator for one in found if one.kind == "silence"}
    assert silences == {"many", "few"}
    points = of(found, kind="silence", indicator="many").points
    assert points["low"] > 0 > points["high"]


def test_a_one_off_by_itself_weighs_its_likelihood_ratio() -> None:
    case = an_evidence(a_forecast([ONCE], PRIORS), [([], 0.36)])
    (one,) = reasons(case)
    left = {name: PRIORS[name] * (1 - 0.36 * ONCE.stated[name]) for name in PRIORS}
    expected = [math.log2(left[name] / sum(left.values()) / PRIORS[name]) for name in PRIORS]
    assert one.kind == "one-off"
    assert list(one.bits.values()) == pytest.approx(expected, abs=1e-9)


def test_an_indicator_that_expects_the_same_of_all_says_nothing_by_itself() -> None:
    same = Indicator(id="same", tags=("deal",), stated=dict.fromkeys(PRIORS, 2.0), spread=0.5)
    case = an_evidence(a_forecast([same], PRIORS), [(some(0.9), 0.5)])
    assert all(one.size < 1e-9 for one in reasons(case))


def test_what_rules_a_scenario_out_gives_the_others_its_share() -> None:
    never = replace(MANY, stated={**MANY.stated, "high": 0.0}, spread=0.0)
    forecast = a_forecast([never, FEW], PRIORS)
    case = an_evidence(forecast, [(some(1.0), 0.3), (some(0.8, prefix="f"), 0.9)])
    found = reasons(case)
    out = found[0]
    assert (out.kind, out.scenario, out.indicator) == ("impossible", "high", "many")
    assert "event e0 is certain" in out.because
    assert out.bits == {
        "low": pytest.approx(-math.log2(0.8)),
        "mid": pytest.approx(-math.log2(0.8)),
        "high": None,
    }
    now = exact.posterior(case)
    bits, _ = totals(found, ["low", "mid"])
    assert bits == pytest.approx([math.log2(now[one] / PRIORS[one]) for one in ("low", "mid")], abs=1e-9)
    assert math.fsum(one.points["high"] for one in found) == pytest.approx(-20)


def test_nothing_moves_between_a_state_of_knowledge_and_itself() -> None:
    assert between(a_case(), a_case()) == ()


def test_the_way_back_is_the_way_there() -> None:
    here, there = a_case(), changed(a_case(), {0: (some(0.9, 0.3), 0.9)})
    names = {"event": "removed", "removed": "event"}
    back = {(names.get(one.kind, one.kind), one.indicator, one.event): one for one in between(there, here)}
    for one in between(here, there):
        mirrored = back[one.kind, one.indicator, one.event]
        for name in PRIORS:
            assert one.bits[name] == pytest.approx(-(mirrored.bits[name] or 0.0), abs=1e-6)


def changed(evidence: Evidence, seen: Mapping[int, tuple[list[Event], float]]) -> Evidence:
    pairs = [
        replace(one, counted=tuple(seen[place][0]), exposure=seen[place][1]) if place in seen else one
        for place, one in enumerate(evidence.indicators)
    ]
    return replace(evidence, indicators=tuple(pairs))


def test_new_removed_and_regraded_events_are_told_apart() -> None:
    before = a_case()
    kept, doubted, _ = before.indicators[0].counted
    new = an_event(50, 0.7, key="new")
    after = changed(before, {0: ([kept, replace(doubted, credibility=0.3), new], 0.7)})
    kinds = {one.event: one.kind for one in between(before, after)}
    assert kinds == {"e1": "regraded", "e2": "removed", "new": "event"}


def test_a_scenario_that_becomes_possible_again_takes_its_share_back() -> None:
    never = replace(MANY, stated={**MANY.stated, "high": 0.0}, spread=0.0)
    forecast = a_forecast([never], PRIORS)
    sure, unsure = (an_evidence(forecast, [(some(c), 0.3)]) for c in (1.0, 0.9))
    found = between(sure, unsure)
    assert (found[0].kind, found[0].scenario) == ("possible", "high")
    end, start = exact.posterior(unsure), exact.posterior(sure)
    _, points = totals(found, list(PRIORS))
    assert points == pytest.approx([100 * (end[one] - start[one]) for one in PRIORS], abs=1e-9)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(evidence=evidences())
def test_whatever_the_evidence_its_parts_miss_the_whole_by_less_than_a_millionth(evidence: Evidence) -> None:
    try:
        found = reasons(evidence)  # which refuses to complete parts that miss more
    except (Impossible, Unresolved):
        assume(False)
    now, prior = exact.posterior(evidence), {one.id: one.prior for one in evidence.forecast.scenarios}
    left = [name for name in now if now[name] > 0]
    bits, points = totals(found, left)
    assert bits == pytest.approx([math.log2(now[one] / prior[one]) for one in left], abs=1e-6)
    assert points == pytest.approx([100 * (now[one] - prior[one]) for one in left], abs=1e-6)
