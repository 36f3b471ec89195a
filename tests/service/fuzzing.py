"""Everything that the description of the API allows, and much that it does not, sent to a real server.

Schemathesis runs in a process of its own, with every check on, stateful too: what one answer names, the next
request asks about. What it must be told of our API stands in `fuzz_hooks`.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

PHASES = ("examples", "coverage", "fuzzing", "stateful")
_HOOKS = Path(__file__).with_name("fuzz_hooks.py")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fuzzed:
    """What a run found: its report, and what it printed."""

    report: Any
    said: str

    @property
    def cases(self) -> int:
        """How many requests were made up."""
        return int(self.report["test_cases"]["generated"])

    @property
    def is_clean(self) -> bool:
        """Whether it came to its end, every operation was tried, and no check failed."""
        found, tried = self.report["failures"] or self.report["errors"], self.report["operations"]
        return self.report["complete"] and not found and tried["tested"] == tried["selected"] > 0


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an application on this machine, and give its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, http="h11", ws="none", lifespan="off", log_config=None, access_log=False)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def fuzz(
    folder: Path,
    url: str,
    key: str,
    *,
    examples: int,
    phases: tuple[str, ...] = PHASES,
    seed: int = 1,
    workers: int = 1,
    more: tuple[str, ...] = (),
) -> Fuzzed:
    """Fuzz the whole description at an address, from a folder that may be written to.

    Parameters
    ----------
    examples
        How many requests to make up for each operation, in each phase.
    more
        Further options.
    """
    report = folder / "report.json"
    options = {
        "checks": "all",
        "phases": ",".join(phases),
        "max-examples": examples,
        "seed": seed,
        "workers": workers,
        "request-timeout": 120,  # the machine may be busy
        "suppress-health-check": "all",
        "warnings": "off",
        "header": f"Authorization: Bearer {key}",
        "report-json-path": report,
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    flags = ["--no-color", "--continue-on-failure", *more]
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", *arguments, *flags],
        cwd=folder,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(_HOOKS)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    said = done.stdout + done.stderr
    assert report.exists(), said
    return Fuzzed(report=json.loads(report.read_text()), said=said)
