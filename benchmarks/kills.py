"""Nights killed anywhere: a scheduler's work is ended by SIGKILL at random moments, and done again.

After the second time everything must be as if nothing had happened: each night has one published result of
each forecast, no report is lost or doubled, every number is that of an undisturbed course, and each reader
has each mail once. (A mail that the server had taken when we were killed may come again, under the same
Message-ID and with the same bytes.)

    python -m benchmarks.kills --trials 200 --database sqlite
    python -m benchmarks.kills --trials 200 --database postgresql
    python -m benchmarks.kills --trials 10 --database sqlite --sampled
"""

import argparse
import importlib
import logging
import os
import random
import signal
import statistics
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import structlog

from benchmarks.peer import Peer, peer
from benchmarks.scene import Scene, copies, lay_out, play, told
from service.replay_workers import SLOW
from storage.database import open_database
from tests.databases import Server, served

LATER, CLAIMS_OVER = timedelta(seconds=5), timedelta(minutes=10)
OVER = "nothing, for it had ended"
LOADED = (
    "altair",
    "jinja2",
    "vl_convert",
    "service.announcing",
    "service.charts",
    "service.digest_letter",
    "service.intake",
    "service.nightly",
    "service.report_night",
    *SLOW,
    "model.diagnostics",
    "model.draws",
)


@dataclass
class Found:
    """What the trials found.

    Parameters
    ----------
    phases
        How many kills hit each step of the work.
    wrong
        What differed from the undisturbed course, in words.
    repeated
        How many mails came again, identically.
    """

    phases: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    repeated: int = 0


def main() -> None:
    """Kill, do it again, compare, and print what was found."""
    options = _options()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    for module in LOADED:  # once, so that kills hit work and not imports
        importlib.import_module(module)
    with tempfile.TemporaryDirectory(prefix="posterity-kills-") as name, peer(Path(name)) as mail:
        folder = Path(name) / "scenes"
        with _template(options, folder, mail.port) as (template, server):
            found = trials(options, template, server, mail)
    print(f"{options.trials} kills, {options.database}, {'PyMC' if options.sampled else 'exact engine'}:")
    for phase, number in found.phases.most_common():
        print(f"  killed during {phase}: {number}")
    print(f"  mails that came again, identically: {found.repeated}")
    print(f"  wrong: {len(found.wrong)}")
    for line in found.wrong:
        print(f"    {line}")
    sys.exit(bool(found.wrong))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--sampled", action="store_true", help="with latents, so that PyMC samples")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


@contextmanager
def _template(options: argparse.Namespace, folder: Path, port: int) -> Iterator[tuple[Scene, Server | None]]:
    if options.database == "sqlite":
        scene = Scene(folder=folder / "template", url=f"sqlite:///{folder}/template/posterity.db")
        lay_out(scene, port, sampled=options.sampled)
        yield scene, None
        return
    with served() as server:
        assert server is not None, "no PostgreSQL server is installed here"
        scene = Scene(folder=folder / "template", url=server.url(server.create()))
        lay_out(scene, port, sampled=options.sampled)
        yield scene, server


def trials(options: argparse.Namespace, template: Scene, server: Server | None, mail: Peer) -> Found:
    """Do the undisturbed course, then one trial after the other."""
    found, rng = Found(), random.Random(options.seed)  # noqa: S311 - no secret
    lengths, expected = _undisturbed(template, server, mail)
    for number in count():
        if found.phases.total() - found.phases[OVER] == options.trials:
            return found
        moment = rng.uniform(0, statistics.median(lengths))
        with copies(template, server, template.folder.parent / f"trial-{number}") as scene:
            found.phases[_killed(scene, moment)] += 1
            _finish(scene)
            _compare(f"trial {number}, killed after {moment:.3f} s", told(scene), expected, found)
        found.repeated += _mails(f"trial {number}", mail, expected, found)
    raise AssertionError


def _undisturbed(template: Scene, server: Server | None, mail: Peer) -> tuple[list[float], dict[str, Any]]:
    lengths = []
    for number in range(3):
        with copies(template, server, template.folder.parent / f"calm-{number}") as scene:
            began = time.monotonic()
            _finish(scene)
            lengths.append(time.monotonic() - began)
            expected = told(scene)
        mail.taken()
    assert expected["messages"], "nothing was mailed, so nothing would be tried"
    assert not expected["published twice"]
    return lengths, expected


def _killed(scene: Scene, moment: float) -> str:
    """Kill a scheduler at a moment, and say what it was doing."""
    child = _forked(lambda: play(scene))
    deadline = time.monotonic() + moment
    while time.monotonic() < deadline and not _is_over(child):
        time.sleep(min(0.001, max(0, deadline - time.monotonic())))
    if _is_over(child):
        _, status = os.waitpid(child, 0)
        return OVER if status == 0 else f"an error of its own ({status})"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return _phase(scene)


def _is_over(child: int) -> bool:
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _finish(scene: Scene) -> None:
    """Start a scheduler again, and let it go on until the claims of the one that died have run out."""
    for later in (LATER, CLAIMS_OVER):
        child = _forked(lambda later=later: play(scene, later=later))
        _, status = os.waitpid(child, 0)
        if status:
            raise RuntimeError(f"the second time ended with {status}")


def _forked(action: Callable[..., None]) -> int:
    with warnings.catch_warnings():  # the threads are those that libraries keep idle
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            action()
            os._exit(0)
        finally:
            sys.excepthook(*sys.exc_info()) if sys.exc_info()[0] else None
            os._exit(1)
    return child


def _phase(scene: Scene) -> str:
    """Look up what had begun and not ended."""
    with open_database(scene.url) as database, database.reading() as session:
        rows = session.connection().exec_driver_sql(
            "SELECT job, step FROM job WHERE outcome IS NULL ORDER BY id DESC"
        )
        under_way = rows.first()
        digest_done = session.connection().exec_driver_sql(
            "SELECT count(*) FROM job WHERE job = 'night' AND step = '' AND outcome = 'done'"
        )
        nights = digest_done.scalar_one()
    if under_way is None:
        return "delivery" if nights >= 2 else "the start, or between two jobs"
    job, step = under_way
    return f"{job}, {step or 'between its steps'}"


def _compare(trial: str, came: dict[str, Any], expected: dict[str, Any], found: Found) -> None:
    for name, value in expected.items():
        if came[name] != value:
            missing = [one for one in value if one not in came[name]]
            more = [one for one in came[name] if one not in value]
            found.wrong.append(f"{trial}: {name}: missing {missing}, more {more}")


def _mails(trial: str, mail: Peer, expected: dict[str, Any], found: Found) -> int:
    """Count at the mail server: each mail once, and what came again must be the same."""
    taken = mail.taken()
    ids = Counter(one.message_id for one in taken)
    if len(ids) != len(expected["messages"]):
        found.wrong.append(f"{trial}: {len(ids)} different mails came, not {len(expected['messages'])}")
    if len({(one.message_id, one.digest) for one in taken}) != len(ids):
        found.wrong.append(f"{trial}: two different mails came under one Message-ID")
    return len(taken) - len(ids)


if __name__ == "__main__":
    main()
