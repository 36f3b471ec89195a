"""What a replay selects in memory is what the store's query selects for each cutoff."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from model import credibility
from model.dates import CoarseDate
from model.domain import Report
from model.evidence import select
from model.replay import Archive, cutoffs, every
from service.composition import Service
from service.configuration import load
from service.replaying import looking
from storage.database import Database
from storage.events import Membership, evidence_reports, join_events
from storage.polls import Poll, record_poll
from storage.reports import file_reports
from tests.service.commands import at, quiet

FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)
SOURCES = """
[[sources]]
id = "wire"
kind = "rss"
path = "wire.xml"

[[sources]]
id = "mill"
kind = "rss"
path = "mill.xml"

"""


@pytest.fixture
def service(tmp_path: Path, database: Database, database_url: str) -> Service:
    return make_service(tmp_path, database, database_url, quiet())


def make_service(folder: Path, database: Database, url: str, text: str) -> Service:
    (folder / "config.toml").write_text(at(url, text), encoding="utf-8")
    configuration = load(folder / "config.toml", {})
    return Service(
        configuration=configuration, database=database, clock=lambda: datetime(2026, 2, 1, tzinfo=UTC)
    )


def chaos(seed: int, number: int = 120) -> Iterator[tuple[Report, str, datetime]]:
    """Reports with all that selection looks at, each with its event and the day on which it came in."""
    rng = random.Random(seed)  # noqa: S311 - what happens, not what is secret
    days = [FIRST + timedelta(days) for days in range(-60, 400)]
    for place in range(number):
        day = rng.choice(days)
        published = rng.choice([day.isoformat(), day.isoformat()[:7], day.isoformat()])
        occurred = rng.choice([None, rng.choice(days).isoformat(), rng.choice(days).isoformat()[:7]])
        one = Report(
            id=f"r{place}",
            published=CoarseDate.parse(published),
            occurred=CoarseDate.parse(occurred) if occurred else None,
            tag=rng.choice(["deal", "deal", "talk", "analysis"]),
            country=rng.choice(["PE", "BO", "*"]),
            headline=f"Lima says {rng.randrange(40)}",
            publisher=rng.choice([None, "example.org", "example.com"]),
            grade=rng.choice([None, "A1", "B2", "D4"]),
            denies=rng.random() < 0.2,
        )
        received = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=rng.randrange(380))
        yield one, f"e{rng.randrange(25)}", received


def fill(database: Database, seed: int) -> None:
    with database.session() as session:
        for one, event, received in chaos(seed):
            file_reports(session, [one], at=received, origin="x")
            join_events(session, [Membership(report_id=one.id, event_key=event, why="")], at=received)
        amended = [replace(one, tag="talk") for one, *_ in list(chaos(seed))[:10]]
        file_reports(session, amended, at=datetime(2026, 1, 1, tzinfo=UTC), origin="x", author="Ana")


@pytest.mark.parametrize("seed", range(3))
def test_memory_and_store_select_the_same_reports_and_evidence_for_every_cutoff(
    service: Service, seed: int
) -> None:
    fill(service.database, seed)
    (forecast,) = service.configuration.forecasts
    grades = service.configuration.grades.worth()
    counted = set()
    with service.database.reading() as session:
        archive = Archive(
            forecast, evidence_reports(session, forecast.tags, opened=FIRST, as_of=LAST), grades
        )
        for day in cutoffs(FIRST, LAST, every("5d")):
            reports = evidence_reports(session, forecast.tags, opened=FIRST, as_of=day)
            assert archive.reports(day) == reports
            events = credibility.events(reports, as_of=day, grades=grades)
            evidence = select(forecast, events, as_of=day)
            assert archive.evidence(day, observed_until=None) == evidence
            counted.add(len(evidence.events))
    assert len(counted) > 5


def test_evidence_does_not_depend_on_the_order_in_which_cutoffs_are_asked_for(service: Service) -> None:
    fill(service.database, 7)
    (forecast,) = service.configuration.forecasts
    grades = service.configuration.grades.worth()
    with service.database.reading() as session:
        reports = evidence_reports(session, forecast.tags, opened=forecast.opened, as_of=LAST)
    days = list(cutoffs(FIRST, LAST, every("7d")))
    forwards, backwards = Archive(forecast, reports, grades), Archive(forecast, reports, grades)
    later = {day: backwards.evidence(day, observed_until=None) for day in reversed(days)}
    assert [forwards.evidence(day, observed_until=None) for day in days] == [later[day] for day in days]


@pytest.fixture
def watched(tmp_path: Path, database: Database, database_url: str) -> Service:
    return make_service(tmp_path, database, database_url, SOURCES + quiet())


def answered(service: Service, source: str, *days: str) -> None:
    with service.database.session() as session:
        for day in days:
            moment = datetime.fromisoformat(f"{day}T12:00+00:00")
            record_poll(session, Poll(source=source, started_at=moment, at=moment, outcome="unchanged"))


def looked(service: Service, *days: str) -> list[str]:
    until = looking(service, service.configuration.forecasts[0])
    return [str(until(date.fromisoformat(day))) for day in days]


def test_a_past_night_was_observed_until_the_oldest_last_success_of_its_time(watched: Service) -> None:
    answered(watched, "wire", "2025-03-01", "2025-03-02", "2025-03-05")
    answered(watched, "mill", "2025-03-01", "2025-03-04")
    days = ["2025-03-02", "2025-03-04", "2025-03-06"]
    assert looked(watched, *days) == ["2025-03-01", "2025-03-02", "2025-03-04"]


def test_a_source_not_asked_yet_is_taken_as_a_run_of_today_takes_it(watched: Service) -> None:
    answered(watched, "wire", "2025-06-01")
    answered(watched, "mill", "2025-06-01")
    assert looked(watched, "2025-03-01") == ["2025-06-01"]  # so that all of the past counts


def test_a_source_that_never_answered_has_seen_nothing(watched: Service) -> None:
    answered(watched, "wire", "2025-06-01")
    assert looked(watched, "2025-03-01", "2025-07-01") == ["2025-01-01", "2025-01-01"]


def test_the_forecasts_own_key_goes_before_its_sources(watched: Service, tmp_path: Path) -> None:
    answered(watched, "wire", "2025-03-01")
    stated = quiet().replace("coverage_sd = 0\n", "coverage_sd = 0\nobserved_until = 2025-05-05\n")
    (tmp_path / "config.toml").write_text(SOURCES + stated, encoding="utf-8")
    other = replace(watched, configuration=load(tmp_path / "config.toml", {}))
    assert looked(other, "2025-03-01") == ["2025-05-05"]


def test_nobody_watching_is_everybody_looking(service: Service) -> None:
    assert looked(service, "2025-03-01") == ["None"]
