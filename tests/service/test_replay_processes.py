"""A replay in processes: killed and resumed, and the same numbers wherever it is computed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.service.commands import PROGRAM, ROOT, Desk, report, said_in_one_line, vivid

pytestmark = pytest.mark.slow
of_processes = pytest.mark.sqlite("it is about processes; test_replay is about what is stored")

SPAN = ("--from", "2025-05-02", "--to", "2025-06-30")
NIGHTS = 60
# No two nights alike, and seconds of work, of which the first is stored after one.
YEARS = ("--from", "2023-01-02", "--to", "2026-10-30", "--band")
MANY = 1398
DAYS = ("--from", "2026-10-06", "--to", "2026-10-30", "--band")
WEEKS = ("--from", "2025-06-23", "--to", "2025-06-30", "--every", "7d")
PATIENCE = 120  # seconds


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return told(tmp_path, vivid(), "2025-03-20", "2025-04-10")


@pytest.fixture
def long(tmp_path: Path) -> Desk:
    """One where someone has been looking for years."""
    years = vivid().replace("opened = 2025-01-01", "opened = 2023-01-01").replace("2025-12-31", "2026-12-31")
    return told(tmp_path, years, "2025-03-20", "2026-10-30")


def told(folder: Path, configuration: str, second: str, third: str) -> Desk:
    desk = Desk(folder, configuration)
    reports = [report(), report("b", published=second), report("c", published=third, grade="C3")]
    desk.types("ingest", desk.write("r.jsonl", *reports))
    return desk


def nights(desk: Desk, *arguments: str) -> Any:
    answer = desk.process("replay", "vivid", "--json", *arguments)
    assert (answer.code, answer.err) == (0, ""), answer
    return answer.json


def numbers(found: Any) -> list[Any]:
    return [(one["as_of"], one["status"], one["probabilities"], one["pymc"]) for one in found["nights"]]


@of_processes
def test_the_numbers_are_the_same_whatever_the_number_of_workers(desk: Desk) -> None:
    found = [nights(desk, *SPAN, "--as", f"by-{number}", "--workers", f"{number}") for number in (1, 3)]
    assert [one["stored"] for one in found] == [NIGHTS] * 2
    assert numbers(found[0]) == numbers(found[1])


def stored(desk: Desk) -> int:
    ((number,),) = desk.rows("SELECT count(*) FROM experiment_run")
    return int(number)


@of_processes
def test_a_replay_that_is_killed_leaves_nobody_behind_and_goes_on_where_it_was(long: Desk) -> None:
    alone = nights(long, *DAYS, "--as", "alone", "--workers", "2")
    before = stored(long)
    command = [PROGRAM, "replay", "vivid", *YEARS, "--as", "killed", "--workers", "2"]
    with subprocess.Popen(command, cwd=long.folder, stdout=subprocess.DEVNULL) as running:
        end = time.monotonic() + PATIENCE
        while stored(long) == before and time.monotonic() < end:
            time.sleep(0.02)
        helpers = psutil.Process(running.pid).children(recursive=True)
        running.send_signal(signal.SIGKILL)
    kept = stored(long) - before
    assert 0 < kept < MANY
    gone, alive = psutil.wait_procs(helpers, timeout=PATIENCE)
    assert helpers
    assert not alive, gone
    resumed = nights(long, *YEARS, "--as", "killed", "--workers", "2")
    assert resumed["stored"] == MANY - kept
    assert numbers(resumed)[-25:] == numbers(alone)


@of_processes
def test_an_interruption_ends_it_and_what_was_done_is_kept(long: Desk) -> None:
    # What a shell starts in the background ignores interruptions, and so does what it starts in turn.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [PROGRAM, "replay", "vivid", *YEARS, "--as", "cut", "--workers", "2"]
    with subprocess.Popen(
        command, cwd=long.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    ) as running:
        end = time.monotonic() + PATIENCE
        while not stored(long) and time.monotonic() < end:
            time.sleep(0.02)
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does
        try:
            out, err = running.communicate(timeout=PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)  # a failure must not keep us waiting
    assert running.returncode != 0, err
    assert out == ""
    assert "Traceback" not in err
    assert 0 < stored(long) < MANY


def are_what_a_night_computes(found: Any, desk: Desk) -> None:
    """Whether workers sampled what `posterity run` samples in this process."""
    assert [one["status"] for one in found["nights"]] == ["published"] * 2
    for one in found["nights"]:
        (run,) = desk.types("run", "--no-ingest", "--as-of", one["as_of"], "--json").json
        assert one["pymc"] == run["pymc"]
        assert one["probabilities"] == pytest.approx(run["probabilities"], abs=1e-9)


@of_processes
def test_pymc_samples_each_night_as_a_night_would(desk: Desk) -> None:
    are_what_a_night_computes(nights(desk, *WEEKS, "--pymc", "--as", "two", "--workers", "2"), desk)


# ---- what a start loads -----------------------------------------------------------------------------------

SPY = """
import atexit, sys
from service.cli import main
atexit.register(lambda: print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr))
main()
"""


@of_processes
@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    [
        (("replay", "vivid", *WEEKS, "--as", "late"), {"pymc", "pytensor", "nutpie", "pandas", "alembic"}),
        (("compare", "late"), {"pymc", "scipy", "rapidfuzz", "pandas", "alembic", "distributed"}),
        (("compare",), {"pymc", "scipy", "rapidfuzz", "pandas", "alembic", "distributed"}),
    ],
    ids=["replay", "compare", "list"],
)
def test_the_exact_engine_and_comparisons_load_no_sampler(
    desk: Desk, arguments: tuple[str, ...], unneeded: set[str]
) -> None:
    desk.types("replay", "vivid", *WEEKS, "--as", "late")
    command = [sys.executable, "-c", SPY, "--config", f"{desk.folder}/config.toml", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not unneeded & set(done.stderr.split())


# ---- a Dask cluster ---------------------------------------------------------------------------------------


@contextmanager
def cluster(folder: Path, workers: int, **environment: str) -> Iterator[str]:
    """A scheduler and workers as a shell starts them; the scheduler's address."""
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard"]
    where = folder / "scheduler.json"
    file = f"{where}"
    environ = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environ}
    started = [
        subprocess.Popen([*dask, "--host", "127.0.0.1", "--scheduler-file", file], cwd=folder, **quiet)
    ]
    try:
        worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", file]
        options = [
            "--nthreads",
            "1",
            "--no-dashboard",
            "--no-nanny",
            "--local-directory",
            f"{folder}/scratch",
        ]
        started += [
            subprocess.Popen([*worker, *options, "--name", f"{number}"], cwd=folder, **quiet)
            for number in range(workers)
        ]
        yield address(where)
    finally:
        for one in started:
            one.kill()
            one.wait(PATIENCE)


def address(where: Path) -> str:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if where.exists() and where.read_text():
            return str(json.loads(where.read_text())["address"])
        time.sleep(0.05)
    raise AssertionError("the scheduler did not start")


@of_processes
def test_a_dask_cluster_computes_the_same_numbers(desk: Desk, tmp_path: Path) -> None:
    with cluster(tmp_path, 2) as where:
        there = nights(desk, *WEEKS, "--pymc", "--as", "there", "--scheduler", where)
        exact = nights(desk, *SPAN, "--as", "exact", "--scheduler", where)
    are_what_a_night_computes(there, desk)
    assert exact["stored"] == NIGHTS
    assert exact["nights"][-1]["probabilities"] == there["nights"][-1]["probabilities"]


@of_processes
def test_workers_that_run_other_code_are_refused(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name in ("model", "service", "storage", "ingest"):
        (other / name).symlink_to(ROOT / name)
    (other / "model").unlink()
    (other / "model").mkdir()
    for path in (ROOT / "model").glob("*.py"):
        (other / "model" / path.name).write_bytes(path.read_bytes() + b"# changed\n")
    with cluster(tmp_path, 1, PYTHONPATH=str(other)) as where:
        answer = desk.process("replay", "vivid", *WEEKS, "--scheduler", where)
    assert "run another version of the model" in said_in_one_line(answer, 2)


@of_processes
def test_a_scheduler_that_nobody_runs_is_out_of_reach(desk: Desk) -> None:
    answer = desk.process("replay", "vivid", *WEEKS, "--scheduler", "tcp://127.0.0.1:9")
    assert "no Dask scheduler with workers answers at tcp://127.0.0.1:9" in said_in_one_line(answer, 3)
    assert stored(desk) == 0


@of_processes
def test_without_dask_the_command_says_how_to_install_it(desk: Desk) -> None:
    hidden = desk.folder / "hidden"
    hidden.mkdir()
    (hidden / "distributed.py").write_text("raise ImportError\n", encoding="utf-8")
    path = f"{hidden}{os.pathsep}{ROOT}"
    answer = desk.process("replay", "vivid", *WEEKS, "--scheduler", "tcp://127.0.0.1:9", PYTHONPATH=path)
    assert 'pip install "posterity[dask]"' in said_in_one_line(answer, 2)
