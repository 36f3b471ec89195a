"""Commands that end like a machine that loses its power, before a statement or a change of a file.

`killed` has them forked off a process that has loaded what they need, so that a kill hits work and takes a
fraction of a second; `python -m tests.service.killing` is that process.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
from functools import cache
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import NoReturn

from sqlalchemy import Engine, event

from service.cli import main
from service.replay_workers import SLOW
from tests.service.commands import ROOT, Desk

OURS = ("model", "ingest", "storage", "service")
CHANGES = {"os.link", "os.rename", "os.remove", "sqlite3.connect"}


def killed(desk: Desk, last: int, *arguments: str | Path) -> int:
    """Type a command and kill it before a step; how many steps there were, or 0 where it was killed."""
    process = _forking()
    assert process.stdin is not None
    assert process.stdout is not None
    typed = ["--config", f"{desk.folder}/config.toml", *map(str, arguments)]
    process.stdin.write(json.dumps([last, typed]) + "\n")
    process.stdin.flush()
    code, steps = json.loads(process.stdout.readline())
    assert code in {0, -signal.SIGKILL}, f"{typed} ended with {code}"
    return int(steps)


def spread(steps: int, many: int) -> list[int]:
    """So many steps, as far apart as they can be, and not the last."""
    return [steps * place // many for place in range(1, many)] + [steps - 1]


@cache
def _forking() -> subprocess.Popen[str]:
    command = [sys.executable, "-B", "-m", "tests.service.killing"]  # modules that are compiled are no steps
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.communicate)  # it ends with its input
    return process


def _attend() -> None:
    for line in sys.stdin:
        last, arguments = json.loads(line)
        ours, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            _work(last, arguments, theirs)
        os.close(theirs)
        with os.fdopen(ours) as stream:
            said = stream.read()
        _, status = os.waitpid(child, 0)
        steps, modules = json.loads(said or "[0, []]")
        for module in modules:
            import_module(module)  # the next has it from the start
        sys.stdout.write(json.dumps([os.waitstatus_to_exitcode(status), steps]) + "\n")
        sys.stdout.flush()


def _work(last: int, arguments: list[str], pipe: int) -> NoReturn:
    numbers = count()

    def step(*_: object) -> None:
        if next(numbers) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def note(happening: str, _: object) -> None:
        if happening in CHANGES:
            step()

    for happening in ("before_cursor_execute", "commit"):
        event.listen(Engine, happening, step)
    sys.addaudithook(note)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.argv = ["posterity", *arguments]
    code = 1
    try:
        main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    loaded = sorted(name for name in sys.modules if name.partition(".")[0] in OURS or name in SLOW)
    os.write(pipe, json.dumps([next(numbers), loaded]).encode())
    os._exit(code)


if __name__ == "__main__":
    _attend()
