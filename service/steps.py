"""Steps of jobs: each in a process of its own, within a time limit, tried again where that may help."""

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from itertools import count, islice
from pathlib import Path

from service import logs
from service.composition import Service
from service.worker import Result
from storage.jobs import Task, attempt, end, start

_PATIENCE = 10.0  # seconds between asking a process to end and ending it
_FIRST_PAUSE, _LONGEST_PAUSE = 10.0, 300.0  # seconds before a step is tried again

type Run = Callable[[int, Sequence[str]], Result]

_log = logs.get("steps")


class Stopped(Exception):  # noqa: N818 - nothing erred
    """The scheduler is stopping."""


class Processes:
    """Starts steps as processes, and ends them when the scheduler stops.

    Parameters
    ----------
    path
        The configuration file.
    limit
        How long a step may take.
    """

    def __init__(self, path: Path, limit: timedelta) -> None:
        self._path, self._limit = path, limit
        self._running: set[subprocess.Popen[str]] = set()
        self.stopping = threading.Event()

    def run(self, token: int, words: Sequence[str]) -> Result:
        """Run a step to its end, or to its time limit.

        Raises
        ------
        Stopped
            The scheduler is stopping.
        """
        if self.stopping.is_set():
            raise Stopped
        with self._started(token, words) as process:
            try:
                said, _ = process.communicate(timeout=self._limit.total_seconds())
            except subprocess.TimeoutExpired:
                _end(process)
                detail = f"stopped after its time limit of {self._limit} ([schedule] step_limit)"
                return Result(outcome="failed", detail=detail, again=True)
        if self.stopping.is_set():
            raise Stopped
        return _result(said, process.returncode)

    def stop(self) -> None:
        """End what runs: every step may be stopped anywhere, and done again."""
        self.stopping.set()
        for process in tuple(self._running):
            process.terminate()

    @contextmanager
    def _started(self, token: int, words: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
        """Start a process, whose standard input ends when this one does."""
        command = [sys.executable, "-m", "service.worker", str(self._path), str(token), *words]
        lifeline, ours = os.pipe()
        try:
            process = subprocess.Popen(command, stdin=lifeline, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own program
        finally:
            os.close(lifeline)
        self._running.add(process)
        try:
            yield process
        finally:
            self._running.discard(process)
            os.close(ours)
            _end(process)


def do(
    service: Service, task: Task, token: int, run: Callable[[], Result], stopping: threading.Event
) -> Result:
    """Do a step of a job unless it has been done, record every attempt, and try again where that may help.

    Raises
    ------
    Stopped
        The scheduler is stopping.
    Unavailable
        The ledger is out of reach, or another process has taken over.
    """
    with service.database.reading() as session:
        before = attempt(session, task)
    if before and before.outcome in {"done", "held"}:
        return Result(outcome=before.outcome, detail=before.detail)
    result = _attempt(service, task, token, run)
    for pause in islice(_pauses(), service.configuration.schedule.attempts - 1):
        if not result.again:
            break
        _log.warning("step failed", step=task.step, detail=result.detail, again_in_seconds=round(pause))
        if stopping.wait(pause):
            raise Stopped
        result = _attempt(service, task, token, run)
    return result


def _pauses() -> Iterator[float]:
    """Seconds before each further attempt, growing threefold, and uneven so that no two keep step."""
    for number in count():
        yield min(_LONGEST_PAUSE, _FIRST_PAUSE * 3**number) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret


def _attempt(service: Service, task: Task, token: int, run: Callable[[], Result]) -> Result:
    with service.database.session() as session:
        number = start(session, task, token=token, at=service.clock())
    result = run()
    with service.database.session() as session:
        end(session, number, result.outcome, result.detail, at=service.clock())
    _log.info("step ended", **asdict(task), outcome=result.outcome, detail=result.detail)
    return result


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.communicate(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _result(said: str, code: int) -> Result:
    try:
        return Result(**json.loads(said))
    except (ValueError, TypeError):
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        detail = f"its process {how} and said nothing of its outcome; its log says more"
        return Result(outcome="failed", detail=detail, again=True)
