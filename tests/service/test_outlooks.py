"""What earlier nights expected resolves itself: softly, once, and with no look ahead."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text

from model.definition import forecast_digest
from model.errors import PosterityError
from model.outlook import outlook
from model.resolution import SETTLING
from service.composition import Service, opened
from service.knowledge import known_evidence
from service.nightly import state_version
from service.outlooks import outlook_rows, resolve_due
from storage.outlooks import Resolved, resolved, run_outlook
from storage.reports import retract_report
from storage.runs import RunRecord, Status, store_run
from tests.service.commands import Desk, quiet, report

NIGHT = date(2025, 3, 31)
WEEK, SETTLED = date(2025, 4, 7), date(2025, 5, 7)  # the end of the first week, and 30 days later
TREATY = """
[[forecasts.indicators]]
id = "treaty"
tag = "treaty"
recurs = false
probability = { down = 0.2, up = 0.6 }
"""
VISITS = TREATY.replace("treaty", "visit")


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Desk:
    return Desk(tmp_path, at(database_url, quiet()))


@pytest.fixture
def service(desk: Desk) -> Iterator[Service]:
    with opened(desk.folder / "config.toml") as service:
        yield service


def at(url: str, forecasts: str) -> str:
    return f'[storage]\nurl = "{url}"\n{forecasts}'


def watched_until(service: Service, day: date | None) -> Service:
    """The same service where the configuration says that someone was looking until a day."""
    changed = tuple(replace(one, observed_until=day) for one in service.configuration.forecasts)
    return replace(service, configuration=replace(service.configuration, forecasts=changed))


def believe(service: Service, as_of: date = NIGHT, status: Status = "published") -> int:
    """Store a run of the exact engine with its outlook, as a night does."""
    forecast = service.forecast("quiet")
    state_version(service, forecast)
    evidence = known_evidence(service, forecast, as_of=as_of)
    record = RunRecord(
        forecast_id=forecast.id,
        as_of=as_of,
        status=status,
        engine="exact",
        evidence_digest=f"sha256:{as_of}",
        forecast_digest=forecast_digest(forecast),
        code_digest="sha256:c",
        recorded_at=service.clock(),
        seconds=0,
        document={},
        evidence={},
        outlook=outlook_rows(evidence, outlook(evidence)),
    )
    with service.database.session() as session:
        return store_run(session, record)


def resolve(service: Service, as_of: date = SETTLED) -> int:
    return resolve_due(service, service.forecast("quiet"), as_of=as_of)


def what_came(service: Service) -> list[Resolved]:
    """What is resolved, the first decided first."""
    with service.database.reading() as session:
        return resolved(session, "quiet")[::-1]


def week(service: Service) -> tuple[float, int]:
    """Outcome and number of events of the first week, the only one resolved."""
    (only,) = what_came(service)
    assert only.expectation.days == 7
    return round(only.outcome, 12), only.events


def rows(service: Service) -> list[int]:
    tables = ("outlook", "outlook_resolution", "outlook_mark")
    with service.database.reading() as session:
        return [session.execute(text(f"SELECT count(*) FROM {one}")).scalar_one() for one in tables]  # noqa: S608 - ours


def ingest(desk: Desk, *reports: dict[str, object]) -> None:
    assert desk.types("ingest", desk.write("reports.jsonl", *reports)).code == 0


def test_it_resolves_30_days_after_its_end(service: Service, desk: Desk) -> None:
    believe(service)
    ingest(desk, report(published="2025-04-04", probability_true=0.8))
    assert resolve(service, date(2025, 5, 6)) == 0
    assert resolve(service, SETTLED) == 1
    assert week(service) == (0.8, 1)
    assert resolve(service, date(2025, 5, 29)) == 0
    assert resolve(service, date(2025, 7, 29)) == 2
    found = [(one.expectation.days, str(one.resolved_as_of), one.events) for one in what_came(service)]
    assert found == [(7, "2025-05-07", 1), (30, "2025-05-30", 1), (90, "2025-07-29", 1)]


def test_silence_resolves_to_nothing(service: Service) -> None:
    believe(service)
    resolve(service)
    assert week(service) == (0, 0)


def test_several_events_make_it_more_probable_that_there_was_one(service: Service, desk: Desk) -> None:
    ingest(
        desk,
        report("a", published="2025-04-02", probability_true=0.3, country="PE"),
        report("b", published="2025-04-05", probability_true=0.4, country="BR"),
    )
    believe(service)
    resolve(service)
    assert week(service) == (0.58, 2)


def test_resolving_again_changes_nothing(service: Service, desk: Desk) -> None:
    believe(service)
    assert resolve(service) == 1
    before = rows(service), what_came(service)
    ingest(desk, report(published="2025-04-04"))
    assert resolve(service) == 0
    assert (rows(service), what_came(service)) == before


def test_what_was_published_when_it_had_settled_does_not_count(service: Service, desk: Desk) -> None:
    ingest(
        desk,
        report("late", published="2025-05-08", occurred_on="2025-04-03", country="PE"),
        report("in-time", published="2025-05-07", occurred_on="2025-04-03", country="BR", grade="C3"),
    )
    believe(service)
    resolve(service, date(2025, 5, 20))
    assert week(service) == (0.65, 1)


def test_what_happened_before_the_night_is_not_new_however_late_it_was_reported(
    service: Service, desk: Desk
) -> None:
    ingest(desk, report(published="2025-04-02", occurred_on="2025-03-31"))
    believe(service)
    resolve(service)
    assert week(service) == (0, 0)


def test_a_report_that_was_retracted_does_not_count(service: Service, desk: Desk) -> None:
    ingest(desk, report("a", published="2025-04-04"))
    with service.database.session() as session:
        retract_report(session, "a", at=service.clock(), author="ana", why="a copy of an older one")
    believe(service)
    resolve(service)
    assert week(service) == (0, 0)


def test_what_is_retracted_later_stays_resolved_as_it_was(service: Service, desk: Desk) -> None:
    ingest(desk, report("a", published="2025-04-04"))
    believe(service)
    resolve(service)
    before = week(service)
    with service.database.session() as session:
        retract_report(session, "a", at=service.clock(), author="ana", why="a copy of an older one")
    assert resolve(service, date(2025, 5, 8)) == 0
    assert week(service) == before


def test_it_stays_open_while_nobody_observes_and_resolves_when_observation_has_moved_on(
    service: Service, desk: Desk
) -> None:
    ingest(desk, report(published="2025-04-04", probability_true=0.8))
    believe(service)
    late = date(2025, 6, 30)
    assert resolve(watched_until(service, date(2025, 4, 6)), late) == 0
    assert resolve(watched_until(service, WEEK), late) == 1
    assert week(service) == (0.8, 1)
    assert what_came(service)[0].resolved_as_of == SETTLED


def test_what_was_expected_while_nobody_observed_resolves_when_the_key_is_gone(service: Service) -> None:
    unwatched = watched_until(service, date(2025, 2, 28))
    believe(unwatched)
    assert resolve(unwatched) == 0
    assert resolve(service) == 1


def test_nights_that_resolve_go_on_past_one_that_stays_open(service: Service) -> None:
    until = [date(2025, 4, day) for day in (1, 2, 3)]
    for as_of in until:
        believe(service, as_of)
    watched = watched_until(service, date(2025, 4, 9))
    assert resolve(watched, date(2025, 6, 30)) == 2
    assert resolve(service, date(2025, 5, 10)) == 1
    assert [one.expectation.starts_on for one in what_came(service)] == until


def test_it_is_judged_by_the_definition_that_its_run_had(service: Service, desk: Desk) -> None:
    ingest(desk, report("a", published="2025-04-04", tag="deal"), report("b", tag="visit"))
    before = (desk.folder / "config.toml").read_text()
    believe(service)
    desk.configure(before.replace('id = "deals"\ntag = "deal"', 'id = "visits"\ntag = "visit"'))
    with opened(desk.folder / "config.toml") as changed:
        state_version(changed, changed.forecast("quiet"))
        assert resolve(changed) == 1
        assert week(changed)[1] == 1


@pytest.mark.parametrize("status", ["held", "failed"])
def test_only_what_was_published_is_resolved(service: Service, status: Status) -> None:
    believe(service, status=status)
    assert resolve(service) == 0


@pytest.mark.slow
def test_several_nights_and_indicators_resolve_together(desk: Desk) -> None:
    desk.configure((desk.folder / "config.toml").read_text() + TREATY + VISITS)
    ingest(desk, report(published="2025-04-06", tag="treaty", probability_true=0.9))
    with opened(desk.folder / "config.toml") as wider:
        nights = [date(2025, 4, day) for day in range(1, 11)]
        runs = [believe(wider, as_of) for as_of in nights]
        assert resolve(wider, date(2025, 12, 31)) == 10 * 3 * 3
        with wider.database.reading() as session:
            said = [one.indicator for one in run_outlook(session, runs[0])]
        came = {
            one.expectation.starts_on: one.outcome
            for one in what_came(wider)
            if one.expectation.indicator == "treaty" and one.expectation.days == 7
        }
    assert said == ["deals"] * 3 + ["treaty"] * 3 + ["visit"] * 3
    assert [day for day in nights if came[day] > 0] == nights[:5]


def selections(service: Service, as_of: date) -> int:
    """How often a night's resolving selects evidence."""
    seen: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(service.database.engine, "before_cursor_execute", note)
    resolve(service, as_of)
    event.remove(service.database.engine, "before_cursor_execute", note)
    return sum("FROM event_membership JOIN report_version" in one for one in seen)


@pytest.mark.slow
def test_a_night_selects_evidence_once_for_each_last_day_that_was_observed(service: Service) -> None:
    first, as_of = date(2025, 3, 1), date(2025, 6, 30)
    for day in range(30):
        believe(service, first + timedelta(day))
    assert selections(watched_until(service, first), as_of) == 0
    last_days = {first + timedelta(day + far) for day in range(30) for far in (7, 30, 90)}
    assert selections(service, as_of) == sum(day <= as_of - SETTLING for day in last_days)
    assert selections(service, as_of + timedelta(1)) == 1
    assert selections(service, as_of + timedelta(1)) == 0


class Killed(BaseException):
    """The process ends here."""


def test_a_night_that_is_killed_leaves_nothing_half_resolved(service: Service) -> None:
    believe(service)
    believe(service, WEEK)

    def clock() -> datetime:
        raise Killed

    with pytest.raises(Killed):
        resolve(replace(service, clock=clock), date(2025, 12, 31))
    assert rows(service) == [6, 0, 0]
    assert resolve(service, date(2025, 12, 31)) == 6


def test_at_the_horizon_there_is_nothing_left_to_expect(service: Service) -> None:
    evidence = known_evidence(service, service.forecast("quiet"), as_of=date(2025, 12, 30))
    assert {one.until for one in outlook_rows(evidence, outlook(evidence))} == {date(2025, 12, 31)}
    believe(service, date(2025, 12, 31))
    believe(service, date(2026, 2, 1))
    assert rows(service) == [0, 0, 0]
    assert resolve(service, date(2026, 3, 31)) == 0


def test_a_definition_that_was_never_recorded_is_told_in_one_line(service: Service) -> None:
    number = believe(service)
    with service.database.session() as session:
        session.execute(text("DELETE FROM forecast_version"))
    with pytest.raises(PosterityError, match=f"run {number} of quiet had a definition that was never"):
        resolve(service)
