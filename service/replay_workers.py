"""Where the nights of a replay are reckoned: here, in processes of this machine, or on a Dask cluster."""

import math
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import batched
from multiprocessing.context import BaseContext
from typing import TYPE_CHECKING

from model.errors import Unavailable, UsageError
from model.fingerprint import code_digest
from service.reckoning import Reckoned, Task, reckon, reckon_all

if TYPE_CHECKING:
    from distributed import Client

_ALONE = 2.0  # seconds of work from which other processes pay: they take one to begin
_PART = 20  # nights handed over at a time, where they take milliseconds
_AHEAD = 3  # parts handed over for each worker before its first comes back
_PATIENCE = 10  # seconds within which a scheduler must answer
_GATHERING = 30  # seconds within which its first worker must be there


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where the work is done.

    Parameters
    ----------
    workers
        How many processes of this machine; None for one each core, once there is work for them.
    scheduler
        Address of a Dask cluster's scheduler, whose workers do it instead.
    """

    workers: int | None = None
    scheduler: str | None = None

    @property
    def chains(self) -> int:
        """How many chains each sampler should run at a time, so that every core has one."""
        return 1 if self.scheduler else max(1, cores() // (self.workers or cores()))


def cores() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def reckoned(tasks: Iterable[Task], place: Place, *, slow: bool) -> Iterator[list[Reckoned]]:
    """Reckon tasks, and give answers as they come, in any order.

    Parameters
    ----------
    slow
        A task takes seconds, not milliseconds: each is handed over by itself.

    Raises
    ------
    UsageError
        Dask is not installed, or the cluster runs another version of this program.
    Unavailable
        The cluster does not answer, or a worker was lost.
    """
    left, workers, part = iter(tasks), place.workers or cores(), 1 if slow else _PART
    if place.scheduler is not None:
        yield from _on_cluster(batched(left, part), place.scheduler)
        return
    if workers == 1 or (place.workers is None and not slow):
        yield from _here(left, math.inf if workers == 1 else _ALONE)
    if workers > 1:
        yield from _in_processes(batched(left, part), workers, slow=slow)


def _here(tasks: Iterator[Task], seconds: float) -> Iterator[list[Reckoned]]:
    """Reckon in this process, for so long."""
    end = time.monotonic() + seconds
    for task in tasks:
        yield [reckon(task)]
        if time.monotonic() > end:
            return


def _in_processes(parts: Iterator[Sequence[Task]], workers: int, *, slow: bool) -> Iterator[list[Reckoned]]:
    first = next(parts, None)
    if first is None:
        return
    with _pool(workers, slow=slow) as pool:
        pending = {pool.submit(reckon_all, first)}
        try:
            while pending:
                for part in _some(parts, _AHEAD * workers - len(pending)):
                    pending.add(pool.submit(reckon_all, part))
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield from _results(done)
        except BrokenProcessPool as error:
            raise Unavailable(
                "a process of the replay was ended from outside (was memory short?); "
                "what it had done is kept: type the same again, with fewer --workers"
            ) from error


def _results(done: Iterable[Future[list[Reckoned]]]) -> Iterator[list[Reckoned]]:
    for one in done:
        yield one.result()


def _some(parts: Iterator[Sequence[Task]], number: int) -> Iterator[Sequence[Task]]:
    for _, part in zip(range(number), parts, strict=False):  # in this order, so that no part is lost
        yield part


@contextmanager
def _pool(workers: int, *, slow: bool) -> Iterator[ProcessPoolExecutor]:
    pool = ProcessPoolExecutor(workers, mp_context=_context(slow=slow), initializer=_begin)
    try:
        yield pool
    except BaseException:
        # Whoever stops here may have stopped within the pool's own bookkeeping, which then waits for ever for
        # workers that wait for it. What they had done is stored, so they can be ended as they are.
        for worker in multiprocessing.active_children():
            worker.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _context(*, slow: bool) -> BaseContext:
    """Choose processes that share no connection with this one, and load what they need only once."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["service.reckoning", *(["model.update"] if slow else [])])
    return context


def _begin() -> None:
    """End a worker process with the one that it works for, which alone hears an interruption."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _on_cluster(parts: Iterator[Sequence[Task]], address: str) -> Iterator[list[Reckoned]]:
    with _client(address) as client:
        from distributed import as_completed  # noqa: PLC0415 - an optional extra

        ahead = _AHEAD * sum(client.nthreads().values())
        futures = as_completed(loop=client.loop, with_results=True)
        futures.update(client.submit(reckon_all, part, pure=False) for part in _some(parts, ahead))
        for _, answers in futures:
            yield answers
            futures.update(client.submit(reckon_all, part, pure=False) for part in _some(parts, 1))


@contextmanager
def _client(address: str) -> Iterator["Client"]:
    """Reach a cluster that runs what runs here.

    Raises
    ------
    UsageError, Unavailable
        As `reckoned` does.
    """
    try:
        from distributed import KilledWorker  # noqa: PLC0415 - an optional extra
    except ImportError:
        advice = 'install the extra: pip install "posterity[dask]"'
        raise UsageError(f"--scheduler needs Dask, which is not installed; {advice}") from None
    try:
        with _reached(address) as client:
            _check(client, address)
            yield client
    except KilledWorker as error:
        raise Unavailable(
            f"the cluster at {address} lost the same night several times (was memory short?); "
            "what was done is kept: type the same again"
        ) from error


def _reached(address: str) -> "Client":
    from distributed import Client  # noqa: PLC0415

    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
        client.wait_for_workers(1, timeout=_GATHERING)
    except (OSError, ValueError, TypeError) as error:
        raise Unavailable(
            f"no Dask scheduler with workers answers at {address} ({type(error).__name__}); start one with "
            "`dask scheduler`, and workers with `dask worker ADDRESS --nthreads 1`"
        ) from error
    return client


def _check(client: "Client", address: str) -> None:
    try:
        found = set(client.run(code_digest).values())
    except ImportError as error:
        raise UsageError(
            f"a worker of the cluster at {address} has no Posterity ({error}); install the same release there"
        ) from None
    if found != {code_digest()}:
        raise UsageError(
            f"workers of the cluster at {address} run another version of the model or of its packages; "
            "install the same release and requirements there"
        )
