"""Outlooks: stored with their run, found when they are due, resolved once."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, date, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from model.resolution import expected_score
from storage.database import Database, open_database
from storage.outlook_scores import summary
from storage.outlooks import (
    Due,
    Resolution,
    StoredExpectation,
    due_expectations,
    record_resolutions,
    resolved,
    run_outlook,
)
from storage.runs import store_run
from tests.storage.samples import expectation, moment, run
from tests.storage.test_query_plans import SCANNED, plans

FIRST = date(2026, 1, 1)
FAR = date(2027, 1, 1)
CHANCES = (0.1, 0.25, 0.5, 0.8)


def store_night(session: Session, day: int, **changes: Any) -> int:
    """Store a run of a day that expects something of two days, one and two days away."""
    cutoff = FIRST + timedelta(day)
    chance = CHANCES[day % len(CHANCES)]
    outlook = [
        expectation(days=far, starts_on=cutoff, until=cutoff + timedelta(far), probability=chance)
        for far in (1, 2)
    ]
    plain = run(as_of=cutoff, recorded_at=moment(1), outlook=outlook, evidence_digest=f"sha256:{day}")
    return store_run(session, replace(plain, **changes))


def night(database: Database, day: int, **changes: Any) -> int:
    with database.session() as session:
        return store_night(session, day, **changes)


def due(database: Database, until: date = FAR, forecast: str = "rla") -> list[Due]:
    with database.reading() as session:
        return due_expectations(session, forecast, until=until)


def places(found: Iterable[Due]) -> list[tuple[int, int]]:
    return [(one.run, one.position) for one in found]


def settled(of: Due, outcome: float = 0.5) -> Resolution:
    return Resolution(of=of, outcome=outcome, events=1, resolved_as_of=of.expectation.until)


def resolve(database: Database, found: Iterable[Due], outcome: float = 0.5, at: int = 20) -> int:
    with database.session() as session:
        resolutions = [settled(one, outcome) for one in found]
        return record_resolutions(session, "rla", resolutions, at=moment(at))


def count(database: Database, table: str) -> int:
    with database.reading() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608 - ours


def test_an_outlook_comes_back_in_the_order_of_its_forecast(database: Database) -> None:
    said = [expectation(indicator=name) for name in ("visits", "deals", "arms")]
    with database.session() as session:
        number = store_run(session, run(outlook=said))
    with database.reading() as session:
        assert run_outlook(session, number) == said


def test_an_outlook_is_stored_with_its_run_or_not_at_all(database: Database) -> None:
    def store_and_fail() -> None:
        with database.session() as session:
            store_night(session, 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store_and_fail()
    assert (count(database, "run"), count(database, "outlook")) == (0, 0)


def test_the_same_run_a_second_time_stores_no_second_outlook(database: Database) -> None:
    assert night(database, 1) == night(database, 1)
    assert count(database, "outlook") == 2


@pytest.mark.parametrize("starts_on", [date(2026, 1, 17), date(2026, 1, 18)])
def test_an_expectation_of_no_day_is_refused(database: Database, starts_on: date) -> None:
    with pytest.raises(IntegrityError), database.session() as session:
        store_run(session, run(outlook=[expectation(starts_on=starts_on)]))


def test_what_looks_no_further_than_a_day_is_due_on_it_the_nearest_first(database: Database) -> None:
    first, second = night(database, 1), night(database, 2)
    assert places(due(database, FIRST + timedelta(1))) == []
    assert places(due(database, FIRST + timedelta(3))) == [(first, 0), (first, 1), (second, 0)]


def test_what_is_due_says_what_its_run_was_told_and_what_it_said(database: Database) -> None:
    number = night(database, 1, forecast_digest="sha256:then")
    (one, _) = due(database)
    assert (one.run, one.position, one.forecast_digest) == (number, 0, "sha256:then")
    assert one.expectation == StoredExpectation(
        indicator="deals",
        days=1,
        starts_on=FIRST + timedelta(1),
        until=FIRST + timedelta(2),
        probability=0.25,
    )


@pytest.mark.parametrize("changes", [{"status": "held"}, {"status": "failed"}, {"forecast_id": "other"}])
def test_only_published_runs_of_the_forecast_have_anything_due(
    database: Database, changes: dict[str, str]
) -> None:
    night(database, 1, **changes)
    assert due(database) == []


def test_what_is_resolved_is_due_no_more(database: Database) -> None:
    night(database, 1)
    assert resolve(database, due(database)) == 2
    assert due(database) == []


def test_resolving_twice_records_the_first_and_nothing_else(database: Database) -> None:
    night(database, 1)
    found = due(database)
    assert resolve(database, found[:1], outcome=0.25) == 1
    assert resolve(database, found, outcome=0.75, at=21) == 1
    assert resolve(database, found, outcome=1) == 0
    with database.reading() as session:
        came = [(one.outcome, one.recorded_at) for one in resolved(session, "rla")]
    assert came == [(0.75, moment(21)), (0.25, moment(20))]


def test_resolutions_recorded_at_once_from_many_sides_are_recorded_once(database_url: str) -> None:
    sides = 4
    ready = Barrier(sides)
    with open_database(database_url) as database:
        night(database, 1)

    def resolve_alone(_: int) -> int:
        with open_database(database_url) as database:
            found = due(database)
            ready.wait()
            return resolve(database, found)

    with ThreadPoolExecutor(sides) as pool:
        assert sorted(pool.map(resolve_alone, range(sides))) == [0, 0, 0, 2]


def test_what_is_undone_leaves_everything_due(database: Database) -> None:
    night(database, 1)
    found = due(database)

    def resolve_and_fail() -> None:
        with database.session() as session:
            record_resolutions(session, "rla", [settled(one) for one in found], at=moment(20))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        resolve_and_fail()
    assert due(database) == found
    assert (count(database, "outlook_resolution"), count(database, "outlook_mark")) == (0, 0)


@pytest.mark.parametrize("outcome", [-0.01, 1.01])
def test_an_outcome_that_is_no_probability_is_refused(database: Database, outcome: float) -> None:
    night(database, 1)
    with pytest.raises(IntegrityError):
        resolve(database, due(database), outcome)


def test_what_was_never_expected_can_not_be_resolved(database: Database) -> None:
    never = Due(run=7, position=0, forecast_digest="sha256:f", expectation=expectation())
    with pytest.raises(IntegrityError):
        resolve(database, [never])


def test_what_stays_open_is_found_however_much_is_resolved_after_it(database: Database) -> None:
    runs = [night(database, day) for day in range(6)]
    resolve(database, [one for one in due(database) if (one.run, one.position) != (runs[2], 1)])
    assert places(due(database)) == [(runs[2], 1)]
    night(database, 6)
    resolve(database, due(database)[1:])
    assert places(due(database)) == [(runs[2], 1)]
    assert resolve(database, due(database)) == 1
    assert due(database) == []


def test_a_run_of_an_old_cutoff_is_found_though_all_before_it_is_resolved(database: Database) -> None:
    for day in range(10, 14):
        night(database, day)
    resolve(database, due(database))
    late = night(database, 2)
    assert places(due(database, FIRST + timedelta(4))) == [(late, 0), (late, 1)]


@pytest.mark.slow
def test_a_run_stored_while_others_are_resolved_is_not_passed_over(database_url: str) -> None:
    """It has the lower number, and comes into sight later than the higher one that is resolved."""
    with open_database(database_url) as database, ThreadPoolExecutor(1) as beside:
        with database.session() as slow:
            first = store_night(slow, 1)
            stored = beside.submit(store_and_resolve, database_url)
            wait([stored], timeout=0.5)  # long enough to overtake, if it could
        assert stored.result() == 2
        assert places(due(database)) == [(first, 0), (first, 1)]


def store_and_resolve(url: str) -> int:
    with open_database(url) as database:
        number = night(database, 2)
        return resolve(database, [one for one in due(database) if one.run == number])


def test_what_became_of_expectations_is_listed_the_last_decided_first(database: Database) -> None:
    number = night(database, 1)
    resolve(database, due(database)[:1], at=20)
    resolve(database, due(database), outcome=0.75, at=22)
    with database.reading() as session:
        last, first = resolved(session, "rla")
        assert resolved(session, "rla", limit=1) == [last]
        assert resolved(session, "rla", known_at=moment(21)) == [first]
        assert resolved(session, "other") == []
    assert (last.run, last.outcome, last.events) == (number, 0.75, 1)
    assert (last.resolved_as_of, last.recorded_at) == (FIRST + timedelta(3), moment(22))
    assert last.expectation.days == 2


def test_scores_are_summed_up_for_those_that_look_equally_far(database: Database) -> None:
    for day in range(4):
        night(database, day)
    for one, outcome in zip(due(database), (0.0, 0.02, 0.5, 0.98, 0.3, 0.8, 0.7, 1.0), strict=True):
        resolve(database, [one], outcome)
    with database.reading() as session:
        found, every = summary(session, "rla", zone=UTC), resolved(session, "rla")
    assert [one.days for one in found] == [1, 2]
    for sums in found:
        mine = [each for each in every if each.expectation.days == sums.days]
        said, came = [each.expectation.probability for each in mine], [each.outcome for each in mine]
        scores = [expected_score(y, p).brier for y, p in zip(came, said, strict=True)]
        always = [expected_score(y, sums.mean_outcome).brier for y in came]
        assert sums.number == 4
        assert sums.mean_probability == pytest.approx(sum(said) / 4, abs=1e-15)
        assert sums.mean_outcome == pytest.approx(sum(came) / 4, abs=1e-15)
        assert sums.brier == pytest.approx(sum(scores) / 4, abs=1e-14)
        assert sums.climatology == pytest.approx(sum(always) / 4, abs=1e-14)


def test_what_nobody_has_resolved_has_no_score(database: Database) -> None:
    night(database, 1)
    with database.reading() as session:
        assert summary(session, "rla", zone=UTC) == []
    resolve(database, due(database))
    with database.reading() as session:
        assert summary(session, "rla", zone=UTC, known_at=moment(19)) == []
        assert [one.number for one in summary(session, "rla", zone=UTC, known_at=moment(20))] == [1, 1]


QUERIES: dict[str, Callable[[Session], object]] = {
    "due": lambda session: due_expectations(session, "rla", until=FAR),
    "recorded": lambda session: record_resolutions(session, "rla", [], at=moment(1)),
    "resolved": lambda session: resolved(session, "rla", limit=10),
    "resolved then": lambda session: resolved(session, "rla", limit=10, known_at=moment(9)),
    "scores": lambda session: summary(session, "rla", zone=UTC),
    "outlook": lambda session: run_outlook(session, 1),
}


def live_through(database: Database, days: int) -> None:
    """Every night is stored, and resolves what it can."""
    with database.session() as session:
        for day in range(days):
            store_night(session, day)
            found = due_expectations(session, "rla", until=FIRST + timedelta(day))
            record_resolutions(session, "rla", [settled(one) for one in found], at=moment(20))


@pytest.mark.parametrize("analysed", [False, True])
@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_outlooks_are_looked_up_and_no_table_is_scanned(
    database: Database, name: str, analysed: bool
) -> None:
    live_through(database, 30)
    if analysed:
        with database.session() as session:
            session.execute(text("ANALYZE"))
    plan = plans(database, QUERIES[name])
    assert not SCANNED.search(plan), plan


def steps(database: Database, query: Callable[[Session], object]) -> int:
    """How many instructions SQLite's machine takes for a query."""
    taken = 0

    def tick() -> None:
        nonlocal taken
        taken += 1

    with database.session() as session:
        driver: Any = session.connection().connection.driver_connection
        driver.set_progress_handler(tick, 1)
        query(session)
        driver.set_progress_handler(None, 1)
    return taken


@pytest.mark.slow
@pytest.mark.parametrize("name", ["due", "recorded", "resolved"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_longer_history_makes_no_more_work(database_url: str, name: str, tmp_path: Any) -> None:
    def work_after(days: int) -> int:
        path = tmp_path / f"after-{days}.db"
        path.write_bytes((tmp_path / "posterity.db").read_bytes())
        with open_database(f"sqlite:///{path}") as database:
            live_through(database, days)
            return steps(database, QUERIES[name])

    assert database_url
    assert work_after(120) <= 1.2 * work_after(20)
