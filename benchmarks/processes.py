"""The commands as a shell starts them: fresh processes, with compilation caches full or empty."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks import shipped
from benchmarks.measuring import Timing, timed_processes

HEAVY = ("pymc", "pytensor", "pandas", "alembic", "arviz", "numba", "scipy")
_COMMAND = Path(sys.executable).with_name("posterity")
_LOADED = f"""
import json, sys
from service.cli import app
app({{arguments}}, standalone_mode=False)
sys.stderr.write("\\n" + json.dumps([name for name in {HEAVY} if name in sys.modules]))
"""


def environment(folder: Path, caches: Path) -> dict[str, str]:
    """Give the process's own environment, with database, inbox and compilation caches in these folders."""
    return {
        **os.environ,
        **shipped.environment(folder),
        "PYTENSOR_FLAGS": f"base_compiledir={caches / 'pytensor'}",
        "NUMBA_CACHE_DIR": str(caches / "numba"),
    }


def run(folder: Path, caches: Path) -> Timing:
    """Time `posterity run` on a fresh database, with the shipped reports waiting in the inbox."""
    inbox = folder / "inbox"
    inbox.mkdir(parents=True)
    shutil.copy(shipped.REPORTS, inbox)
    return timed_processes(lambda: _call(["run"], environment(folder, caches)))


def history(folder: Path, caches: Path) -> Timing:
    """Time `posterity history` in a fresh process."""
    arguments = ["history", "russia-latin-america"]
    return timed_processes(lambda: _call(arguments, environment(folder, caches)))


def loaded_by_history(folder: Path, caches: Path, form: str) -> list[str]:
    """Which of the heavy packages `posterity history` has loaded when it ends."""
    arguments = ["history", "russia-latin-america", "--format", form]
    program = _LOADED.format(arguments=arguments)
    written = _called([sys.executable, "-c", program], environment(folder, caches))
    return [str(name) for name in json.loads(written.splitlines()[-1])]


def _call(arguments: list[str], environ: dict[str, str]) -> None:
    _called([str(_COMMAND), *arguments], environ)


def _called(command: list[str], environ: dict[str, str]) -> str:
    """Run a command, and give what it wrote to standard error."""
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr
