from datetime import date, timedelta

import pytest

from storage.database import Database
from storage.latest_runs import standings
from storage.runs import ScenarioPosterior, Status, forecast_ids_with_runs, latest_published, store_run
from tests.storage.samples import moment, run

DAYS = (1, 7, 30)


def stored(
    database: Database, cutoff: int, up: float, status: Status = "published", **changes: object
) -> int:
    posteriors = [ScenarioPosterior(scenario="up", probability=up), ScenarioPosterior(scenario="down")]
    record = run(
        as_of=date(2026, 1, cutoff), recorded_at=moment(cutoff), status=status, posteriors=posteriors
    )
    from dataclasses import replace  # noqa: PLC0415

    with database.session() as session:
        return store_run(session, replace(record, **changes))  # type: ignore[arg-type]  # tests name fields


@pytest.fixture
def filled(database: Database) -> Database:
    for cutoff in range(1, 13):
        stored(database, cutoff, cutoff / 100)
    stored(database, 14, 0.9, "held")
    stored(database, 3, 0.5, forecast_id="other", recorded_at=moment(4))
    stored(database, 3, 0.6, forecast_id="other", recorded_at=moment(20), code_digest="new")
    stored(database, 3, 0.6, "held", forecast_id="zero")
    return database


def test_every_forecast_stands_by_its_newest_published_run(filled: Database) -> None:
    with filled.reading() as session:
        found = standings(session, days=DAYS)
        assert list(found) == forecast_ids_with_runs(session) == ["other", "rla", "zero"]
        for one, standing in found.items():
            latest = latest_published(session, one)
            assert (standing.published and standing.published.run) == (latest and latest.run)
    rla = found["rla"]
    assert (rla.newest.status, rla.newest.as_of, rla.newest.run) == ("held", date(2026, 1, 14), 13)
    assert rla.published is not None
    assert (rla.published.as_of, rla.published.recorded_at) == (date(2026, 1, 12), moment(12))
    assert [one.scenario for one in rla.published.posteriors] == ["up", "down"]
    assert rla.published.before == {1: {"up": 0.11, "down": None}, 7: {"up": 0.05, "down": None}, 30: {}}
    assert found["zero"].published is None


def test_a_standing_is_told_as_it_was_known_and_up_to_a_cutoff(filled: Database) -> None:
    with filled.reading() as session:
        then = standings(session, known_at=moment(5) + timedelta(hours=1))
        early = standings(session, days=(1,), as_of=date(2026, 1, 2))
        one = standings(session, only="other", known_at=moment(19))
        assert standings(session, only="nobody") == {}
    assert (then["rla"].published or then["rla"].newest).run == 5
    assert list(early) == ["rla"]
    assert early["rla"].published is not None
    assert early["rla"].published.before == {1: {"up": 0.01, "down": None}}
    assert [standing.newest.run for standing in one.values()] == [14]


def test_a_store_without_runs_has_no_standings(database: Database) -> None:
    with database.reading() as session:
        assert standings(session, days=DAYS) == {}
        assert forecast_ids_with_runs(session) == []
