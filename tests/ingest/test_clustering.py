"""Reports become events: by a person's word, or by kind, place, time and what the headline says."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.streams import stream
from ingest import around, neighbours
from ingest.cluster import Candidate, Clustering, Decision, assign, assign_all, event_key
from ingest.neighbours import page_of
from model.dates import CoarseDate
from model.domain import Report

USUAL = Clustering()


def told(name: str, day: str, headline: str = "Two Mi-17 helicopters reach Lima", **fields: Any) -> Report:
    known: dict[str, Any] = {
        "tag": "delivery",
        "country": "PE",
        "published": CoarseDate.parse(day),
        "headline": headline,
    }
    return Report(id=name, **known | fields)


FIRST = told("r1", "2025-11-04")
KNOWN = [Candidate(key="e1", report=FIRST)]


def key_of(report: Report, candidates: Sequence[Candidate] = KNOWN, settings: Clustering = USUAL) -> str:
    return assign(report, candidates, settings).key


def test_a_like_headline_of_the_same_kind_place_and_week_joins() -> None:
    decision = assign(told("r2", "2025-11-06", "Helicopters Mi-17 land in Lima, two of them"), KNOWN, USUAL)
    assert decision.key == "e1"
    assert decision.score is not None
    assert decision.score > 60
    assert decision.why.startswith("told like r1 (")
    assert decision.why.endswith("same kind and country, 2 days apart")


@pytest.mark.parametrize(
    "other",
    [
        told("r2", "2025-11-06", country="BR", also=("CO",)),
        told("r2", "2025-11-06", tag="contract_signed"),
        told("r2", "2025-11-12"),
        told("r2", "2025-10-27"),
        told("r2", "2025-11-06", "Съезд горняков в Арекипе собрал 300 делегатов"),
    ],
)
def test_another_place_kind_week_or_story_founds_an_event_of_its_own(other: Report) -> None:
    assert key_of(other) == event_key(other)


@pytest.mark.parametrize("fields", [{"country": "BR", "also": ("PE",)}, {"also": ("BR",)}])
def test_of_several_countries_one_in_common_is_enough(fields: dict[str, Any]) -> None:
    assert key_of(told("r2", "2025-11-06", **fields)) == "e1"
    wider = [Candidate(key="e1", report=replace(FIRST, country="BR", also=("PE", "CO")))]
    assert key_of(told("r2", "2025-11-06", **fields), wider) == "e1"


def test_seven_days_apart_is_still_near() -> None:
    assert key_of(told("r2", "2025-11-11")) == "e1"
    assert key_of(told("r2", "2025-10-28")) == "e1"


def test_what_happened_decides_and_not_when_it_was_told() -> None:
    assert key_of(told("r2", "2025-12-30", occurred=CoarseDate.parse("2025-11-05"))) == "e1"
    assert key_of(told("r2", "2025-11-05", occurred=CoarseDate.parse("2025-06-01"))) != "e1"


def test_a_month_that_holds_the_day_is_near() -> None:
    assert key_of(told("r2", "2025-11")) == "e1"
    assert key_of(told("r2", "2025-12")) != "e1"


def test_where_a_date_is_only_a_year_the_headline_must_say_more() -> None:
    alike, vaguely = "Two Mi-17 helicopters reach the port", "Army of Peru parades new helicopters"
    assert key_of(told("r2", "2025-11-05", vaguely)) == "e1"
    assert key_of(told("r2", "2025", vaguely)) != "e1"
    assert key_of(told("r2", "2025", alike)) == "e1"


@pytest.mark.parametrize(
    ("one", "other", "objection"),
    [
        ("Peru receives eight helicopters", "Peru receives six helicopters", "another number of the same"),
        ("Peru signs $250 million deal", "Peru signs $90m deal", "another number of the same"),
        ("Drills begin in Arequipa", "Drills begin in Tacna", "another place"),
        ("Drills begin on Tuesday", "Drills begin on Friday", "another day"),
        ("Astudillo visits the plant", "Benavides visits the plant", "other words in its place"),
    ],
)
def test_a_near_miss_stays_apart_and_it_is_said_what_is_other(one: str, other: str, objection: str) -> None:
    story = [
        told(f"r{n}", "2025-11-04", f"Parade number {n * 11} of the guard in Cusco") for n in range(2, 5)
    ]
    crowd = [Candidate(key=f"e{n}", report=report) for n, report in enumerate(story, 2)]
    decision = assign(
        told("r9", "2025-11-04", other),
        [Candidate(key="e1", report=told("r1", "2025-11-04", one)), *crowd],
        USUAL,
    )
    assert decision.key.startswith("pe-delivery-2025-11-04-")
    assert (decision.runner_up, objection in decision.why) == ("e1", True)


def test_the_same_words_or_the_same_page_join_whatever_else_there_is() -> None:
    crowd = [
        Candidate(key=f"e{n}", report=told(f"c{n}", "2025-11-04", f"{n} Mi-17 helicopters reach Lima"))
        for n in range(3, 40)
    ]
    copy = assign(
        told("r2", "2025-11-05", "UPDATE 1-TWO MI-17 HELICOPTERS REACH LIMA - TASS"), [*KNOWN, *crowd], USUAL
    )
    assert (copy.key, "told in the same words as r1" in copy.why) == ("e1", True)
    paged = [Candidate(key="e1", report=replace(FIRST, url="https://www.a.example/n/7/?utm_source=x"))]
    page = assign(
        told("r2", "2025-11-05", "Nine tanks", url="http://a.example/n/7#top"), [*paged, *crowd], USUAL
    )
    assert (page.key, "told on the same page as r1" in page.why) == ("e1", True)


def test_a_front_page_tells_nothing() -> None:
    front = [Candidate(key="e1", report=replace(FIRST, url="https://a.example/"))]
    other = told("r2", "2025-11-04", "Nine tanks sink off Callao", url="https://www.a.example")
    assert key_of(other, front) == event_key(other)


def test_the_more_events_there_are_the_more_a_report_must_say() -> None:
    vaguely = told("r9", "2025-11-04", "Air force of Peru shows new helicopters")
    crowd = [
        Candidate(key=f"e{n}", report=told(f"c{n}", "2025-11-04", f"{n} helicopters reach base {n * 7}"))
        for n in range(3, 12)
    ]
    assert key_of(vaguely) == "e1"
    assert key_of(vaguely, [*KNOWN, *crowd]) == event_key(vaguely)


def test_a_denial_joins_the_event_that_it_denies() -> None:
    other = Candidate(key="e2", report=told("r0", "2025-11-04", "Nine tanks unloaded in Callao"))
    denial = told("r2", "2025-11-05", "Ministry denies that Mi-17 helicopters came to Lima", denies=True)
    assert key_of(denial, [*KNOWN, other]) == "e1"


def test_an_event_named_by_a_person_always_decides() -> None:
    decision = assign(told("r2", "2025-11-05", event="e9"), KNOWN, USUAL)
    assert (decision.key, decision.why, decision.score) == ("e9", "the report names its event", None)


def test_a_report_may_join_an_event_that_a_person_named() -> None:
    named = [Candidate(key="e9", report=replace(FIRST, event="e9"), decided=True)]
    assert key_of(told("r2", "2025-11-05"), named) == "e9"


def test_the_likest_event_wins_and_the_next_is_told() -> None:
    other = Candidate(key="e2", report=told("r0", "2025-11-04", "Two helicopters leave Arequipa for repair"))
    decision = assign(told("r2", "2025-11-05"), [other, *KNOWN], USUAL)
    assert (decision.key, decision.runner_up) == ("e1", "e2")
    assert decision.score is not None
    assert decision.runner_up_score is not None
    assert decision.score > decision.runner_up_score


def test_an_event_nearly_joined_is_told() -> None:
    decision = assign(told("r2", "2025-11-05", "Съезд горняков в Арекипе"), KNOWN, USUAL)
    assert (decision.runner_up, decision.score) == ("e1", None)
    assert "nothing near it is told alike enough: r1 scores" in decision.why


def test_a_new_key_is_readable_and_always_the_same() -> None:
    decision = assign(told("r2", "2025-11-04", tag="arms_offer"), [], USUAL)
    assert decision == assign(told("r2", "2025-11-04", tag="arms_offer"), [], USUAL)
    assert decision.key.startswith("pe-arms_offer-2025-11-04-")
    assert event_key(told("r2", "2025-11", country="*")).startswith("region-delivery-2025-11-")
    assert decision.why == "no open event of arms_offer in PE within 7 days"


def test_a_chain_of_near_reports_does_not_stretch_an_event() -> None:
    days = [f"2025-11-{day:02}" for day in range(1, 29, 3)]
    keys = [decision.key for decision in assign_all([told(f"r{day}", day) for day in days], [], USUAL)]
    assert keys == [keys[0]] * 3 + [keys[3]] * 3 + [keys[6]] * 3 + [keys[9]]


def test_a_month_does_not_bridge_its_beginning_and_its_end() -> None:
    early, whole, late = told("r1", "2025-11-03"), told("r2", "2025-11"), told("r3", "2025-11-28")
    first, second, third = (decision.key for decision in assign_all([early, whole, late], [], USUAL))
    assert first == second != third


def test_what_a_person_put_together_may_be_far_apart_and_still_be_joined() -> None:
    begun = event_key(FIRST)
    moved = told("r0", "2025-08-01")
    merged = [Candidate(key=begun, report=FIRST), Candidate(key=begun, report=moved, decided=True)]
    assert key_of(told("r2", "2025-11-05"), merged) == begun
    assert key_of(told("r2", "2025-08-03"), merged) == begun


def test_an_amended_report_is_decided_anew_unless_a_person_had_put_it_there() -> None:
    amended = told("r1", "2025-11-04", "Lima buys tractors")
    assert key_of(amended) == event_key(amended)
    put = [Candidate(key="e1", report=FIRST, decided=True)]
    assert key_of(amended, put) == "e1"
    assert key_of(replace(amended, event="e2"), put) == "e2"
    moved = [Candidate(key="e1", report=replace(FIRST, event="e2"), decided=True)]
    assert key_of(replace(amended, event="e2"), moved) == "e1"
    assert key_of(amended, moved) == event_key(amended)


def test_tags_of_one_family_may_be_one_event() -> None:
    family = Clustering(tag_families=(("contract_signed", "delivery"),))
    other = told("r2", "2025-11-05", tag="contract_signed")
    assert key_of(other) != "e1"
    assert key_of(other, settings=family) == "e1"


STORIES = st.builds(
    lambda day, coarse, words, fields: (day.strftime(coarse), " ".join(words), fields),
    st.dates(date(2025, 1, 1), date(2025, 2, 1)),
    st.sampled_from(["%Y-%m-%d", "%Y-%m-%d", "%Y-%m-%d", "%Y-%m", "%Y"]),
    st.lists(
        st.sampled_from(["Lima", "in Cusco", "two", "nine", "helicopters", "treaty", "on Tuesday"]),
        max_size=6,
    ),
    st.fixed_dictionaries(
        {
            "tag": st.sampled_from(["delivery", "arms_offer"]),
            "country": st.sampled_from(["PE", "*"]),
            "also": st.sampled_from([(), (), ("BR",), ("BR", "CO")]),
            "event": st.sampled_from([None, None, None, "e9"]),
            "denies": st.booleans(),
            "url": st.sampled_from([None, None, "https://a.example/1", "https://a.example/2"]),
        }
    ),
)


def made(stories: Sequence[tuple[str, str, dict[str, object]]]) -> list[Report]:
    """Reports of stories; every fourth is a new version of the one before it."""
    return [
        told(f"r{n - (n % 4 == 3)}", day, words or "x", **fields)
        for n, (day, words, fields) in enumerate(stories)
    ]


def near(report: Report, earlier: Sequence[Report], decisions: Sequence[Decision]) -> list[Candidate]:
    """What a search brings: of each report its newest version, if it is of the kind, countries and days."""
    newest = {
        one.id: Candidate(key=decision.key, report=one, decided=one.event is not None)
        for one, decision in zip(earlier, decisions, strict=True)
    }
    return [
        one
        for one in newest.values()
        if one.report.id == report.id
        or (
            one.report.tag == report.tag
            and set(one.report.countries) & set(report.countries)
            and one.report.when.gap(report.when) <= USUAL.cluster_days
        )
    ]


@given(st.lists(STORIES, max_size=14), st.integers(0, 14))
def test_a_batch_is_the_same_as_its_reports_one_by_one_and_as_two_batches(
    stories: list[tuple[str, str, dict[str, object]]], cut: int
) -> None:
    reports = made(stories)
    at_once = assign_all(reports, [], USUAL)
    single: list[Decision] = []
    for number, report in enumerate(reports):
        single.append(assign(report, near(report, reports[:number], single), USUAL))
    assert at_once == single
    newest = {
        one.id: Candidate(key=decision.key, report=one, decided=one.event is not None)
        for one, decision in zip(reports[:cut], at_once, strict=False)
    }
    assert assign_all(reports[cut:], list(newest.values()), USUAL) == at_once[cut:]


@given(st.lists(STORIES, max_size=20))
def test_to_read_many_and_to_look_them_up_comes_to_the_same(
    stories: list[tuple[str, str, dict[str, object]]],
) -> None:
    found = []
    for reads in (0, 1, math.inf):  # index at once, when it seems to pay, and never
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(around, "SMALL", 2)
            patch.setattr(neighbours, "READS", reads)
            found.append(assign_all(made(stories), [], USUAL))
    assert found[0] == found[1] == found[2]


def test_they_come_to_the_same_in_a_dense_stream_too(monkeypatch: pytest.MonkeyPatch) -> None:
    reports = stream(8, "arms").reports[:300]
    usual = assign_all(reports, [], USUAL)
    for reads in (0, math.inf):
        monkeypatch.setattr(neighbours, "READS", reads)
        assert assign_all(reports, [], USUAL) == usual


@pytest.mark.slow
@given(st.lists(STORIES, min_size=2, max_size=14), st.integers(0, 1000))
def test_what_is_known_may_come_in_any_order(
    stories: list[tuple[str, str, dict[str, object]]], seed: int
) -> None:
    *earlier, last = made(stories)
    earlier = list({one.id: one for one in earlier}.values())
    decisions = assign_all(earlier, [], USUAL)
    candidates = near(last, earlier, decisions)
    shuffled = random.Random(seed).sample(candidates, len(candidates))  # noqa: S311 - an order, not a secret
    assert assign(last, candidates, USUAL) == assign(last, shuffled, USUAL)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example/x?utm_source=b&id=1", "http://www.a.example/x/?id=1&ref=c#top", True),
        ("https://a.example/x?reference=1", "https://a.example/x?reference=2", False),
        ("https://a.example/x?source_id=1", "https://a.example/x?source_id=2", False),
        ("https://a.example/", "https://a.example", False),
    ],
)
def test_a_page_is_known_by_all_of_its_address_but_the_way_that_led_there(
    one: str, other: str, same: bool
) -> None:
    assert (page_of(one) == page_of(other) != "") == same
