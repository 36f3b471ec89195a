"""What is owed, in which order it is done, and how it is recorded."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.composition import Service
from service.configuration import load
from service.owed import Worker, owed_digests, owed_nights, work
from service.worker import Result
from storage.database import Database
from storage.jobs import NIGHT, START, Task, attempts, end, ended, latest, start
from tests.service.commands import Desk, quiet

BEGUN = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)  # a Wednesday
DONE, HELD = Result(outcome="done"), Result(outcome="held", detail="rhat 1.2")
FAILED = Result(outcome="failed", detail="the inbox is missing", again=True)


class Hurried(threading.Event):
    """Tells nobody to stop, and lets nobody wait."""

    def wait(self, timeout: float | None = None) -> bool:
        del timeout
        return False


@dataclass
class Steps:
    """Stands where processes are started: notes each step, and says what became of it."""

    results: dict[str, list[Result]] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def run(self, token: int, words: Sequence[str]) -> Result:
        del token
        step = " ".join(words)
        self.done.append(step)
        planned = self.results.get(step, [])
        return planned.pop(0) if planned else DONE


@pytest.fixture
def service(tmp_path: Path, database: Database) -> Service:
    two = quiet("one") + quiet("two").replace("2025-01-01", "2026-11-20").replace("2025-12-31", "2027-12-31")
    desk = Desk(tmp_path / "desk", two)
    service = Service(
        configuration=load(desk.folder / "config.toml", {}), database=database, clock=lambda: BEGUN
    )
    with database.session() as session:
        end(session, start(session, Task(START, "x"), token=1, at=BEGUN), "done", at=BEGUN)
    return service


def at(service: Service, moment: str) -> Service:
    return replace(service, clock=lambda: datetime.fromisoformat(moment).replace(tzinfo=UTC))


def worker(service: Service, steps: Steps) -> Worker:
    return Worker(service=service, token=1, run=steps.run, stopping=Hurried())


def outcomes(service: Service, job: str, due: str) -> list[tuple[str, int, str | None]]:
    with service.database.reading() as session:
        return [(one.step, one.attempt, one.outcome) for one in attempts(session, job, due)]


def test_nothing_is_owed_before_the_first_night(service: Service) -> None:
    assert owed_nights(at(service, "2026-11-19T02:14")) == []
    assert not work(worker(at(service, "2026-11-19T02:14"), Steps()))


def test_a_night_is_owed_from_the_moment_it_is_due(service: Service) -> None:
    assert owed_nights(at(service, "2026-11-19T02:15")) == ["2026-11-19"]


def test_what_was_due_before_a_scheduler_first_worked_here_is_owed_to_nobody(service: Service) -> None:
    assert owed_nights(at(service, "2026-11-21T03:00")) == ["2026-11-19", "2026-11-20", "2026-11-21"]


def test_a_night_takes_in_reports_and_updates_every_forecast_that_has_opened(service: Service) -> None:
    steps = Steps()
    assert work(worker(at(service, "2026-11-19T02:15"), steps))
    assert steps.done == ["intake", "update one 2026-11-19 announced"]
    assert outcomes(service, NIGHT, "2026-11-19") == [
        ("", 1, "done"),
        ("intake", 1, "done"),
        ("update one", 1, "done"),
    ]


def test_a_night_that_is_done_is_not_done_again(service: Service) -> None:
    later = at(service, "2026-11-19T04:00")
    work(worker(later, Steps()))
    again = Steps()
    assert not work(worker(later, again))
    assert again.done == []


def test_a_clock_that_is_set_back_an_hour_repeats_no_night(service: Service) -> None:
    work(worker(at(service, "2026-11-19T02:20"), Steps()))
    for moment in ("2026-11-19T01:20", "2026-11-19T02:15", "2026-11-19T02:21"):
        assert owed_nights(at(service, moment)) == []


def test_of_missed_nights_the_newest_comes_first_then_the_digest_then_the_others_in_their_order(
    service: Service,
) -> None:
    steps = Steps()
    work(worker(at(service, "2026-11-23T09:00"), steps))  # a Monday
    assert steps.done == [
        "intake",
        "update one 2026-11-23 announced",
        "update two 2026-11-23 announced",
        "digest 2026-W48",
        "intake",
        "update one 2026-11-19 unannounced",
        "intake",
        "update one 2026-11-20 unannounced",
        "update two 2026-11-20 unannounced",
        "intake",
        "update one 2026-11-21 unannounced",
        "update two 2026-11-21 unannounced",
        "intake",
        "update one 2026-11-22 unannounced",
        "update two 2026-11-22 unannounced",
    ]


def test_no_more_nights_are_made_up_for_than_are_configured(service: Service) -> None:
    late = at(service, "2027-03-01T09:00")
    missed = owed_nights(late)
    assert len(missed) == service.configuration.schedule.catch_up_nights == 14
    assert missed[-1] == "2027-03-01"


def test_a_digest_is_owed_for_six_days_and_then_left(service: Service) -> None:
    assert owed_digests(at(service, "2026-11-23T06:59")) == []
    assert owed_digests(at(service, "2026-11-23T07:00")) == ["2026-W48"]
    assert owed_digests(at(service, "2026-11-29T06:59")) == ["2026-W48"]
    assert owed_digests(at(service, "2026-11-29T07:01")) == []


def test_a_step_that_may_do_better_is_tried_again(service: Service) -> None:
    steps = Steps({"intake": [FAILED, FAILED]})
    work(worker(at(service, "2026-11-19T02:15"), steps))
    assert steps.done == ["intake", "intake", "intake", "update one 2026-11-19 announced"]
    assert outcomes(service, NIGHT, "2026-11-19") == [
        ("", 1, "done"),
        ("intake", 1, "failed"),
        ("intake", 2, "failed"),
        ("intake", 3, "done"),
        ("update one", 1, "done"),
    ]


def test_a_night_whose_reports_could_not_be_taken_in_updates_nothing_and_has_failed(service: Service) -> None:
    steps = Steps({"intake": [FAILED] * 3})
    work(worker(at(service, "2026-11-19T02:15"), steps))
    assert steps.done == ["intake"] * 3
    with service.database.reading() as session:
        night = latest(session, NIGHT)
    assert night is not None
    assert (night.outcome, night.detail) == ("failed", "the inbox is missing")


def test_a_step_that_can_do_no_better_is_not_tried_again(service: Service) -> None:
    hopeless = Result(outcome="failed", detail="ruled out")
    steps = Steps({"update one 2026-11-20 announced": [hopeless]})
    work(worker(at(service, "2026-11-20T02:15"), steps))
    assert steps.done[:3] == ["intake", "update one 2026-11-20 announced", "update two 2026-11-20 announced"]
    with service.database.reading() as session:
        night = latest(session, NIGHT)
    assert night is not None
    assert (night.outcome, night.detail) == ("failed", "one: ruled out")


def test_a_night_of_which_one_forecast_was_held_is_held(service: Service) -> None:
    steps = Steps({"update two 2026-11-20 announced": [HELD]})
    work(worker(at(service, "2026-11-20T02:15"), steps))
    with service.database.reading() as session:
        night = latest(session, NIGHT)
    assert night is not None
    assert (night.outcome, night.detail) == ("held", "two: rhat 1.2")


def test_an_interrupted_night_goes_on_where_it_was(service: Service) -> None:
    later = at(service, "2026-11-20T02:15")

    class Killed(BaseException):
        pass

    steps = Steps()

    def killed_at(fatal: str) -> Callable[[int, Sequence[str]], Result]:
        def run(token: int, words: Sequence[str]) -> Result:
            if fatal in words:
                raise Killed
            return steps.run(token, words)

        return run

    with pytest.raises(Killed):
        work(Worker(service=later, token=1, run=killed_at("two"), stopping=Hurried()))
    assert owed_nights(later)[-1] == "2026-11-20"
    again = Steps()
    work(worker(later, again))
    assert again.done[0] == "update two 2026-11-20 announced"
    with service.database.reading() as session:
        assert ended(session, NIGHT, since="2026-11-20") == {"2026-11-20"}
