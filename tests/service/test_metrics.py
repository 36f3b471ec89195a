"""Metrics: what Prometheus would read, and that it is what the store says."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, insert

from service import metrics
from service.metrics import Figures
from storage.database import Database
from storage.jobs import NIGHT, Outcome, Task, end, start
from storage.outbox import queue
from storage.polls import Poll, record_poll
from storage.reports import file_reports
from storage.revisions import HEAD
from storage.runs import store_run
from storage.service_tables import Alert
from tests.service.browsing import near
from tests.service.stations import DAY, HOUR, NOON, Station
from tests.storage.samples import moment, report, run
from tests.storage.test_figures import alert
from tests.storage.test_stored_events import store

ALWAYS = {
    "posterity_scheduler_alive",
    "posterity_outbox_messages",
    "posterity_reports_total",
    "posterity_events_total",
    "posterity_inbox_files",
    "posterity_review_waiting",
    "posterity_build_info",
}
HOSTILE = 'disk"} 1\nposterity_scheduler_alive 1\n# HELP x \\'

type Samples = dict[tuple[str, ...], float]


@pytest.fixture
def station(tmp_path: Path, database: Database, database_url: str) -> Station:
    return Station(tmp_path, database, database_url)


def read(collector: Figures) -> Samples:
    """Every sample of ours by its name and its labels' values, as Prometheus parses them."""
    registry = CollectorRegistry()
    registry.register(collector)
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def now(station: Station, **options: Any) -> Samples:
    return read(Figures(station.service, **options))


def names(samples: Samples) -> set[str]:
    return {key[0] for key in samples}


def test_what_is_not_known_is_left_out_and_never_zero(station: Station) -> None:
    assert names(now(station)) == ALWAYS


def test_the_last_night_is_told_with_how_it_ended(station: Station) -> None:
    endings: dict[int, Outcome] = {18: "done", 19: "held"}
    with station.service.database.session() as session:
        for day, outcome in endings.items():
            number = start(session, Task(NIGHT, f"2026-01-{day}"), token=1, at=moment(day))
            end(session, number, outcome, at=moment(day) + timedelta(minutes=3))
    told = now(station)
    assert told["posterity_night_last_success_timestamp_seconds",] == moment(18).timestamp() + 180
    assert told["posterity_night_last_duration_seconds",] == 180
    outcomes = {key[1]: value for key, value in told.items() if key[0] == "posterity_night_last_outcome"}
    assert outcomes == {"done": 0, "held": 1, "failed": 0, "interrupted": 0}


def test_a_night_under_way_changes_nothing_of_the_last_one(station: Station) -> None:
    station.night(19, "done")
    before = now(station)
    station.night(20, None)
    assert now(station) == before


def test_a_forecast_is_told_by_its_run_in_force(station: Station) -> None:
    station.ran(18)
    told = now(station)
    assert told["posterity_probability", "quiet", "downside"] == 0.43
    assert told["posterity_probability", "quiet", "base"] == 0.53
    assert told["posterity_cutoff_age_days", "quiet"] == 2
    assert told["posterity_run_age_seconds", "quiet"] == (2 * DAY + 9.75 * HOUR).total_seconds()
    assert told["posterity_run_seconds", "quiet"] == 9.1
    assert told["posterity_run_held", "quiet"] == told["posterity_run_failed", "quiet"] == 0


@pytest.mark.parametrize("status", ["held", "failed"])
def test_a_run_that_was_not_published_is_told_and_the_one_before_stays_in_force(
    station: Station, status: Any
) -> None:
    station.ran(18)
    believed = now(station)
    station.ran(19, status)
    told = now(station)
    assert told[f"posterity_run_{status}", "quiet"] == 1
    for name in ("posterity_probability", "posterity_run_age_seconds", "posterity_cutoff_age_days"):
        assert {k: v for k, v in told.items() if k[0] == name} == {
            k: v for k, v in believed.items() if k[0] == name
        }


def test_a_forecast_that_is_no_longer_configured_is_not_told(station: Station) -> None:
    with station.service.database.session() as session:
        store_run(session, run(forecast_id="given-up"))
    assert names(now(station)) == ALWAYS


def test_a_scheduler_is_alive_until_its_lease_runs_out_or_is_given_back(station: Station) -> None:
    assert now(station)["posterity_scheduler_alive",] == 0
    station.works(lasts=timedelta(seconds=40))
    assert now(station)["posterity_scheduler_alive",] == 1
    station.now += timedelta(seconds=40)
    assert now(station)["posterity_scheduler_alive",] == 0


def test_mails_are_told_as_they_wait(station: Station) -> None:
    with station.service.database.session() as session:
        for week in ("2026-W03", "2026-W04"):
            queue(
                session,
                kind="digest",
                key=week,
                recipient="ana@example.org",
                message_id=f"<{week}@example.org>",
                subject="",
                document={},
                content="",
                at=NOON,
            )
    told = now(station)
    states = {key[1]: value for key, value in told.items() if key[0] == "posterity_outbox_messages"}
    assert states == {"waiting": 2, "claimed": 0, "dead": 0}


def test_files_in_the_inbox_are_told_and_an_inbox_that_is_gone_has_no_number(station: Station) -> None:
    for name in ("a.csv", "b.jsonl", ".hidden.csv", "c.txt"):
        (station.folder / "inbox" / name).touch()
    assert now(station)["posterity_inbox_files",] == 2
    shutil.rmtree(station.folder / "inbox")
    assert "posterity_inbox_files" not in names(now(station))


def test_reports_and_events_are_counted_by_source(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    feed = '[[sources]]\nid = "ministry"\nkind = "rss"\nurl = "https://example.org/x"\n'
    station = Station(tmp_path, database, database_url, feed)
    assert now(station)["posterity_reports_total", "ministry"] == 0
    store(database, report("a", event="e1"), report("b", event="e1"), report("c", event="e2"))
    with database.session() as session:
        file_reports(session, [report("d")], at=NOON, origin="ministry")
        file_reports(session, [report("e")], at=NOON, origin="from-a-file.csv")
    told = now(station)
    assert told["posterity_reports_total", "inbox"] == 4
    assert told["posterity_reports_total", "ministry"] == 1
    assert told["posterity_events_total", "inbox"] == 2


def test_each_reading_counts_on_from_the_last(station: Station) -> None:
    collector = Figures(station.service)
    for round_ in range(3):
        assert read(collector)["posterity_reports_total", "inbox"] == round_
        store(station.service.database, report(f"r{round_}"))


def test_counters_are_left_out_until_they_are_whole(station: Station) -> None:
    store(station.service.database, *(report(f"r{n}", event=f"e{n}") for n in range(5)))
    collector = Figures(station.service, rows_at_once=2)
    for _ in range(2):
        assert not {"posterity_reports_total", "posterity_events_total"} & names(read(collector))
    assert read(collector)["posterity_reports_total", "inbox"] == 5
    assert read(collector)["posterity_events_total", "inbox"] == 5


def test_a_store_that_was_restored_is_counted_anew(station: Station) -> None:
    collector, database = Figures(station.service), station.service.database
    store(database, report("a", event="e"), report("b", event="e"))
    assert read(collector)["posterity_reports_total", "inbox"] == 2
    with database.session() as session:
        for table in ("event_membership", "report_version"):
            session.connection().exec_driver_sql(f"DELETE FROM {table} WHERE report_id = 'b'")  # noqa: S608 - ours
    told = read(collector)
    assert told["posterity_reports_total", "inbox"] == told["posterity_events_total", "inbox"] == 1


def test_alerts_are_told_by_kind_and_hostile_text_stays_in_its_label(station: Station) -> None:
    with station.service.database.session() as session:
        for kind in ("disk", HOSTILE):
            session.execute(insert(Alert), [alert(kind), alert("outbox", ended=True)])
    told = now(station)
    assert told["posterity_alerts_open", "disk"] == told["posterity_alerts_open", HOSTILE] == 1
    assert told["posterity_scheduler_alive",] == 0


def test_what_is_built_says_its_version_and_its_tables(station: Station) -> None:
    (build,) = (key for key in now(station) if key[0] == "posterity_build_info")
    assert build[1] == HEAD
    assert build[2][0].isdigit()


def test_every_metric_has_help_and_its_unit_at_the_end_of_its_name(station: Station) -> None:
    station.is_well()
    text = generate_latest(metrics.registry(station.service)).decode()
    families = list(text_string_to_metric_families(text))
    ours = [one for one in families if one.name.startswith("posterity_")]
    assert len({one.name for one in families}) == len(families)
    assert len(ours) >= len(ALWAYS) + 9
    assert all(one.documentation.endswith(".") for one in ours)
    assert {one.type for one in ours} == {"gauge", "counter"}
    assert not [one.name for one in ours if "time" in one.documentation.lower() and "second" not in one.name]
    assert "process_resident_memory_bytes" in {one.name for one in families}


def test_over_http_it_is_prometheuss_text_format_and_whole(station: Station) -> None:
    station.is_well()
    answer = near(station.service).gets("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text.endswith("\n")
    told = {one.name for one in text_string_to_metric_families(answer.text)}
    assert {"posterity_probability", "posterity_night_last_success_timestamp_seconds"} <= told


def statements(database: Database, ask: Callable[[], object]) -> Sequence[str]:
    """Every statement that asking sends to the database, but for those that set a connection up."""
    seen: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        if not statement.startswith("PRAGMA"):
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    ask()
    event.remove(database.engine, "before_cursor_execute", note)
    return seen


def test_a_reading_asks_no_more_of_a_long_history_than_of_a_short_one(station: Station) -> None:
    database, collector = station.service.database, Figures(station.service)
    station.ran(1)
    short = statements(database, lambda: read(collector))
    for day in range(2, 20):
        station.ran(day)
        station.night(day, "done")
    store(database, *(report(f"r{n}", event=f"e{n}") for n in range(500)))
    read(collector)
    long = statements(database, lambda: read(collector))
    assert len(long) == len(short) > 8
    assert not [one for one in long if "report_version" in one and "WHERE" not in one and "max(" not in one]


def test_each_source_tells_its_last_success_and_its_failures(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    named = ("good", "bad", "new")
    sources = "".join(f'[[sources]]\nid = "{one}"\nkind = "rss"\npath = "x"\n' for one in named)
    station = Station(tmp_path, database, database_url, sources)
    with database.session() as session:
        good = Poll(source="good", started_at=station.now, at=station.now, outcome="done")
        bad = replace(good, source="bad", outcome="failed")
        for one in (good, bad, bad):
            record_poll(session, one)
    told = now(station)
    success, failures = "posterity_source_last_success_timestamp_seconds", "posterity_source_failures"
    assert told[success, "good"] == station.now.timestamp()
    assert (success, "new") not in told
    assert [told[failures, one] for one in ("good", "bad", "new")] == [0, 2, 0]
