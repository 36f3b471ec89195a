"""Evidence in an analyst's words: places, kinds of events, durations, bits, and every kind of cause."""

from dataclasses import replace
from datetime import date
from typing import Any, get_args

import pytest

from model import attribution, items
from model.attribution import Cause, Kind
from model.domain import Event, Forecast, Indicator, Scenario
from model.evidence import Evidence, select
from service.wording import Wording, country, duration, kind_of_event, strongest, tag_in_words, title

DEALS = Indicator(id="deals", tags=("contract_signed",), countries=("PE",), stated={"a": 1, "b": 3})
TREATY = Indicator(id="treaty", tags=("treaty",), recurs=False, stated={"a": 0.2, "b": 0.7})
FORECAST = Forecast(
    id="f",
    opened=date(2025, 1, 1),
    horizon=date(2025, 12, 31),
    scenarios=(Scenario(id="a", prior=0.4, title="Base"), Scenario(id="b", prior=0.6)),
    indicators=(DEALS, TREATY),
)
KINDS = (*get_args(items.Kind.__value__), *get_args(get_args(attribution.Kind.__value__)[1]))


def event(key: str, day: date, **changes: Any) -> Event:
    plain = Event(
        key=key,
        tag="contract_signed",
        countries=("PE",),
        occurred=day,
        begins=day,
        first_published=day,
        credibility=0.8,
        reports=(),
        headline=f"{key} happens",
    )
    return replace(plain, **changes)


def seen(*events: Event, until: date = date(2025, 11, 1)) -> Evidence:
    return select(FORECAST, events, as_of=until)


def cause(kind: Kind, indicator: str | None = None, **more: str) -> Cause:
    return Cause(kind=kind, bits={}, points={}, indicator=indicator, **more)


def said(one: Cause, after: Evidence, before: Evidence | None = None) -> str:
    return Wording(before=before, after=after).sentence(one)


@pytest.mark.parametrize(
    ("code", "name"),
    [("PE", "Peru"), ("BO", "Bolivia"), ("US", "United States"), ("*", "the region"), ("QX", "QX")],
)
def test_a_country_has_its_english_name_or_else_its_code(code: str, name: str) -> None:
    assert country(code) == name


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("contract_signed", "contract signed"),
        ("us_pushback", "US pushback"),
        ("un_vote", "UN vote"),
        ("house", "house"),
    ],
)
def test_a_tag_is_written_as_words_and_initials_in_capitals(tag: str, words: str) -> None:
    assert tag_in_words(tag) == words


@pytest.mark.parametrize(
    ("tags", "countries", "words"),
    [
        (("treaty",), (), "treaty"),
        (("treaty",), ("PE",), "treaty in Peru"),
        (("treaty", "uav_sale"), ("BO", "PE"), "treaty or UAV sale in Bolivia or Peru"),
        (("a", "b", "c"), ("BO", "PE", "VE"), "a, b or c in Bolivia, Peru or Venezuela"),
    ],
)
def test_an_indicator_says_what_it_counts_and_where(
    tags: tuple[str, ...], countries: tuple[str, ...], words: str
) -> None:
    assert kind_of_event(replace(DEALS, tags=tags, countries=countries)) == words


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (date(2025, 1, 1), "0 days"),
        (date(2025, 1, 2), "1 day"),
        (date(2025, 3, 2), "60 days"),
        (date(2025, 3, 3), "2 months"),
        (date(2025, 11, 1), "10 months"),
        (date(2026, 12, 1), "23 months"),
        (date(2027, 1, 1), "2.0 years"),
        (date(2028, 7, 1), "3.5 years"),
    ],
)
def test_a_duration_is_told_in_what_reads_best(last: date, words: str) -> None:
    assert duration(date(2025, 1, 1), last) == words


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        ({"a": -1.34, "b": 0.5}, "1.3 bits against Base"),
        ({"a": 0.2, "b": 0.94}, "0.94 bits for b"),
        ({"a": 0.2, "b": 0.96}, "1.0 bits for b"),
        ({"a": 0.004, "b": -0.004}, "no bits either way"),
        ({"a": 0.006, "b": 0.0}, "0.01 bits for Base"),
        ({"a": None, "b": 0.5}, "0.50 bits for b"),
        ({"a": None, "b": None}, "no bits either way"),
        ({}, "no bits either way"),
    ],
)
def test_bits_are_told_of_the_scenario_that_moved_the_most(bits: dict[str, float], words: str) -> None:
    assert strongest(bits, FORECAST) == words


def test_a_scenario_that_is_the_forecast_s_no_more_is_named_by_its_id() -> None:
    assert [title(FORECAST, one) for one in ("a", "b", "gone")] == ["Base", "b", "gone"]


def test_silence_without_an_event_is_said_as_the_issue_says_it() -> None:
    sentence = said(cause("silence", "deals"), seen())
    assert f"{sentence}: {strongest({'a': -1.3, 'b': 0.4}, FORECAST)}" == (
        "no contract signed in Peru in 10 months: 1.3 bits against Base"
    )


def test_silence_beside_events_says_how_many_there_were() -> None:
    after = seen(event("one", date(2025, 2, 1)), event("two", date(2025, 5, 1)))
    assert said(cause("silence", "deals"), after) == "2 × contract signed in Peru and no more in 10 months"


def test_events_that_fell_into_an_occasion_are_not_counted_in_the_silence() -> None:
    after = seen(event("one", date(2025, 2, 1)), event("two", date(2025, 2, 5)))
    assert said(cause("silence", "deals"), after) == "1 × contract signed in Peru and no more in 10 months"


def test_silence_since_a_run_counts_from_there_and_only_what_came_after() -> None:
    old, new = event("one", date(2025, 2, 1)), event("two", date(2025, 8, 10))
    before = seen(old, until=date(2025, 8, 1))
    assert said(cause("silence", "deals"), seen(old, until=date(2025, 8, 31)), before) == (
        "no contract signed in Peru in 30 days"
    )
    assert said(cause("silence", "deals"), seen(old, new, until=date(2025, 8, 31)), before) == (
        "1 × contract signed in Peru and no more in 30 days"
    )
    assert said(cause("silence", "deals"), seen(old, new, until=date(2025, 8, 1)), before) == (
        "contract signed in Peru: silence counts otherwise, as its occasions changed"
    )


def test_an_event_is_told_by_its_headline_or_else_its_key() -> None:
    after = seen(event("one", date(2025, 2, 1)), event("two", date(2025, 5, 1), headline=""))
    assert said(cause("event", "deals", event="one"), after) == (
        "one happens (contract signed, Peru, 2025-02-01, credibility 0.80)"
    )
    assert said(cause("event", "deals", event="two"), after).startswith("two (contract signed, ")


def test_an_event_that_is_gone_and_one_that_was_regraded_say_so() -> None:
    one = event("one", date(2025, 2, 1))
    before, after = seen(one), seen(replace(one, credibility=0.6))
    assert said(cause("removed", "deals", event="one"), seen(), before).endswith(
        "credibility 0.80); it does not count any more"
    )
    assert said(cause("regraded", "deals", event="one"), after, before) == (
        "one happens (contract signed, Peru, 2025-02-01, credibility 0.80 before and 0.60 now)"
    )


def test_a_one_off_is_told_by_the_most_credible_of_its_candidates() -> None:
    rumour = event("rumour", date(2025, 2, 1), tag="treaty", credibility=0.3)
    paper = event("paper", date(2025, 5, 1), tag="treaty")
    assert said(cause("one-off", "treaty"), seen()) == "no treaty by 2025-11-01"
    assert said(cause("one-off", "treaty"), seen(rumour)) == (
        "treaty: rumour happens (2025-02-01, credibility 0.30)"
    )
    assert said(cause("one-off", "treaty"), seen(rumour, paper)) == (
        "treaty: paper happens (2025-05-01, credibility 0.80, the most credible of 2 candidates)"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_cause_has_words(kind: Kind) -> None:
    assert len(KINDS) == 12
    one = event("one", date(2025, 2, 1))
    whose = "treaty" if kind == "one-off" else "deals"
    sentence = said(cause(kind, whose, event="one", scenario="a", because="of it"), seen(one), seen(one))
    assert sentence
    assert "None" not in sentence
    assert "{" not in sentence


def test_a_scenario_that_is_ruled_out_is_named_with_the_reason() -> None:
    told = said(cause("impossible", "treaty", scenario="a", because="treaty must have happened"), seen())
    assert told == "Base is impossible: treaty must have happened"
