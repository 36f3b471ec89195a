"""What waits for an editor, and what sources may say without its being proposed again."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import pytest

from model.domain import Report
from model.errors import UsageError
from model.wire import content, digest
from storage.database import Database, open_database
from storage.proposals import (
    Proposal,
    StoredVerdict,
    count_waiting,
    decide,
    proposals_of,
    propose,
    proposed,
    supersede,
    waiting,
)
from storage.proposals import proposal as look_up
from storage.reports import file_reports, last_said, report_versions
from tests.storage.proposing import proposal, proposed_on
from tests.storage.samples import moment, report

A, B, C = (report(headline=headline) for headline in "ABC")


def listed(database: Database, **filters: Any) -> list[Proposal]:
    with database.reading() as session:
        return waiting(session, **filters)


def numbers(database: Database, **filters: Any) -> list[int]:
    return [one.number for one in listed(database, **filters)]


def decided(
    database: Database, day: int, decision: Literal["accepted", "rejected"], *which: int, author: str = "ana"
) -> list[Proposal]:
    with database.session() as session:
        return decide(session, which, decision, author=author, why="seen on film", at=moment(day))


def taken_in(database: Database, day: int, number: int) -> None:
    """Accept as the service does: what the source said is filed as the source's."""
    (one,) = decided(database, day, "accepted", number)
    file(database, day, one.report)


def file(database: Database, day: int, *reports: Report, author: str | None = None) -> None:
    with database.session() as session:
        file_reports(session, reports, at=moment(day), origin="feed", author=author)


def known(database: Database, *ids: str) -> dict[str, str]:
    with database.reading() as session:
        return proposed(session, ids)


def test_a_proposal_comes_back_as_it_was_made(database: Database) -> None:
    full = report(
        "feed:1", also=("BR",), grade="C3", extra={"summary": "Завод «боеприпасов»"}, published="2025-07"
    )
    told = proposal(
        full,
        kind="changed",
        confidence=0.1 + 0.2,
        why="rule 4: 'signs'",
        event_key="e1",
        score=71.5,
        runner_up="e0",
        runner_up_score=39.0,
    )
    with database.session() as session:
        assert propose(session, [told], at=moment(2)) == ["waiting"]
    (found,) = listed(database)
    assert content(found.report) == content(full)
    assert (found.source, found.line, found.kind, found.verdict) == ("feed", 3, "changed", None)
    assert (found.confidence, found.why, found.recorded_at) == (0.1 + 0.2, "rule 4: 'signs'", moment(2))
    assert (found.event_key, found.score, found.runner_up, found.runner_up_score) == ("e1", 71.5, "e0", 39.0)
    with database.reading() as session:
        assert look_up(session, found.number) == found
        assert look_up(session, found.number + 1) is None
        assert proposals_of(session, "feed:1") == [found]
        assert count_waiting(session) == 1


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({}, "abcd"),
        ({"limit": 3}, "abc"),
        ({"source": "wire"}, "bd"),
        ({"tag": "loan"}, "cd"),
        ({"source": "wire", "tag": "loan"}, "d"),
        ({"source": "wire", "limit": 1}, "b"),
        ({"source": "none"}, ""),
        ({"tag": "' OR 1=1 --"}, ""),
    ],
)
def test_what_waits_is_listed_by_source_and_tag_the_first_proposed_first(
    database: Database, filters: dict[str, Any], ids: str
) -> None:
    proposed_on(database, 1, report("a"))
    proposed_on(database, 1, report("b"), source="wire")
    proposed_on(database, 1, report("c", tag="loan"))
    proposed_on(database, 1, report("d", tag="loan"), source="wire")
    assert "".join(one.report.id for one in listed(database, **filters)) == ids


def test_the_same_again_is_proposed_once(database: Database) -> None:
    assert proposed_on(database, 1, A) == ["waiting"]
    assert proposed_on(database, 2, A) == ["duplicate"]
    assert numbers(database) == [1]


def test_what_was_rejected_stays_rejected(database: Database) -> None:
    proposed_on(database, 1, A)
    decided(database, 2, "rejected", 1)
    assert proposed_on(database, 3, A) == ["duplicate"]
    assert known(database, "r1", "r2") == {"r1": digest(A)}
    assert numbers(database) == []


def test_other_content_of_what_was_rejected_waits_again(database: Database) -> None:
    proposed_on(database, 1, A)
    decided(database, 2, "rejected", 1)
    assert proposed_on(database, 3, B) == ["waiting"]
    assert [one.report for one in listed(database)] == [B_received(3)]


def B_received(day: int) -> Report:  # noqa: N802 - B is the report's name here
    return report(headline="B", received=moment(day))


def test_other_content_takes_the_place_of_what_waits(database: Database) -> None:
    proposed_on(database, 1, A)
    assert proposed_on(database, 2, B) == ["waiting"]
    assert numbers(database) == [2]
    with database.reading() as session:
        first, second = proposals_of(session, "r1")
    assert first.verdict == StoredVerdict(
        decision="superseded", author=None, why="its source says something else since", decided_at=moment(2)
    )
    assert second.verdict is None


def test_a_source_that_goes_back_to_what_it_said_while_that_waits_is_heard(database: Database) -> None:
    for day, said in enumerate([A, B, A], start=1):
        assert proposed_on(database, day, said) == ["waiting"]
    assert [one.report.headline for one in listed(database)] == ["A"]


def test_a_source_that_goes_back_to_what_was_rejected_leaves_nothing_waiting(database: Database) -> None:
    proposed_on(database, 1, A)
    decided(database, 2, "rejected", 1)
    proposed_on(database, 3, B)
    assert proposed_on(database, 4, A) == ["duplicate"]
    assert numbers(database) == []


def test_what_was_accepted_is_not_proposed_again(database: Database) -> None:
    proposed_on(database, 1, A)
    taken_in(database, 2, 1)
    assert proposed_on(database, 3, A) == ["duplicate"]
    assert known(database, "r1") == {"r1": digest(A)}


def test_what_was_accepted_is_not_proposed_again_though_a_person_amended_it(database: Database) -> None:
    proposed_on(database, 1, A)
    taken_in(database, 2, 1)
    file(database, 3, B, author="ana")
    assert proposed_on(database, 4, A) == ["duplicate"]


def test_a_source_that_goes_back_to_what_was_accepted_first_waits_again(database: Database) -> None:
    for day, said in ((1, A), (3, B)):
        assert proposed_on(database, day, said) == ["waiting"]
        taken_in(database, day + 1, (day + 1) // 2)
    assert known(database, "r1") == {"r1": digest(B)}
    assert proposed_on(database, 5, A) == ["waiting"]


def test_a_change_that_waits_is_dropped_where_the_source_takes_it_back(database: Database) -> None:
    proposed_on(database, 1, A)
    taken_in(database, 2, 1)
    assert proposed_on(database, 3, B) == ["waiting"]
    assert proposed_on(database, 4, A) == ["duplicate"]
    assert numbers(database) == []


def test_what_was_filed_without_review_does_not_wait_once_it_is_less_sure(database: Database) -> None:
    file(database, 1, A)
    assert proposed_on(database, 2, A) == ["duplicate"]
    assert proposed_on(database, 3, B) == ["waiting"]


def test_what_was_accepted_waits_again_where_the_source_has_filed_something_else_since(
    database: Database,
) -> None:
    proposed_on(database, 1, A)
    taken_in(database, 2, 1)
    file(database, 3, B)
    assert known(database, "r1") == {}
    assert proposed_on(database, 4, A) == ["waiting"]


def test_what_waits_of_a_report_is_closed_where_its_source_needs_no_editor_any_more(
    database: Database,
) -> None:
    proposed_on(database, 1, A, report("r2"), report("r3"))
    decided(database, 2, "rejected", 3)
    with database.session() as session:
        assert supersede(session, ["r1", "r3", "none"], at=moment(3)) == 1
        assert supersede(session, ["r1"], at=moment(4)) == 0
        assert supersede(session, [], at=moment(4)) == 0
    assert [one.report.id for one in listed(database)] == ["r2"]
    assert known(database, "r1", "r2", "r3") == {"r2": digest(report("r2")), "r3": digest(report("r3"))}
    assert proposed_on(database, 5, A) == ["waiting"]


def test_the_digest_is_the_caller_s_who_may_leave_an_assumed_day_out(database: Database) -> None:
    first, later = report(published="2026-01-01"), report(published="2026-01-02")
    assert proposed_on(database, 1, first, digest="sha256:undated") == ["waiting"]
    assert proposed_on(database, 2, later, digest="sha256:undated") == ["duplicate"]
    assert known(database, "r1") == {"r1": "sha256:undated"}
    taken_in(database, 3, 1)
    assert proposed_on(database, 4, later, digest="sha256:undated") == ["duplicate"]
    assert known(database, "r1") == {"r1": "sha256:undated"}


def test_repetitions_within_one_batch_are_seen(database: Database) -> None:
    outcomes = proposed_on(database, 1, A, A, B, report("r2"), A, A)
    assert outcomes == ["waiting", "duplicate", "waiting", "waiting", "waiting", "duplicate"]
    assert [one.report.headline for one in listed(database)] == [report().headline, "A"]


def test_proposing_nothing_does_nothing(database: Database) -> None:
    assert proposed_on(database, 1) == []
    assert known(database) == {}


@pytest.mark.slow
def test_thousands_are_proposed_and_decided_at_once(database: Database) -> None:
    many = [report(f"r{number}") for number in range(2500)]
    assert set(proposed_on(database, 1, *many)) == {"waiting"}
    assert set(proposed_on(database, 2, *many)) == {"duplicate"}
    assert len(known(database, *(one.id for one in many))) == 2500
    assert len(decided(database, 3, "rejected", *range(1, 2501))) == 2500
    assert numbers(database) == []


def test_a_decision_is_recorded_with_its_author_reason_and_moment(database: Database) -> None:
    proposed_on(database, 1, A, report("r2"))
    second, first = decided(database, 2, "accepted", 2, 1, 2)
    assert [second.report.id, first.report.id] == ["r2", "r1"]
    verdict = StoredVerdict(decision="accepted", author="ana", why="seen on film", decided_at=moment(2))
    assert first.verdict == verdict
    with database.reading() as session:
        assert look_up(session, 1) == first
        assert count_waiting(session) == 0


def test_everything_that_cannot_be_decided_is_named_at_once_and_nothing_is_done(database: Database) -> None:
    proposed_on(database, 1, A, report("r2"), report("r3"))
    proposed_on(database, 2, B)
    decided(database, 3, "rejected", 2, author="Ana \u202e")
    with pytest.raises(UsageError) as caught:
        decided(database, 4, "accepted", 3, 2, 1, 99, -1, 2**70)
    assert str(caught.value) == (
        "proposal 2 was rejected by Ana \u202e on 2026-01-03; proposal 1 was superseded on 2026-01-02; "
        f"no proposal has the number 99; no proposal has the number -1; no proposal has the number {2**70}; "
        "nothing was done: `posterity review` lists what waits"
    )
    assert [one.report.id for one in listed(database)] == ["r3", "r1"]


def test_of_many_who_decide_at_once_one_does_and_the_others_are_told(database_url: str) -> None:
    with open_database(database_url) as database:
        proposed_on(database, 1, A)

    def decide_alone(number: int) -> str:
        with open_database(database_url) as alone:
            try:
                decided(alone, 2, "accepted" if number % 2 else "rejected", 1, author=f"editor {number}")
            except UsageError as error:
                return str(error)
            return ""

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(decide_alone, range(8)))
    assert answers.count("") == 1
    winner = answers.index("")
    done = "accepted" if winner % 2 else "rejected"
    told = f"proposal 1 was {done} by editor {winner} on 2026-01-02; nothing was done: "
    assert all(answer.startswith(told) for answer in answers if answer)


def test_known_at_returns_what_waited_then(database: Database) -> None:
    proposed_on(database, 1, A)
    proposed_on(database, 2, report("r2", tag="loan"), source="wire")
    proposed_on(database, 3, B)
    decided(database, 4, "rejected", 2)
    decided(database, 5, "accepted", 3)
    then = [numbers(database, known_at=moment(day)) for day in range(1, 6)]
    assert then == [[1], [1, 2], [2, 3], [3], []]
    assert numbers(database, known_at=moment(1, hour=0)) == []
    assert numbers(database, known_at=moment(3), source="wire") == [2]
    assert numbers(database, known_at=moment(3), tag="loan") == [2]
    assert numbers(database, known_at=moment(3), limit=1) == [2]
    assert all(one.verdict is None for one in listed(database, known_at=moment(2)))
    with database.reading() as session:
        before, after = (proposals_of(session, "r1", known_at=moment(day)) for day in (2, 4))
    assert [(one.number, one.verdict and one.verdict.decision) for one in before] == [(1, None)]
    assert [(one.number, one.verdict and one.verdict.decision) for one in after] == [
        (1, "superseded"),
        (3, None),
    ]


def test_what_a_source_said_last_is_known_whatever_a_person_made_of_it(database: Database) -> None:
    file(database, 1, A, report("r2"))
    file(database, 2, B, report("r3"), author="ana")
    with database.reading() as session:
        assert last_said(session, ["r1", "r2", "r3", "r4"]) == {"r1": digest(A), "r2": digest(report("r2"))}


def test_a_person_s_reason_is_kept_with_the_version(database: Database) -> None:
    with database.session() as session:
        file_reports(session, [A], at=moment(1), origin="feed", author="ana", why="seen on film")
        (version,) = report_versions(session, "r1")
    assert (version.author, version.why) == ("ana", "seen on film")
