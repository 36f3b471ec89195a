"""Work done in several processes of this machine, whose answers are taken as they come."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import BaseContext

from model.errors import Unavailable

AHEAD = 3  # parts handed over for each worker before its first comes back


def cores() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_processes[Task, Answer](
    work: Callable[[Sequence[Task]], Answer],
    parts: Iterator[Sequence[Task]],
    workers: int,
    *,
    preload: Sequence[str],
    advice: str,
) -> Iterator[Answer]:
    """Do parts of some work in processes, a few ahead of whoever takes the answers, in any order.

    Parameters
    ----------
    preload
        Modules that are loaded once for all processes.
    advice
        What to do where one is ended from outside.

    Raises
    ------
    Unavailable
        A process was ended from outside.
    """
    first = next(parts, None)
    if first is None:
        return
    with _pool(workers, preload) as pool:
        pending = {pool.submit(work, first)}
        try:
            while pending:
                for part in some(parts, AHEAD * workers - len(pending)):
                    pending.add(pool.submit(work, part))
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for one in done:
                    yield one.result()
        except BrokenProcessPool as error:
            raise Unavailable(f"a process was ended from outside (was memory short?); {advice}") from error


def some[Part](parts: Iterable[Part], number: int) -> Iterator[Part]:
    """Take so many parts, or as many as there are."""
    for _, part in zip(range(number), parts, strict=False):  # in this order, so that no part is lost
        yield part


@contextmanager
def _pool(workers: int, preload: Sequence[str]) -> Iterator[ProcessPoolExecutor]:
    pool = ProcessPoolExecutor(workers, mp_context=_context(preload), initializer=_begin)
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


def _context(preload: Sequence[str]) -> BaseContext:
    """Choose processes that share no connection with this one, and load what they need only once."""
    # A process for each core is enough: threads of NumPy's beside them only wait for each other, and busily.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
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
