"""Memory of a scheduler over many nights: what it holds must not grow with the nights that it has seen.

Each simulated day the process does what the scheduler's jobs do: it renews its lease, works off what is
owed (each step in a process of its own, as ever), delivers the mail, looks for what an operator should
know, and clears old draws. Its resident memory is printed as it goes.

    python -m benchmarks.memory --nights 400
"""

import argparse
import gc
import multiprocessing
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import psutil

from benchmarks.peer import peer
from benchmarks.scene import Scene, lay_out
from service import logs, outbox, retention, watchdog
from service.composition import opened
from service.leadership import Leadership
from service.owed import Worker, work
from service.replay_workers import SLOW
from service.steps import Run
from service.worker import Result, do_step

FIRST = datetime(2025, 7, 1, 2, 20, tzinfo=UTC)
DAY = timedelta(days=1)
LOADED = [
    "service.announcing",
    "service.digest",
    "service.intake",
    "service.nightly",
    *SLOW,
    "model.diagnostics",
]


def main() -> None:
    """Simulate nights, and print the memory."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--nights", type=int, default=400)
    options = parser.parse_args()
    logs.configure("json")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    with tempfile.TemporaryDirectory() as name, peer(Path(name)) as mail:
        scene = Scene(folder=Path(name) / "scene", url=f"sqlite:///{name}/scene/posterity.db")
        lay_out(scene, mail.port, sampled=False)
        with context.Pool(1, maxtasksperchild=1) as pool:
            print("night  resident MiB")
            for night, size in enumerate(_sizes(scene, pool, options.nights)):
                if night % max(1, options.nights // 20) == 0 or night == options.nights - 1:
                    print(f"{night:5}  {size / 2**20:8.1f}", flush=True)


def _sizes(scene: Scene, pool: Pool, nights: int) -> Any:
    now = [FIRST]
    with opened(scene.configuration, clock=lambda: now[0]) as service:
        leadership = Leadership(service, monotonic=lambda: _seconds(now[0]))
        for _ in range(nights):
            _day(leadership, partial(_apart, pool, scene, now[0]))
            gc.collect()
            yield psutil.Process().memory_info().rss
            now[0] += DAY


def _seconds(now: datetime) -> float:
    return now.timestamp()


def _day(leadership: Leadership, run: Run) -> None:
    leadership.beat()
    led, token = leadership.service(), leadership.token
    assert led is not None
    assert token is not None
    work(Worker(service=led, token=token, run=run, stopping=threading.Event()))
    outbox.deliver(led, worker=leadership.holder)
    watchdog.attend(led)
    retention.clear(led)


def _apart(pool: Pool, scene: Scene, now: datetime, token: int, words: Sequence[str]) -> Result:
    return Result(**pool.apply(_step, (scene, now, token, words)))


def _step(scene: Scene, now: datetime, token: int, words: Sequence[str]) -> dict[str, Any]:
    return asdict(do_step(scene.configuration, token, words, clock=lambda: now))


if __name__ == "__main__":
    main()
