"""Where the nights of a replay are reckoned: here, in processes of this machine, or on a Dask cluster."""

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING

from model.errors import Unavailable, UsageError
from model.fingerprint import code_digest
from service.pool import AHEAD, cores, in_processes, some
from service.reckoning import Reckoned, Task, reckon, reckon_all

if TYPE_CHECKING:
    from distributed import Client

SLOW = ("model.update", "pymc", "nutpie", "arviz_stats.base.array")  # what sampling loads, in seconds
_ALONE = 5.0  # seconds of work from which other processes pay: they take two to begin
_PART = 20  # nights handed over at a time, where they take milliseconds
_ADVICE = "what it had done is kept: type the same again, with fewer --workers"
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
        preload = ["service.reckoning", *(SLOW if slow else [])]
        yield from in_processes(reckon_all, batched(left, part), workers, preload=preload, advice=_ADVICE)


def _here(tasks: Iterator[Task], seconds: float) -> Iterator[list[Reckoned]]:
    """Reckon in this process, for so long."""
    end = time.monotonic() + seconds
    for task in tasks:
        yield [reckon(task)]
        if time.monotonic() > end:
            return


def _on_cluster(parts: Iterator[Sequence[Task]], address: str) -> Iterator[list[Reckoned]]:
    with _client(address) as client:
        from distributed import as_completed  # noqa: PLC0415 - an optional extra

        ahead = AHEAD * sum(client.nthreads().values())
        futures = as_completed(loop=client.loop, with_results=True)
        futures.update(client.submit(reckon_all, part, pure=False) for part in some(parts, ahead))
        for _, answers in futures:
            yield answers
            futures.update(client.submit(reckon_all, part, pure=False) for part in some(parts, 1))


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
