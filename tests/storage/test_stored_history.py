import csv
import io
import json
from datetime import date, timedelta
from typing import Any

import pytest

from storage.database import Database
from storage.history import HistoryRow, Part, history, history_documents, lines
from storage.runs import RunRecord, store_run
from tests.storage.samples import moment, run

HEADER = (
    "forecast,as_of,run,status,engine,scenario,probability,prior,band_low,band_high,"
    "pymc_probability,monte_carlo_error,word,known_at"
)

FAILED = 5  # the run that has no posteriors


def at(cutoff: int, day: int | None = None, **changes: Any) -> RunRecord:
    return run(as_of=date(2026, 1, cutoff), recorded_at=moment(day or cutoff), **changes)


@pytest.fixture
def filled(database: Database) -> Database:
    """Runs 1 to 5: two of one cutoff, a held one, a failed one; and one of another forecast."""
    failed = at(12, 13, status="failed", posteriors=())
    with database.session() as session:
        for record in (at(10), at(11), at(10, 20, code_digest="new"), at(12, status="held"), failed):
            store_run(session, record)
        store_run(session, at(10, forecast_id="other"))
    return database


def number_of(document: str) -> int:
    return int(json.loads(document)["run"])


def runs(database: Database, **asked: Any) -> list[int]:
    with database.reading() as session:
        rows = list(history(session, "rla", **asked))
        documents = list(history_documents(session, "rla", **asked))
    numbers = [row.run for row in rows if row.scenario == "base"]
    assert [number for number in map(number_of, documents) if number != FAILED] == numbers
    return numbers


def test_rows_are_those_of_the_csv_in_the_scenarios_order(filled: Database) -> None:
    with filled.reading() as session:
        rows = list(history(session, "rla", last=date(2026, 1, 10)))
    assert ",".join(HistoryRow._fields) == HEADER
    assert [row.scenario for row in rows] == ["downside", "base"]
    assert rows[1][:6] == ("rla", date(2026, 1, 10), 3, "published", "exact", "base")
    assert rows[1][6:] == (0.53, 0.6, 0.43, 0.62, 0.531, 0.001, "roughly even chance", moment(20))
    assert (rows[0].band_low, rows[0].pymc_probability) == (None, None)


def test_rows_can_be_written_as_they_are(filled: Database) -> None:
    out = io.StringIO()
    with filled.reading() as session:
        csv.writer(out).writerows(history(session, "rla", last=date(2026, 1, 10)))
    assert out.getvalue().splitlines()[0] == (
        "rla,2026-01-10,3,published,exact,downside,0.43,0.15,,,,,unlikely,2026-01-20 03:00:00+00:00"
    )


def test_the_newest_run_of_each_cutoff_is_shown_and_a_failed_one_hides_none(filled: Database) -> None:
    assert runs(filled) == [3, 2, 4]


def test_every_run_is_shown_where_all_are_asked_for(filled: Database) -> None:
    assert runs(filled, all_runs=True) == [1, 3, 2, 4]
    with filled.reading() as session:
        documents = list(history_documents(session, "rla", all_runs=True))
    assert [number_of(document) for document in documents] == [1, 3, 2, 4, FAILED]


def test_the_span_includes_both_ends(filled: Database) -> None:
    assert runs(filled, first=date(2026, 1, 11)) == [2, 4]
    assert runs(filled, first=date(2026, 1, 11), last=date(2026, 1, 11)) == [2]
    assert runs(filled, first=date(2026, 2, 1)) == []


def test_known_at_shows_the_history_as_it_was_seen_then(filled: Database) -> None:
    assert runs(filled, known_at=moment(11)) == [1, 2]
    assert runs(filled, known_at=moment(19)) == [1, 2, 4]


def test_of_each_cutoff_one_run_is_shown_wherever_the_span_begins(filled: Database) -> None:
    begins = date(2026, 1, 10)
    assert runs(filled, first=begins) == [3, 2, 4]
    assert runs(filled, first=begins, last=begins) == [3]
    assert runs(filled, first=begins, known_at=moment(11)) == [1, 2]
    assert runs(filled, first=begins, all_runs=True) == [1, 3, 2, 4]


def test_of_two_runs_of_one_moment_the_later_number_counts(database: Database) -> None:
    with database.session() as session:
        for code in ("old", "new"):
            store_run(session, at(10, 20, code_digest=code))
    assert runs(database) == [2]


@pytest.mark.parametrize("latest_first", [False, True])
def test_lines_are_put_together_by_cutoff_whatever_the_order_of_their_runs(
    database: Database, *, latest_first: bool
) -> None:
    places = [number * 17 % 40 for number in range(40)]  # of each run's cutoff among the others
    with database.session() as session:
        for number, place in enumerate(places):
            day = date(2026, 1, 1) + timedelta(days=place)
            store_run(session, run(as_of=day, recorded_at=moment(1) + timedelta(hours=number)))
    part = Part(forecast_id="rla", latest_first=latest_first)
    with database.reading() as session:
        found, few = lines(session, part, limit=1000), lines(session, part, limit=3)
        none = lines(session, Part(forecast_id="nobody"), limit=3)
    expected = sorted(range(1, 41), key=lambda one: places[one - 1], reverse=latest_first)
    assert (found.runs, few.runs, none.runs) == (40, 3, 0)
    assert [one["run"] for one in json.loads(f"[{found.text}]")] == expected
    assert [one["run"] for one in json.loads(f"[{few.text}]")] == expected[:3]
    assert not none.text
