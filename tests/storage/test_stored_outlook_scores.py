"""What outlooks score, and which of them count: what was on record in time, once for each cutoff."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from model.resolution import expected_score
from storage.database import Database
from storage.outlook_scores import (
    Scored,
    Summary,
    forecasts_with_outlooks,
    in_time,
    outlook_score,
    resolved_number,
    scored,
    summary,
)
from storage.outlooks import Resolution, due_expectations, record_resolutions, resolved
from storage.runs import Status, store_run
from tests.storage.samples import expectation, moment, run
from tests.storage.test_query_plans import SCANNED, plans

FIRST = date(2026, 1, 1)
LIMA, AUCKLAND = ZoneInfo("America/Lima"), ZoneInfo("Pacific/Auckland")


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
    return outlook_score(session, "rla", days=30, since=since, zone=UTC, known_at=moment(known_at))


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
        assert outlook_score(session, "x", days=30, since=FIRST, zone=UTC, known_at=moment(20)) is None


def night(
    database: Database,
    recorded: str,
    *,
    day: int = 10,
    chance: float = 0.25,
    status: Status = "published",
    outcome: float = 1.0,
) -> int:
    """Store a run of a cutoff in January that was recorded at a moment, and resolve what it expected."""
    as_of = date(2026, 1, day)
    said = expectation(starts_on=as_of, until=as_of + timedelta(7), probability=chance)
    record = run(
        as_of=as_of,
        recorded_at=datetime.fromisoformat(recorded).replace(tzinfo=UTC),
        status=status,
        outlook=[said],
        evidence_digest=f"sha256:{recorded} {chance}",
    )
    with database.session() as session:
        number = store_run(session, record)
        found = [
            Resolution(of=one, outcome=outcome, events=1, resolved_as_of=date(2026, 2, 16))
            for one in due_expectations(session, "rla", until=date(2027, 1, 1))
        ]
        record_resolutions(session, "rla", found, at=datetime(2026, 2, 16, tzinfo=UTC))
    return number


def counting(database: Database, zone: ZoneInfo | None = None) -> list[int]:
    with database.reading() as session:
        return in_time(session, "rla", zone=zone or UTC)


def test_what_a_night_expects_counts_and_so_does_one_that_was_tried_again_past_midnight(
    database: Database,
) -> None:
    first, second = night(database, "2026-01-10T03:00"), night(database, "2026-01-12T00:30", day=11)
    assert counting(database) == [first, second]


def test_what_is_computed_once_the_first_day_is_over_does_not_count(database: Database) -> None:
    number = night(database, "2026-01-11T23:59")
    night(database, "2026-01-13T00:00", day=11)
    assert counting(database) == [number]


def test_a_day_is_over_at_midnight_where_the_schedule_is(database: Database) -> None:
    number = night(database, "2026-01-12T04:59")
    assert counting(database, LIMA) == [number]
    assert counting(database) == counting(database, AUCKLAND) == []


def test_of_a_cutoff_the_newest_that_was_in_time_counts_and_nothing_that_came_later(
    database: Database,
) -> None:
    night(database, "2026-01-10T03:00", chance=0.1)
    night(database, "2026-01-10T15:00", chance=0.2)
    night(database, "2026-02-10T15:00", chance=0.99)
    with database.reading() as session:
        (found,) = scored(session, "rla", zone=UTC)
        (sums,) = summary(session, "rla", zone=UTC)
        assert resolved_number(session, "rla") == 3
    assert found == Scored("deals", 7, date(2026, 1, 10), 0.2, 1.0)
    assert (sums.number, sums.mean_probability) == (1, 0.2)


def test_a_run_that_is_held_takes_no_place(database: Database) -> None:
    number = night(database, "2026-01-10T03:00")
    night(database, "2026-01-10T15:00", status="held")
    assert counting(database) == [number]


def test_what_was_known_then_is_scored_as_it_was_then(database: Database) -> None:
    night(database, "2026-01-10T03:00", chance=0.1)
    night(database, "2026-01-10T15:00", chance=0.2)
    noon = datetime(2026, 1, 10, 12, tzinfo=UTC)
    with database.reading() as session:
        assert len(in_time(session, "rla", zone=UTC, known_at=noon)) == 1
        assert scored(session, "rla", zone=UTC, known_at=noon) == []
        assert resolved_number(session, "rla", known_at=noon) == 0


def test_forecasts_whose_outlooks_came_to_be_decided_are_named(database: Database) -> None:
    with database.reading() as session:
        assert forecasts_with_outlooks(session) == []
    night(database, "2026-01-10T03:00")
    with database.reading() as session:
        assert forecasts_with_outlooks(session) == ["rla"]


QUERIES: dict[str, Callable[[Session], object]] = {
    "month": score,
    "summary": lambda session: summary(session, "rla", zone=UTC),
    "every one": lambda session: scored(session, "rla", zone=UTC),
    "number": lambda session: resolved_number(session, "rla"),
}


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_scores_are_looked_up_and_no_table_is_scanned(database: Database, name: str) -> None:
    lived(database)
    plan = plans(database, QUERIES[name])
    assert not SCANNED.search(plan), plan


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_summary_reads_indexes_alone(database: Database) -> None:
    lived(database)
    plan = plans(database, QUERIES["summary"])
    assert "COVERING INDEX ix_run_latest" in plan
    assert "COVERING INDEX ix_outlook_resolution_scores" in plan
    assert "TEMP B-TREE" not in plan
