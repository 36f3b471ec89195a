"""Commands that only show something start without what they do not need."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.commands import CUTOFF, Desk, report

pytestmark = [pytest.mark.slow, pytest.mark.sqlite("what is loaded does not depend on it")]

NEVER = {"pymc", "pytensor", "nutpie", "arviz", "xarray", "scipy", "alembic", "apscheduler", "pyarrow"}
EARLY = "2025-04-30"
SPY = """
import atexit, sys
from service.cli import main
packages = lambda: sorted({name.partition(".")[0] for name in sys.modules})
atexit.register(lambda: print(*packages(), file=sys.stderr))
main()
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, database_kind: str) -> Desk:
    desk = Desk(tmp_path_factory.mktemp(f"start-{database_kind}"))
    desk.types("ingest", desk.write("r.jsonl", report()))
    for day in (EARLY, CUTOFF):
        desk.types("run", "--as-of", day)
    return desk


def loaded(desk: Desk, *arguments: str | Path) -> set[str]:
    """Packages that a command loaded in a process of its own."""
    command = [sys.executable, "-c", SPY, "--config", str(desk.folder / "config.toml"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_history_needs_neither_the_sampler_nor_data_frames_nor_migrations(desk: Desk, form: str) -> None:
    unneeded = NEVER | {"pandas", "numpy", "rapidfuzz", "publicsuffixlist"}
    assert not loaded(desk, "history", "quiet", "--format", form) & unneeded


def test_a_history_for_machines_needs_no_layout(desk: Desk) -> None:
    assert "rich" not in loaded(desk, "history", "quiet", "--format", "csv")


@pytest.mark.parametrize("command", ["events", "reports"])
@pytest.mark.parametrize("more", [[], ["--json"]], ids=["table", "json"])
def test_a_list_needs_neither_the_sampler_nor_migrations(desk: Desk, command: str, more: list[str]) -> None:
    assert not loaded(desk, command, *more) & NEVER


@pytest.mark.parametrize(
    "command",
    [
        ["explain", "quiet"],
        ["explain", "quiet", "--since", EARLY, "--json"],
        ["explain", "quiet", "--diagnostics"],
        ["what-if", "quiet", "--event", "tag=deal,country=PE"],
        ["watch", "quiet"],
        ["check"],
    ],
    ids=" ".join,
)
def test_a_question_to_a_stored_run_is_answered_without_the_sampler(desk: Desk, command: list[str]) -> None:
    assert not loaded(desk, *command) & (NEVER - {"scipy"} | {"pandas", "matplotlib"})


def test_the_help_needs_no_database_at_all(desk: Desk) -> None:
    unneeded = NEVER | {"pandas", "numpy", "sqlalchemy", "sqlmodel", "pydantic_settings", "rich"}
    assert not loaded(desk, "--help") & unneeded
    assert not loaded(desk, "history", "--help") & unneeded


def test_a_night_that_is_unchanged_does_not_load_the_sampler(desk: Desk) -> None:
    assert not loaded(desk, "run", "--as-of", CUTOFF) & (NEVER - {"scipy"})
