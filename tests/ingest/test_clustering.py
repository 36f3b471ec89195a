"""Reports become events: by a person's word, or by kind, place, time and the words of the headline."""

import csv
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.cluster import Candidate, Clustering, Decision, assign, assign_all, event_key
from ingest.files import read
from ingest.records import Parsed
from model.dates import CoarseDate
from model.domain import Report
from model.headlines import normalised

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
USUAL = Clustering()


def told(name: str, day: str, headline: str = "Two Mi-17 helicopters reach Lima", **fields: object) -> Report:
    known = {"tag": "delivery", "country": "PE", "published": CoarseDate.parse(day), "headline": headline}
    return Report(id=name, **{**known, **fields})  # type: ignore[arg-type]


FIRST = told("r1", "2025-11-04")
KNOWN = [Candidate(key="e1", report=FIRST)]


def key_of(report: Report, candidates: Sequence[Candidate] = KNOWN, settings: Clustering = USUAL) -> str:
    return assign(report, candidates, settings).key


def test_a_like_headline_of_the_same_kind_place_and_week_joins() -> None:
    decision = assign(told("r2", "2025-11-06", "Helicopters Mi-17 reach Lima, two of them"), KNOWN, USUAL)
    assert decision.key == "e1"
    assert decision.score is not None
    assert decision.score > 60
    assert decision.why.startswith("told like r1 (")
    assert decision.why.endswith("same kind and country, 2 days apart")


@pytest.mark.parametrize(
    "other",
    [
        told("r2", "2025-11-06", country="BR", also=("PE",)),
        told("r2", "2025-11-06", tag="contract_signed"),
        told("r2", "2025-11-12"),
        told("r2", "2025-10-27"),
        told("r2", "2025-11-06", "Съезд горняков в Ла-Пасе"),
    ],
)
def test_another_place_kind_week_or_story_founds_an_event_of_its_own(other: Report) -> None:
    assert key_of(other) == event_key(other)


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
    alike, vaguely = (
        "Two Mi-17 helicopters reach port of Lima",
        "Army of Peru parades new helicopters",
    )
    assert key_of(told("r2", "2025-11-05", vaguely)) == "e1"
    assert key_of(told("r2", "2025", vaguely)) != "e1"
    assert key_of(told("r2", "2025", alike)) == "e1"


def test_an_event_named_by_a_person_always_decides() -> None:
    decision = assign(told("r2", "2025-11-05", event="e9"), KNOWN, USUAL)
    assert (decision.key, decision.why, decision.score) == ("e9", "the report names its event", None)


def test_a_report_may_join_an_event_that_a_person_named() -> None:
    named = [Candidate(key="e9", report=replace(FIRST, event="e9"))]
    assert key_of(told("r2", "2025-11-05"), named) == "e9"


def test_the_likest_event_wins_and_the_next_is_told() -> None:
    other = Candidate(key="e2", report=told("r0", "2025-11-04", "Two helicopters leave Arequipa for repair"))
    decision = assign(told("r2", "2025-11-05"), [other, *KNOWN], USUAL)
    assert (decision.key, decision.runner_up) == ("e1", "e2")
    assert decision.score is not None
    assert decision.runner_up_score is not None
    assert decision.score > decision.runner_up_score


def test_an_event_nearly_joined_is_told() -> None:
    decision = assign(told("r2", "2025-11-05", "Съезд горняков"), KNOWN, USUAL)
    assert (decision.runner_up, decision.score) == ("e1", None)
    assert "no headline near it is like enough: that of r1 scores" in decision.why


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
    merged = [*KNOWN, Candidate(key="e1", report=told("r0", "2025-08-01"), decided=True)]
    assert key_of(told("r2", "2025-11-05"), merged) == "e1"
    assert key_of(told("r2", "2025-08-03"), [merged[1]]) == "e1"


def test_an_amended_report_is_decided_anew_unless_a_person_had_put_it_there() -> None:
    amended = told("r1", "2025-11-04", "Lima buys tractors")
    assert key_of(amended) == event_key(amended)
    assert key_of(amended, [Candidate(key="e1", report=FIRST, decided=True)]) == "e1"


def test_tags_of_one_family_may_be_one_event() -> None:
    family = Clustering(tag_families=(("contract_signed", "delivery"),))
    other = told("r2", "2025-11-05", tag="contract_signed")
    assert key_of(other) != "e1"
    assert key_of(other, settings=family) == "e1"


def test_capitals_accents_and_punctuation_do_not_matter() -> None:
    assert normalised("Chávez: «MI-17» ") == "chavez   mi 17"


def clustered(reports: Sequence[Report], settings: Clustering = USUAL) -> dict[str, str]:
    decisions = assign_all(reports, [], settings)
    return {report.id: decision.key for report, decision in zip(reports, decisions, strict=True)}


STORIES = st.builds(
    lambda day, coarse, tag, country, words: (day, coarse, tag, country, " ".join(words)),
    st.dates(date(2025, 1, 1), date(2025, 3, 1)),
    st.sampled_from(["%Y-%m-%d", "%Y-%m", "%Y"]),
    st.sampled_from(["delivery", "arms_offer"]),
    st.sampled_from(["PE", "*"]),
    st.lists(st.sampled_from(["lima", "mi", "helicopters", "treaty", "tanks"]), min_size=1, max_size=5),
)


@given(st.lists(STORIES, max_size=12), st.integers(0, 12))
def test_a_batch_is_the_same_as_its_reports_one_by_one_and_as_two_batches(
    stories: list[tuple[date, str, str, str, str]], cut: int
) -> None:
    reports = [
        told(f"r{n}", day.strftime(coarse), words, tag=tag, country=country)
        for n, (day, coarse, tag, country, words) in enumerate(stories)
    ]
    at_once = assign_all(reports, [], USUAL)
    single: list[Decision] = []
    for report in reports:
        single.append(assign(report, known(reports, single), USUAL))
    early = assign_all(reports[:cut], [], USUAL)
    late = assign_all(reports[cut:], known(reports, early), USUAL)
    assert at_once == single == early + late


def known(reports: Sequence[Report], decisions: Sequence[Decision]) -> list[Candidate]:
    pairs = zip(reports, decisions, strict=False)
    return [Candidate(key=decision.key, report=report) for report, decision in pairs]


def b_cubed(found: Mapping[str, str], labels: Mapping[str, str]) -> tuple[float, float]:
    """Mean, over the labelled reports, of the share of each one's cluster that is its event, and back."""
    precision = recall = 0.0
    for name in labels:
        cluster = {other for other in labels if found[other] == found[name]}
        event = {other for other in labels if labels[other] == labels[name]}
        precision += len(cluster & event) / len(cluster)
        recall += len(cluster & event) / len(event)
    return precision / len(labels), recall / len(labels)


@pytest.fixture(scope="module")
def labelled() -> tuple[list[Report], dict[str, str]]:
    if not (SHARED / "labels.csv").exists():
        pytest.skip("the labelled reports are absent")
    items = read(SHARED / "reports.jsonl", today=date(2026, 11, 21)).items
    with (SHARED / "labels.csv").open() as stream:
        labels = {row["id"]: row["event"] for row in csv.DictReader(stream)}
    return [item.report for item in items if isinstance(item, Parsed)], labels


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_the_events_of_the_labelled_reports_are_found_in_any_order(
    labelled: tuple[list[Report], dict[str, str]], seed: int | None
) -> None:
    reports, labels = list(labelled[0]), labelled[1]
    if seed is not None:
        random.Random(seed).shuffle(reports)  # noqa: S311 - an order, not a secret
    precision, recall = b_cubed(clustered(reports), labels)
    assert precision >= 0.98
    assert 2 * precision * recall / (precision + recall) >= 0.97


@pytest.mark.parametrize(
    ("settings", "precision", "recall"),
    [
        (USUAL, 0.987, 0.972),
        (Clustering(vague_similarity=40), 0.980, 0.972),
        (Clustering(cluster_days=3), 0.987, 0.960),
        (Clustering(cluster_days=14), 0.987, 0.972),
        (Clustering(similarity=30), 0.987, 0.972),
        (Clustering(similarity=35), 0.987, 0.972),
        (Clustering(similarity=45), 0.987, 0.965),
        (Clustering(similarity=50), 0.987, 0.935),
        (Clustering(similarity=60), 1.000, 0.745),
    ],
)
def test_the_record_of_the_decision_states_what_is_measured(
    labelled: tuple[list[Report], dict[str, str]], settings: Clustering, precision: float, recall: float
) -> None:
    measured = b_cubed(clustered(labelled[0], settings), labelled[1])
    assert measured == pytest.approx((precision, recall), abs=0.0006)
