"""docs/api.md and docs/notebook.md: every command and every cell in them is run."""

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.service.commands import ROOT, Desk, report, vivid
from tests.service.test_web_process import served

pytestmark = pytest.mark.slow

API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
NOTEBOOK = (ROOT / "docs" / "notebook.md").read_text(encoding="utf-8")
ID = "russia-latin-america"
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", API, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("curl") and "example.org" not in line
]
CELLS = re.findall(r"```python\n(.*?)```", NOTEBOOK, re.DOTALL)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, database_kind: str) -> Desk:
    """A forecast with two nights, of which PyMC sampled the draws."""
    assert database_kind
    made = Desk(tmp_path_factory.mktemp("docs"), vivid(ID).replace("2025-", "2026-"))
    made.types("ingest", made.write("a.jsonl", report(published="2026-01-05")))
    for cutoff in ("2026-01-02", "2026-01-20"):
        made.types("run", "--as-of", cutoff, "--no-ingest")
    return made


def test_every_command_of_the_manual_is_answered(desk: Desk, tmp_path: Path) -> None:
    assert len(COMMANDS) > 15
    with served(desk) as server:
        environment = {**os.environ, "URL": server.address, "ID": ID, "RUN": "2"}
        for command in COMMANDS:
            script = command.replace("curl ", "curl --silent --show-error --fail ", 1)
            done = subprocess.run(
                ["sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True, check=False
            )
            assert done.returncode == 0, (command, done.stderr)
            assert done.stdout or "-o" in shlex.split(command), command
    assert (tmp_path / "history.parquet").read_bytes().startswith(b"PAR1")
    assert (tmp_path / "trace.nc").read_bytes().startswith(b"\x89HDF")


def test_every_cell_of_the_notebook_runs(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - only this test draws

    mpl.use("agg")
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = {}
    with served(desk) as server:
        for number, cell in enumerate(CELLS):
            here = cell.replace("http://127.0.0.1:8000", server.address)
            exec(compile(here, f"cell {number}", "exec"), known)  # noqa: S102 - our own manual
    assert (tmp_path / "history.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "trace.png").read_bytes().startswith(b"\x89PNG")
    assert set(known["wide"].columns) == {"down", "up"}


def test_the_manual_names_every_address_that_reads_forecasts() -> None:
    for part in ("history", "latest", "runs", "reasons", "outlook", "trace.nc", "versions", "feed.atom"):
        assert any(part in command for command in COMMANDS), part
