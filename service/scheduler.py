"""The scheduler's process: nights, digests, the inbox, the outbox and the watch, each when it is due.

APScheduler wakes the jobs; what is owed, they read in the ledger. So a job that comes late, twice or after
the machine was off does what is left to do, and nothing else. Its jobs live in memory, for they come from
``config.toml``; the lease and the ledger live in the database.
"""

import logging
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from ingest.inbox import pending
from model.errors import PosterityError, Unavailable
from service import logs, outbox, retention, watchdog
from service.calendar import next_digest, next_night
from service.composition import Service
from service.due_sources import due_sources
from service.leadership import BEATS, Leadership
from service.owed import Worker, work
from service.readers import seed
from service.steps import Processes, Stopped
from storage.database import prepare
from storage.leases import LeaseLost
from storage.outbox import forget

LEASE = "lease"
_LOOK_EVERY, _OUTBOX_EVERY = timedelta(seconds=20), timedelta(minutes=1)
_SOURCES_EVERY = timedelta(minutes=1)
_WATCH_EVERY = timedelta(minutes=10)
_KEEP_MAILS = timedelta(days=90)  # word for word; what they stated stays
_THREADS = 8  # more than there are jobs, so that a sign of life waits for nobody

_log = logs.get("scheduler")


class Due(BaseTrigger):  # type: ignore[misc]  # APScheduler carries no annotations
    """Fires at the moments that a calendar gives, each once."""

    def __init__(self, following: Callable[[datetime], datetime]) -> None:
        self._following = following

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """Give the first moment after the last one; none is left out because it passed unseen."""
        return self._following((previous or now).astimezone(UTC))


class Scheduler:
    """One scheduler's process; of several on one database, the one that has the lease works."""

    def __init__(self, service: Service) -> None:
        schedule = service.configuration.schedule
        self._service = service
        self._leadership = Leadership(service)
        self._processes = Processes(service.configuration.path, schedule.step_limit)
        self._working = threading.Lock()
        self._prepared = False
        self._trouble: dict[str, str] = {}
        self._jobs = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(_THREADS)},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
            timezone=UTC,
        )

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; then end what runs, and give the lease back."""
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)  # a look left out is no news
        self._plan()
        self._jobs.add_listener(self._broke, EVENT_JOB_ERROR)
        self._jobs.start()
        _log.info("scheduler started", holder=self._leadership.holder)
        stop.wait()
        self._processes.stop()
        self._jobs.shutdown(wait=True)
        self._safely("resign", self._leadership.resign)
        _log.info("scheduler stopped")

    def _plan(self) -> None:
        schedule = self._service.configuration.schedule
        beat = timedelta(seconds=schedule.lease_seconds) / BEATS
        jobs: dict[str, tuple[Callable[[], None], BaseTrigger]] = {
            LEASE: (self._beat, _every(beat)),
            "night": (self._work, Due(partial(next_night, schedule))),
            "digest": (self._work, Due(partial(next_digest, schedule))),
            "look": (self._work, _every(_LOOK_EVERY)),
            "inbox": (self._take_in, _every(schedule.inbox)),
            "sources": (self._poll, _every(_SOURCES_EVERY)),
            "outbox": (self._deliver, _every(_OUTBOX_EVERY)),
            "watch": (self._watch, _every(_WATCH_EVERY)),
        }
        for name, (action, trigger) in jobs.items():
            self._jobs.add_job(partial(self._safely, name, action), trigger, id=name, name=name)
        self._jobs.modify_job(LEASE, next_run_time=datetime.now(UTC))

    def _safely(self, name: str, action: Callable[[], None]) -> None:
        """Do a job; what is wrong is told, and logged when it is news, and the job comes again."""
        trouble = ""
        try:
            action()
        except (Stopped, LeaseLost) as error:
            trouble = str(error)
        except PosterityError as error:
            trouble = str(error)
            if name != LEASE:  # which waits for no mail server; whoever looks for work cries for it
                watchdog.cry(self._service, trouble)
        if trouble != self._trouble.get(name, ""):
            self._trouble[name] = trouble
            if trouble:
                _log.error("job failed", job=name, reason=trouble)
            else:
                _log.info("job works again", job=name)

    def _broke(self, event: JobExecutionEvent) -> None:
        """Tell of an error that nobody foresaw; its trace is in the log, and the job comes again."""
        watchdog.cry(self._service, f"the job {event.job_id} broke: {event.exception!r}")

    def _beat(self) -> None:
        if not self._prepared:  # a database that is not there yet is waited for
            prepare(self._service.database)
            self._prepared = True
        if self._leadership.beat():
            _log.info("in charge", token=self._leadership.token)
            for name in ("look", "outbox", "watch", "inbox", "sources"):
                self._jobs.modify_job(name, next_run_time=datetime.now(UTC))

    def _work(self) -> None:
        with self._working:  # one at a time; whoever waited looks anew at what is owed
            service, token = self._leadership.service(), self._leadership.token
            if service is None or token is None:
                self._cry_for_the_lease()
                return
            seed(service)
            stopping = self._processes.stopping
            if work(Worker(service=service, token=token, run=self._processes.run, stopping=stopping)):
                try:
                    _tidy(service)
                finally:
                    watchdog.attend(service)

    def _cry_for_the_lease(self) -> None:
        if trouble := self._trouble.get(LEASE):
            watchdog.cry(self._service, trouble)

    def _take_in(self) -> None:
        with self._working:
            token = self._leadership.token
            if token is None or not pending(self._service.configuration.ingest.drop_folder):
                return
            result = self._processes.run(token, ["intake"])
        _log.info("inbox taken in", outcome=result.outcome, detail=result.detail)
        if result.outcome == "failed":
            raise Unavailable(result.detail)

    def _poll(self) -> None:
        """Ask the sources whose time has come."""
        with self._working:
            service, token = self._leadership.service(), self._leadership.token
            due = due_sources(service) if service else []
            if token is None or not due:
                return
            result = self._processes.run(token, ["poll", *due])
        _log.info("sources polled", outcome=result.outcome, detail=result.detail)
        if result.outcome == "failed":
            raise Unavailable(result.detail)

    def _deliver(self) -> None:
        service = self._leadership.service()
        if service is not None:
            outbox.deliver(service, worker=self._leadership.holder)

    def _watch(self) -> None:
        service = self._leadership.service()
        if service is not None:
            watchdog.attend(service)


def _tidy(service: Service) -> None:
    """Let go of what is kept for a time only."""
    retention.clear(service)
    with service.database.session() as session:
        forget(session, before=service.clock() - _KEEP_MAILS)


def until_told() -> threading.Event:
    """Give an event that is set when this process is asked to end."""
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    return stop


def _every(interval: timedelta) -> IntervalTrigger:
    return IntervalTrigger(seconds=interval.total_seconds(), timezone=UTC)
