import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from model.domain import Verdict
from storage.database import Database, open_database
from storage.runs import (
    RunRecord,
    ScenarioPosterior,
    current_run,
    evidence_snapshot,
    forecast_ids_with_runs,
    get_run,
    latest_published,
    run_checks,
    run_warnings,
    standing_run,
    store_run,
)
from tests.storage.samples import moment, run


def store(database: Database, *records: RunRecord) -> list[int]:
    with database.session() as session:
        return [store_run(session, record) for record in records]


def at(cutoff: int, **changes: Any) -> RunRecord:
    return run(as_of=date(2026, 1, cutoff), recorded_at=moment(cutoff), **changes)


def test_a_run_comes_back_as_it_was_stored(database: Database) -> None:
    record = run()
    (number,) = store(database, record)
    with database.reading() as session:
        stored = get_run(session, number)
        assert stored is not None
        assert evidence_snapshot(session, "sha256:e") == record.evidence
        assert run_checks(session, number) == list(record.checks)
        assert run_warnings(session, number) == list(record.warnings)
    assert stored.posteriors == record.posteriors
    for name in (
        "forecast_id",
        "as_of",
        "status",
        "engine",
        "observed_until",
        "seconds",
        "draws",
        "recorded_at",
    ):
        assert getattr(stored, name) == getattr(record, name)


def test_the_document_gets_its_number_and_is_otherwise_served_as_it_was(database: Database) -> None:
    (number,) = store(database, run())
    with database.reading() as session:
        stored = get_run(session, number)
    assert stored is not None
    assert list(json.loads(stored.document).items()) == list({**run().document, "run": number}.items())


def test_the_same_inputs_a_second_time_give_the_first_number_and_store_nothing(database: Database) -> None:
    first, second = store(database, run(), run(recorded_at=moment(11), seconds=1.0))
    assert first == second
    with database.reading() as session:
        found = standing_run(session, "rla", date(2026, 1, 10))
    assert found is not None
    assert (found.run, found.seconds) == (first, 9.1)


@pytest.mark.parametrize("part", ["evidence_digest", "forecast_digest", "code_digest"])
def test_any_other_input_makes_another_run(database: Database, part: str) -> None:
    assert len(set(store(database, run(), run(**{part: "sha256:other"})))) == 2


def test_a_return_to_earlier_inputs_is_a_run_of_its_own(database: Database) -> None:
    first, other = store(database, run(), run(forecast_digest="sha256:other", recorded_at=moment(11)))
    (again,) = store(database, run(supersedes=other, recorded_at=moment(12)))
    assert again not in {first, other}
    with database.reading() as session:
        standing = standing_run(session, "rla", date(2026, 1, 10))
    assert standing is not None
    assert standing.run == again


def test_what_failed_may_be_tried_again_and_is_not_found_as_done(database: Database) -> None:
    failed, again, done = store(database, run(status="failed"), run(status="failed"), run())
    assert len({failed, again, done}) == 3
    with database.reading() as session:
        found = standing_run(session, "rla", date(2026, 1, 10))
    assert found is not None
    assert found.run == done


def test_what_was_held_is_not_stored_again_with_the_same_inputs(database: Database) -> None:
    assert len(set(store(database, run(status="held"), run(status="held")))) == 1


def test_a_run_may_fail_before_its_evidence_was_known_but_not_be_published_so(database: Database) -> None:
    store(database, run(status="failed", evidence_digest=None, evidence=None))
    with pytest.raises(IntegrityError):
        store(database, run(evidence_digest=None, evidence=None))


def test_a_run_whose_evidence_nobody_stored_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError):
        store(database, run(evidence=None))


def test_the_same_run_stored_at_once_from_many_sides_is_one(database_url: str) -> None:
    sides = 4
    ready = Barrier(sides)

    def store_alone(side: int) -> int:
        with open_database(database_url) as database:
            ready.wait()
            return store(database, run(seconds=float(side)))[0]

    with ThreadPoolExecutor(sides) as pool:
        numbers = set(pool.map(store_alone, range(sides)))
    assert len(numbers) == 1
    with open_database(database_url) as database, database.reading() as session:
        stored = get_run(session, numbers.pop())
    assert stored is not None
    assert stored.posteriors == run().posteriors


def test_a_number_that_is_none_is_stored_as_missing(database: Database) -> None:
    nan = float("nan")
    posteriors = (ScenarioPosterior(scenario="base", pymc_probability=nan, log_evidence=float("-inf")),)
    checks = (Verdict(name="rhat", figure=nan, threshold=1.01, passed=None),)
    (number,) = store(database, run(posteriors=posteriors, checks=checks))
    with database.reading() as session:
        stored = get_run(session, number)
        assert run_checks(session, number)[0].figure is None
    assert stored is not None
    assert stored.posteriors == (ScenarioPosterior(scenario="base", log_evidence=float("-inf")),)


def test_a_document_that_is_no_json_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        store(database, run(document={"probability": float("nan")}))


def test_the_latest_published_run_is_of_the_latest_cutoff_then_the_newest(database: Database) -> None:
    early, late, held, other, redone = store(
        database,
        at(10),
        at(12),
        at(13, status="held"),
        at(14, forecast_id="other"),
        run(as_of=date(2026, 1, 12), recorded_at=moment(20), code_digest="sha256:new"),
    )
    with database.reading() as session:

        def latest(**bounds: Any) -> int | None:
            found = latest_published(session, "rla", **bounds)
            return found.run if found else None

        assert latest() == redone
        assert latest(known_at=moment(19)) == late
        assert latest(known_at=moment(11)) == early
        assert latest(known_at=moment(9)) is None
        assert latest(before=date(2026, 1, 12)) == early
        assert latest(at_most=date(2026, 1, 12)) == redone
        assert latest(at_most=date(2026, 1, 9)) is None
        current = current_run(session, "rla")
        assert current is not None
        assert current.run == held
        earlier = current_run(session, "rla", date(2026, 1, 12), known_at=moment(19))
        assert earlier is not None
        assert earlier.run == late
        assert current_run(session, "rla", date(2026, 1, 11)) is None
        assert forecast_ids_with_runs(session) == ["other", "rla"]
    assert other


def test_what_was_never_stored_is_not_found(database: Database) -> None:
    with database.reading() as session:
        assert get_run(session, 1) is None
        assert latest_published(session, "rla") is None
        assert evidence_snapshot(session, "sha256:e") is None
        assert forecast_ids_with_runs(session) == []
