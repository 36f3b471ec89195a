"""Editions: a week's stands once and for all; and the score of the outlooks that it reports."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from sqlalchemy.orm import Session

from model.resolution import expected_score
from storage.database import Database, open_database
from storage.editions import StoredEdition, get_edition, outlook_score, store_edition
from storage.outlooks import Resolution, Summary, due_expectations, record_resolutions, resolved
from storage.runs import store_run
from tests.storage.samples import expectation, moment, run
from tests.storage.test_query_plans import SCANNED, plans

WEEK = "2026-W02"
DOCUMENT = {"week": WEEK, "forecasts": [{"forecast": "rla", "now": 0.53, "title": "Рынок \u202e"}]}


def store(
    database: Database, document: Mapping[str, object], week: str = WEEK, day: int = 5
) -> StoredEdition:
    with database.session() as session:
        return store_edition(session, week, document, known_at=moment(day), at=moment(day, 8))


def stored(database: Database, week: str = WEEK) -> StoredEdition | None:
    with database.reading() as session:
        return get_edition(session, week)


def test_an_edition_comes_back_as_it_was_stored(database: Database) -> None:
    made = store(database, DOCUMENT)
    assert stored(database) == made
    assert made == StoredEdition(
        week=WEEK, known_at=moment(5), recorded_at=moment(5, 8), document={**DOCUMENT}
    )


def test_of_a_week_that_was_not_written_there_is_nothing(database: Database) -> None:
    store(database, DOCUMENT)
    assert stored(database, "2026-W03") is None


def test_the_first_edition_of_a_week_is_the_one_that_stands(database: Database) -> None:
    first = store(database, DOCUMENT)
    assert store(database, {"week": WEEK, "forecasts": []}, day=6) == first
    assert stored(database) == first
    assert store(database, {"forecasts": []}, week="2026-W03").document == {"forecasts": []}


def test_what_is_undone_leaves_the_week_unwritten(database: Database) -> None:
    def store_and_fail() -> None:
        with database.session() as session:
            store_edition(session, WEEK, DOCUMENT, known_at=moment(5), at=moment(5))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store_and_fail()
    assert stored(database) is None


def test_numbers_that_json_cannot_hold_are_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="JSON"):
        store(database, {"now": float("nan")})


def test_editions_written_at_once_from_many_sides_are_one(database_url: str) -> None:
    sides = 4
    ready = Barrier(sides)

    def write_alone(side: int) -> object:
        with open_database(database_url) as database:
            ready.wait()
            return store(database, {"side": side}).document

    with ThreadPoolExecutor(sides) as pool:
        answers = list(pool.map(write_alone, range(sides)))
    with open_database(database_url) as database:
        standing = stored(database)
    assert standing is not None
    assert answers == [standing.document] * sides


def lived(database: Database) -> None:
    """Five nights, each expecting something of 7 and of 30 days; decided on days apart."""
    for day in range(5):
        cutoff = date(2026, 1, 1) + timedelta(day)
        outlook = [
            expectation(
                days=days, starts_on=cutoff, until=cutoff + timedelta(days), probability=0.1 + 0.15 * day
            )
            for days in (7, 30)
        ]
        with database.session() as session:
            store_run(session, run(as_of=cutoff, recorded_at=moment(1 + day), outlook=outlook))
            for one in due_expectations(session, "rla", until=date(2027, 1, 1)):
                found = Resolution(
                    of=one, outcome=0.2 * day, events=1, resolved_as_of=one.expectation.until + timedelta(30)
                )
                record_resolutions(session, "rla", [found], at=moment(10 + day))


def score(session: Session, since: date = date(2026, 3, 1), known_at: int = 20) -> Summary | None:
    return outlook_score(session, "rla", days=30, since=since, known_at=moment(known_at))


def test_the_score_is_that_of_the_expectations_decided_after_a_day(database: Database) -> None:
    lived(database)
    since = date(2026, 3, 2)  # the first was decided on it, and does not count
    with database.reading() as session:
        found = score(session, since)
        mine = [
            one
            for one in resolved(session, "rla")
            if one.expectation.days == 30 and one.resolved_as_of > since
        ]
    assert found is not None
    assert (found.number, found.days) == (len(mine), 30) == (4, 30)
    said, came = [one.expectation.probability for one in mine], [one.outcome for one in mine]
    brier = [expected_score(y, p).brier for y, p in zip(came, said, strict=True)]
    assert found.mean_probability == pytest.approx(sum(said) / 4, abs=1e-15)
    assert found.mean_outcome == pytest.approx(sum(came) / 4, abs=1e-15)
    assert found.brier == pytest.approx(sum(brier) / 4, abs=1e-14)


def test_a_score_knows_only_what_had_been_decided_by_then(database: Database) -> None:
    lived(database)
    with database.reading() as session:
        by_then, nothing = score(session, known_at=12), score(session, known_at=9)
    assert by_then is not None
    assert by_then.number == 3
    assert nothing is None


def test_where_nothing_was_decided_there_is_no_score(database: Database) -> None:
    lived(database)
    with database.reading() as session:
        assert score(session, since=date(2026, 4, 1)) is None
        assert outlook_score(session, "x", days=30, since=date(2026, 1, 1), known_at=moment(20)) is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_editions_and_scores_are_looked_up_and_no_table_is_scanned(database: Database) -> None:
    lived(database)
    for query in (score, lambda session: get_edition(session, WEEK)):
        plan = plans(database, query)
        assert not SCANNED.search(plan), plan
