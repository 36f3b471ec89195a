from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from model.domain import Report
from model.errors import UsageError
from model.wire import content
from storage.content import report_of
from storage.database import Database, open_database
from storage.events import Membership, join_events
from storage.reports import (
    file_reports,
    list_reports,
    report_versions,
    retract_report,
    unclaimed_tags,
)
from tests.storage.samples import moment, report


def file(database: Database, *reports: Report, day: int = 1, author: str | None = None) -> list[str]:
    with database.session() as session:
        filings = file_reports(session, reports, at=moment(day), origin="inbox/a.jsonl", author=author)
    return [filing.outcome for filing in filings]


def newest(database: Database, known: int | None = None) -> list[str]:
    known_at = moment(known) if known else None
    with database.reading() as session:
        return [one.report.headline for one in list_reports(session, known_at=known_at) if not one.retracted]


def retract(database: Database, report_id: str, day: int) -> str:
    with database.session() as session:
        return retract_report(session, report_id, at=moment(day), author="ana", why="a hoax").outcome


def test_a_report_comes_back_as_it_was_filed(database: Database) -> None:
    full = report(
        published="2025-07",
        occurred="2024",
        also=("BR", "CO"),
        publisher="tass.com",
        url="https://tass.com/1",
        lang="ru",
        grade="C1",
        denies=True,
        event="ve-plant",
        extra={"note": {"seen": [1, None]}},
    )
    assert file(database, full, report("bare", probability_true=0.25)) == ["accepted", "accepted"]
    with database.reading() as session:
        found = {one.report.id: one for one in list_reports(session)}
    assert content(found["r1"].report) == content(full)
    assert found["r1"].report.published == full.published
    assert found["bare"].report.probability_true == 0.25
    assert found["r1"].report.received == found["r1"].recorded_at == moment(1)
    assert (found["r1"].origin, found["r1"].version) == ("inbox/a.jsonl", 1)


def test_the_same_content_again_is_a_duplicate_and_stores_nothing(database: Database) -> None:
    file(database, report())
    assert file(database, report(), day=2) == ["duplicate"]
    with database.reading() as session:
        assert len(report_versions(session, "r1")) == 1


def test_other_content_amends_with_a_new_version_and_keeps_the_old_one(database: Database) -> None:
    file(database, report())
    assert file(database, report(headline="Second thoughts"), day=2) == ["amended"]
    with database.reading() as session:
        versions = report_versions(session, "r1")
    assert [one.version for one in versions] == [1, 2]
    assert [one.report.headline for one in versions] == [report().headline, "Second thoughts"]
    assert {one.report.received for one in versions} == {moment(1)}
    assert [one.recorded_at for one in versions] == [moment(1), moment(2)]


def test_repetitions_within_one_batch_are_seen(database: Database) -> None:
    batch = [report(), report(), report(headline="Changed"), report("r2"), report()]
    assert file(database, *batch) == ["accepted", "duplicate", "amended", "accepted", "amended"]


@pytest.mark.slow
def test_batches_of_thousands_are_filed_with_their_lines(database: Database) -> None:
    many = [report(f"r{number}") for number in range(2500)]
    with database.session() as session:
        lines = range(2, 2502)
        filings = file_reports(session, many, at=moment(1), origin="big.jsonl", lines=lines)
        assert {filing.version for filing in filings} == {1}
        stored = list_reports(session)
    assert sorted(one.line or 0 for one in stored) == list(lines)


def test_lines_must_be_one_for_each_report(database: Database) -> None:
    with pytest.raises(ValueError, match="shorter"), database.session() as session:
        file_reports(session, [report(), report("r2")], at=moment(1), origin="x", lines=[2])


def test_known_at_returns_the_past_as_it_was_recorded(database: Database) -> None:
    file(database, report(headline="one"), day=2)
    file(database, report(headline="two"), day=4)
    retract(database, "r1", 6)
    file(database, report(headline="three"), day=8, author="ana")
    assert [newest(database, day) for day in (1, 2, 3, 4, 5, 6, 7, 8)] == [
        *([], ["one"], ["one"], ["two"], ["two"], [], [], ["three"])
    ]
    with database.reading() as session:
        assert [one.version for one in report_versions(session, "r1", known_at=moment(5))] == [1, 2]


def test_a_retraction_is_a_new_version_with_its_author_and_reason(database: Database) -> None:
    file(database, report())
    assert retract(database, "r1", 2) == "retracted"
    assert retract(database, "r1", 3) == "duplicate"
    with database.reading() as session:
        last = report_versions(session, "r1")[-1]
    assert (last.version, last.retracted, last.author, last.why) == (2, True, "ana", "a hoax")
    assert last.report.headline == report().headline


def test_a_report_that_nobody_filed_can_not_be_retracted(database: Database) -> None:
    with pytest.raises(UsageError, match="'r9'"):
        retract(database, "r9", 1)


def test_a_source_that_repeats_itself_does_not_undo_what_a_person_amended(database: Database) -> None:
    file(database, report(grade="C1"))
    assert file(database, report(grade="B2"), day=2, author="ana") == ["amended"]
    assert file(database, report(grade="C1"), day=3) == ["duplicate"]
    assert file(database, report(grade="B2"), day=4) == ["duplicate"]
    with database.reading() as session:
        assert [one.report.grade for one in list_reports(session)] == ["B2"]


def test_what_a_person_retracted_stays_so_until_a_person_files_it_again(database: Database) -> None:
    file(database, report())
    retract(database, "r1", 2)
    assert file(database, report(), day=3) == ["duplicate"]
    assert file(database, report(headline="Reworded"), day=4) == ["amended"]
    assert newest(database) == []
    assert file(database, report(headline="Reworded"), day=5, author="ana") == ["amended"]
    assert newest(database) == ["Reworded"]


def test_a_source_that_returns_to_what_it_first_said_amends(database: Database) -> None:
    for day, headline in enumerate(["A", "B", "A"], start=1):
        file(database, report(headline=headline), day=day)
    assert newest(database) == ["A"]


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({}, ["c", "b", "a"]),
        ({"limit": 2}, ["c", "b"]),
        ({"tag": "loan"}, ["b"]),
        ({"country": "BR"}, ["c", "a"]),
        ({"country": "B%"}, []),
        ({"since": date(2025, 6, 30)}, ["c", "b"]),
        ({"until": date(2025, 6, 1)}, ["b", "a"]),
        ({"since": date(2025, 6, 15), "until": date(2025, 6, 15)}, ["b"]),
        ({"search": "ЗАВОД"}, ["b"]),
        ({"search": "TASS.com"}, ["c"]),
        ({"search": "100 %"}, ["a"]),
        ({"search": "1%0"}, []),
        ({"search": "_"}, []),
        ({"search": "' OR 1=1 --"}, []),
        ({"event": "e1"}, ["a"]),
    ],
)
def test_reports_are_listed_by_what_is_asked_for(
    database: Database, filters: dict[str, Any], ids: list[str]
) -> None:
    file(
        database,
        report("a", "2025-05-01", country="BR", headline="100 % certain"),
        report("b", "2025-06", tag="loan"),
        report("c", "2025-07-03", also=("AR", "BR"), headline="Votes", publisher="tass.com"),
    )
    with database.session() as session:
        join_events(session, [Membership(report_id="a", event_key="e1", why="stated")], at=moment(1))
        assert [one.report.id for one in list_reports(session, **filters)] == ids


def test_tags_that_nothing_claims_are_counted(database: Database) -> None:
    file(
        database,
        *(report(f"r{n}", tag=tag) for n, tag in enumerate(["loan", "visit", "visit", "loan", "aid"])),
    )
    file(database, report("r1", tag="loan"), day=2)
    retract(database, "r4", 2)
    with database.reading() as session:
        assert unclaimed_tags(session, ["aid"]) == {"loan": 3, "visit": 1}
        assert unclaimed_tags(session, [], known_at=moment(1)) == {"aid": 1, "loan": 2, "visit": 2}


def test_versions_of_one_report_are_numbered_without_gaps_when_filed_at_once(database_url: str) -> None:
    def file_alone(number: int) -> None:
        with open_database(database_url) as alone:
            file(alone, report(headline=f"wording {number}"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(file_alone, range(8)))
    with open_database(database_url) as database, database.reading() as session:
        versions = [one.version for one in report_versions(session, "r1")]
    assert all(later == earlier + 1 for earlier, later in pairwise(versions))
    assert len(versions) == 8


def test_content_with_unknown_fields_survives_the_way_there_and_back() -> None:
    stored = '{"id":"a","published_on":"2025","tag":"t","country":"*","headline":"h","odd":[1]}'
    assert report_of(stored, moment(1)).extra == {"odd": [1]}
