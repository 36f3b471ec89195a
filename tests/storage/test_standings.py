from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy.orm import Session

from storage.database import Database
from storage.runs import store_run
from storage.standings import curves, forecasts_run_since
from tests.storage.samples import moment, run
from tests.storage.test_query_plans import SCANNED, plans

FIRST, LAST = date(2026, 1, 1), date(2026, 1, 31)

QUERIES: dict[str, Callable[[Session], object]] = {
    "since": lambda session: forecasts_run_since(session, 20),
    "curves": lambda session: curves(session, "rla", first=FIRST, last=LAST),
}


def stored(database: Database, **changes: object) -> int:
    with database.session() as session:
        return store_run(session, run(**changes))


def test_what_was_run_since_the_last_look_is_listed(database: Database) -> None:
    first = stored(database)
    second = stored(database, forecast_id="other", as_of=date(2026, 1, 11))
    with database.reading() as session:
        assert forecasts_run_since(session, first) == {"other"}
        assert forecasts_run_since(session, 0) == {"rla", "other"}
        assert forecasts_run_since(session, second) == set()


def test_of_a_cutoff_the_newest_published_run_counts(database: Database) -> None:
    stored(database)
    other = [run().posteriors[0], run().posteriors[1]]
    changed = [one.__class__(scenario=one.scenario, probability=0.25) for one in other]
    stored(database, evidence_digest="sha256:n", recorded_at=moment(11), posteriors=changed, supersedes=1)
    stored(database, as_of=date(2026, 1, 12), status="held")
    with database.reading() as session:
        assert curves(session, "rla", first=FIRST, last=LAST) == {
            "downside": {date(2026, 1, 10): 0.25},
            "base": {date(2026, 1, 10): 0.25},
        }
        assert curves(session, "rla", first=date(2026, 1, 11), last=LAST) == {}


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_standings_are_looked_up_and_no_table_scanned(database: Database, name: str) -> None:
    for day in range(1, 29):
        stored(database, as_of=date(2026, 1, day), outlook=())
    plan = plans(database, QUERIES[name])
    assert not SCANNED.search(plan), plan
