from dataclasses import replace
from datetime import date

from storage.database import Database
from storage.experiments import (
    Night,
    Settings,
    begin_experiment,
    experiment,
    experiments,
    nights,
    standing_nights,
    store_nights,
)
from storage.history import history
from storage.runs import ScenarioPosterior, forecast_ids_with_runs
from tests.storage.samples import moment

SETTINGS = Settings(
    forecast_id="rla",
    engine="exact",
    band=False,
    forecast_digest="sha256:f",
    code_digest="sha256:c",
    definition={"id": "rla", "scenarios": [{"id": "base", "prior": 1 / 3}]},
    grades={"corroboration": 0.5},
)


def night(day: int = 1, digest: str = "sha256:e", supersedes: int = 0) -> Night:
    return Night(
        as_of=date(2026, 1, day),
        status="published",
        evidence_digest=digest,
        observed_until=date(2026, 1, 1),
        reports=3,
        counted={"pe-é": 0.98},
        posteriors=(
            ScenarioPosterior(scenario="down", probability=1 / 3, prior=0.4, log_evidence=-1e-300),
            ScenarioPosterior(scenario="up", probability=2 / 3, prior=0.6),
        ),
        supersedes=supersedes,
    )


def begun(database: Database, name: str = "late") -> int:
    with database.session() as session:
        return begin_experiment(session, name, SETTINGS, at=moment(1)).number


def stored(database: Database, number: int, *made: Night) -> int:
    with database.session() as session:
        return store_nights(session, number, made, at=moment(2))


def kept(database: Database, number: int) -> list[Night]:
    with database.reading() as session:
        return nights(session, number)


def test_an_experiment_is_begun_once_and_keeps_its_settings(database: Database) -> None:
    number = begun(database)
    with database.session() as session:
        other = replace(SETTINGS, engine="pymc")
        again = begin_experiment(session, "late", other, at=moment(9))
    assert (again.number, again.settings, again.recorded_at) == (number, SETTINGS, moment(1))
    with database.reading() as session:
        assert experiment(session, "late") == again
        assert experiment(session, "early") is None


def test_nights_come_back_as_they_were_in_order_of_their_cutoffs(database: Database) -> None:
    number = begun(database)
    held = replace(night(2), status="held", detail="rhat 1.2", posteriors=())
    assert stored(database, number, night(3), held, night(1)) == 3
    assert kept(database, number) == [night(1), held, night(3)]
    assert night().probabilities == {"down": 1 / 3, "up": 2 / 3}


def test_a_night_that_another_process_stored_meanwhile_is_not_stored_twice(database: Database) -> None:
    number = begun(database)
    stored(database, number, night(1))
    assert stored(database, number, night(1), night(2)) == 1
    assert len(kept(database, number)) == 2


def test_a_night_on_other_evidence_supersedes_and_the_former_stays(database: Database) -> None:
    number = begun(database)
    stored(database, number, night(1))
    with database.reading() as session:
        before = standing_nights(session, number)[date(2026, 1, 1)]
    newer = night(1, "sha256:other", supersedes=before.number)
    assert stored(database, number, newer) == 1
    assert kept(database, number) == [newer]
    back = night(1, supersedes=before.number + 1)  # the first evidence once more
    assert stored(database, number, back) == 1
    assert kept(database, number) == [back]


def test_experiments_do_not_mix_with_each_other_or_with_the_history(database: Database) -> None:
    late, early = begun(database), begun(database, "early")
    stored(database, late, night(1))
    assert kept(database, early) == []
    with database.reading() as session:
        assert forecast_ids_with_runs(session) == []
        assert list(history(session, "rla")) == []


def test_experiments_are_listed_with_their_spans_the_newest_first(database: Database) -> None:
    late = begun(database)
    begun(database, "early")
    stored(database, late, night(1), night(3))
    with database.reading() as session:
        newest, older = experiments(session)
        (standing,) = {one.status for one in standing_nights(session, late).values()}
    assert (newest.name, newest.nights, newest.first, newest.last) == ("early", 0, None, None)
    assert (older.name, older.nights) == ("late", 2)
    assert (older.first, older.last) == (date(2026, 1, 1), date(2026, 1, 3))
    assert standing == "published"


def test_storing_nothing_is_nothing(database: Database) -> None:
    number = begun(database)
    assert stored(database, number) == 0
    assert kept(database, number) == []
