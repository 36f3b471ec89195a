"""What is owed, nights and digests, and how each is done: its steps, and the ledger.

Of the nights that were missed the newest comes first: it is what readers want to know. The older ones
follow as backfill, in their order, each for its own cutoff; nobody is told of moves in them.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from service import logs
from service.calendar import DAY, nights, weeks
from service.composition import Service
from service.steps import Run, do
from service.worker import ANNOUNCED, UNANNOUNCED, Result
from storage.jobs import DIGEST, NIGHT, Outcome, Task, end, ended, first_start, start

_LATEST_DIGEST = 6  # days; after that the next one is near
_WORST_FIRST: tuple[Outcome, ...] = ("failed", "held", "done")

_log = logs.get("owed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """Who does the work: the token of the lease, how a step is run, and when to stop.

    Parameters
    ----------
    service
        With a database that refuses to write once another has taken over.
    """

    service: Service
    token: int
    run: Run
    stopping: threading.Event

    def do(self, task: Task, *words: str) -> Result:
        """Do a step, unless it has been done."""
        return do(self.service, task, self.token, partial(self.run, self.token, words), self.stopping)


def work(worker: Worker) -> bool:
    """Do all that is owed: the newest night, the digest that rests on it, then the older nights.

    Returns
    -------
    bool
        Whether anything was.

    Raises
    ------
    Stopped
        The scheduler is stopping; what is left is still owed.
    Unavailable
        The database is out of reach, or another process has taken over.
    """
    missed, digests = owed_nights(worker.service), owed_digests(worker.service)
    if len(missed) > 1:
        _log.warning("nights were missed", count=len(missed) - 1, oldest=missed[0], newest=missed[-1])
    for day in missed[-1:]:
        _do(worker, Task(NIGHT, day), _night(worker, day, ANNOUNCED))
    for week in digests:
        _do(worker, Task(DIGEST, week), _digest(worker, week))
    for day in missed[:-1]:
        _do(worker, Task(NIGHT, day), _night(worker, day, UNANNOUNCED))
    return bool(missed or digests)


def owed_nights(service: Service) -> list[str]:
    """List the nights that were due and have not come to an end, the earliest first."""
    schedule, now = service.configuration.schedule, service.clock()
    after = max(_begun(service), now - DAY * schedule.catch_up_nights)
    return _not_ended(service, NIGHT, map(str, nights(schedule, after, now)))


def owed_digests(service: Service) -> list[str]:
    """List the weeks whose digest was due in the last days and has not been written."""
    schedule, now = service.configuration.schedule, service.clock()
    after = max(_begun(service), now - DAY * _LATEST_DIGEST)
    return _not_ended(service, DIGEST, weeks(schedule, after, now))


def _begun(service: Service) -> datetime:
    with service.database.reading() as session:
        return first_start(session) or service.clock()


def _not_ended(service: Service, job: str, due: Iterable[str]) -> list[str]:
    missing = list(due)
    if missing:
        with service.database.reading() as session:
            done = ended(session, job, since=missing[0])
        missing = [one for one in missing if one not in done]
    return missing


def _do(worker: Worker, task: Task, steps: Iterator[Result]) -> None:
    """Do a job's steps, and record the worst of their outcomes as its own."""
    service = worker.service
    with service.database.session() as session:
        number = start(session, task, token=worker.token, at=service.clock())
    results = list(steps)
    outcome = next(one for one in _WORST_FIRST if one in {"done", *(result.outcome for result in results)})
    detail = "; ".join(result.detail for result in results if result.outcome != "done")
    with service.database.session() as session:
        end(session, number, outcome, detail, at=service.clock())
    _log.info("job ended", job=task.job, due=task.due, outcome=outcome, detail=detail)


def _night(worker: Worker, day: str, told: str) -> Iterator[Result]:
    """Take in what waits, ask the sources, and update every forecast that has opened.

    Where the reports could not be taken in, nothing is updated: missing news is not silence. Sources
    that could not be asked end observation at their last success, and the night goes on.
    """
    taken = worker.do(Task(NIGHT, day, "intake"), "intake")
    yield taken
    if taken.outcome == "failed":
        return
    if worker.service.configuration.sources:
        yield worker.do(Task(NIGHT, day, "poll"), "poll")
    if worker.service.configuration.model.pymc is not None:
        yield worker.do(Task(NIGHT, day, "update"), "night", day, told)
        return
    for forecast in worker.service.configuration.forecasts:
        if forecast.opened <= date.fromisoformat(day):
            step = Task(NIGHT, day, f"update {forecast.id}")
            result = worker.do(step, "update", forecast.id, day, told)
            yield replace(result, detail=f"{forecast.id}: {result.detail}")


def _digest(worker: Worker, week: str) -> Iterator[Result]:
    yield worker.do(Task(DIGEST, week, "write"), "digest", week)
