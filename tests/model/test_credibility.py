"""Reports to events: the rules, one by one, and all of them against a second reading."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.credibility import Grades, events
from model.dates import CoarseDate
from model.domain import Event, Report
from tests import oracle_counting
from tests.strategies import HEADLINES, OPENED, stories

GRADES = Grades()
LATE = date(2026, 12, 31)


def a_report(name: str, grade: str | None = "B2", published: str = "2025-07-02", **fields: object) -> Report:
    """A report that repeats no other, unless it is told to."""
    known = {
        "tag": "deal",
        "country": "PE",
        "headline": f"{name} {name * 2} {name * 3}",
        "published": CoarseDate.parse(published),
        "grade": grade,
    }
    return Report(id=name, **{**known, **fields})  # type: ignore[arg-type]


def one_event(*reports: Report, as_of: date = LATE) -> Event:
    (found,) = events({"e": reports}, as_of=as_of, grades=GRADES)
    return found


def credibility(*reports: Report) -> float:
    return one_event(*reports).credibility


@pytest.mark.parametrize(
    ("grade", "expected"),
    [("A1", 0.95), ("B2", 0.80), ("C3", 0.65), ("F6", 0.50), ("D4", 0.40), ("E5", 0.14), (None, 0.50)],
)
def test_a_single_report_is_worth_its_grade(grade: str | None, expected: float) -> None:
    assert credibility(a_report("a", grade)) == pytest.approx(expected, abs=0.005)


def test_a_probability_stands_in_for_the_grade() -> None:
    assert credibility(a_report("a", "A1", probability_true=0.3)) == 0.3


def test_further_reports_add_half_of_their_log_odds() -> None:
    assert credibility(a_report("a"), a_report("b")) == pytest.approx(8 / 9, abs=0.0005)


def test_weak_reports_take_nothing_away() -> None:
    assert credibility(a_report("a"), a_report("b", "E5")) == 0.8


def test_one_publisher_speaks_once_and_with_its_best() -> None:
    voices = [a_report("a", "C3", publisher="news.bbc.co.uk"), a_report("b", "B2", publisher="BBC.co.uk")]
    assert credibility(*voices) == 0.8


def test_missing_publishers_are_nobody_elses() -> None:
    assert credibility(a_report("a", publisher=None), a_report("b", publisher=None)) > 0.88


def test_copies_speak_once() -> None:
    copies = [
        a_report("a", headline=HEADLINES[0], publisher="tass.com"),
        a_report("b", headline=HEADLINES[1], publisher="rbth.com"),
    ]
    assert credibility(*copies) == 0.8


def test_a_denial_weighs_against() -> None:
    assert credibility(a_report("a"), a_report("b", denies=True)) == 0.5


def test_a_weak_denial_is_no_confirmation() -> None:
    assert credibility(a_report("a"), a_report("b", "E5", denies=True)) == 0.8


def test_a_denial_and_an_assertion_of_one_publisher_both_count() -> None:
    assert (
        credibility(a_report("a", publisher="tass.com"), a_report("b", publisher="tass.com", denies=True))
        == 0.5
    )


def test_nothing_in_the_news_is_certain() -> None:
    assert credibility(*(a_report(name, "A1") for name in "abcd")) == 0.98
    assert credibility(a_report("a", "E5"), a_report("b", "A1", denies=True)) == 0.02


def test_denials_and_analysis_make_no_event() -> None:
    found = {"x": [a_report("a", denies=True)], "y": [a_report("b", tag="analysis")]}
    assert events(found, as_of=LATE, grades=GRADES) == ()


def test_analysis_neither_supports_nor_dates_an_event() -> None:
    made = one_event(a_report("a"), a_report("b", "A1", published="2025-06-01", tag="analysis"))
    assert (made.credibility, made.occurred, made.tag) == (0.8, date(2025, 7, 2), "deal")


def test_a_denial_filed_as_analysis_is_still_a_denial() -> None:
    assert credibility(a_report("a"), a_report("b", tag="analysis", denies=True)) == 0.5


def test_a_denial_gives_no_date() -> None:
    made = one_event(a_report("a"), a_report("b", "A1", published="2025-06-01", denies=True))
    assert (made.occurred, made.first_published) == (date(2025, 7, 2), date(2025, 7, 2))


def test_the_best_report_says_what_and_where() -> None:
    worse = a_report("a", "C3", published="2025-06-01", tag="visit", country="BR")
    made = one_event(worse, a_report("b", "B2", also=("VE",)))
    assert (made.tag, made.countries) == ("deal", ("PE", "VE"))


@pytest.mark.parametrize("grade", ["C4", "E2", "F6", None])
@pytest.mark.parametrize("other", ["C4", "E2", "F6", None])
def test_of_grades_that_are_worth_the_same_the_earlier_report_speaks(
    grade: str | None, other: str | None
) -> None:
    earlier = a_report("b", grade, published="2025-06-01", tag="visit")
    assert one_event(a_report("a", other), earlier).tag == "visit"


def test_the_earliest_occurrence_dates_the_event() -> None:
    early = a_report("a", "C3", occurred=CoarseDate.parse("2025-06-20"))
    assert one_event(early, a_report("b", "A1")).occurred == date(2025, 6, 20)


def test_a_coarse_occurrence_counts_from_its_end_or_from_publication() -> None:
    month = CoarseDate.parse("2025-06")
    made = one_event(a_report("a", occurred=month))
    assert (made.begins, made.occurred) == (date(2025, 6, 1), date(2025, 6, 30))
    made = one_event(a_report("a", published="2025-06-12", occurred=month))
    assert (made.begins, made.occurred) == (date(2025, 6, 1), date(2025, 6, 12))


def test_of_reports_that_agree_on_the_day_the_finer_speaks() -> None:
    coarse = a_report("a", occurred=CoarseDate.parse("2025-06"))
    made = one_event(coarse, a_report("b", occurred=CoarseDate.parse("2025-06-30")))
    assert made.begins == date(2025, 6, 30)


def test_an_announced_event_is_dated_by_its_announcement() -> None:
    made = one_event(a_report("a", occurred=CoarseDate.parse("2025-09-01")))
    assert (made.begins, made.occurred) == (date(2025, 7, 2), date(2025, 7, 2))


def test_a_coarse_publication_counts_from_its_end_or_its_receipt() -> None:
    coarse = a_report("a", published="2025-06")
    assert events({"e": [coarse]}, as_of=date(2025, 6, 29), grades=GRADES) == ()
    received = a_report("a", published="2025-06", received=datetime(2025, 6, 9, tzinfo=UTC))
    assert one_event(received, as_of=date(2025, 6, 9)).first_published == date(2025, 6, 9)


def test_reports_published_after_the_cutoff_do_not_exist() -> None:
    later = a_report("b", "A1", published="2025-08-01", tag="visit", denies=False)
    assert one_event(a_report("a"), later, as_of=date(2025, 7, 31)) == one_event(a_report("a"))


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(stories(), st.integers(-60, 400))
def test_events_agree_with_a_second_reading_of_the_rules(found: dict[str, list[Report]], day: int) -> None:
    as_of = OPENED + timedelta(day)
    made = events(found, as_of=as_of, grades=GRADES)
    expected = oracle_counting.events(found, as_of=as_of)
    assert sorted(made, key=lambda event: event.key) == list(expected)


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(stories(), st.randoms(use_true_random=False))
def test_the_order_of_reports_does_not_matter(found: dict[str, list[Report]], chance: object) -> None:
    shuffled = {key: chance.sample(each, len(each)) for key, each in found.items()}  # type: ignore[attr-defined]
    turned = dict(reversed(shuffled.items()))
    assert events(turned, as_of=LATE, grades=GRADES) == events(found, as_of=LATE, grades=GRADES)
