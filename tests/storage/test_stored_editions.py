"""Editions: a week's stands once and for all."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from storage.database import Database, open_database
from storage.editions import StoredEdition, get_edition, store_edition
from tests.storage.samples import moment
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


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_edition_is_looked_up_and_no_table_is_scanned(database: Database) -> None:
    plan = plans(database, lambda session: get_edition(session, WEEK))
    assert not SCANNED.search(plan), plan
