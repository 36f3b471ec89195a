"""The reading API of a real server, as pandas, a slow client and one that hangs up meet it."""

import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import httpx
import pandas as pd
import psutil
import pytest
from sqlalchemy import create_engine, text

from storage.runs import store_run
from tests.service.commands import CUTOFF, Desk, report
from tests.service.test_web_process import Served, served
from tests.storage.samples import run

pytestmark = pytest.mark.slow

PATIENCE = 600
ROWS, SCENARIOS = 400_000, 2
A_QUARTER = (date(1000, 1, 1) + timedelta(days=ROWS // SCENARIOS // 4)).isoformat()
HISTORY = "api/v1/forecasts/quiet/history"
MEGABYTE = 1 << 20
# The runs of a thousand years and more, each after the first of all.
RUNS = """
INSERT INTO run (forecast_id, as_of, status, settled, supersedes, engine, evidence_digest, forecast_digest,
                 code_digest, recorded_at, seconds)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :most)
SELECT 'quiet', date('1000-01-01', n || ' days'), 'published', 1, 0, 'exact', 'sha256:e', 'f', 'c',
       '2026-01-01 00:00:00.000000', 1 FROM numbers
"""
LINES = "INSERT INTO run_line SELECT id, '{\"run\":' || id || '}' FROM run WHERE id > 1"
POSTERIORS = """
INSERT INTO posterior (run_id, position, scenario, probability, prior, word)
SELECT id, position, name, 0.5, 0.5, 'roughly even chance'
FROM run, (SELECT 0 AS position, 'down' AS name UNION ALL SELECT 1, 'up') WHERE id > 1
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.types("ingest", made.write("a.jsonl", report()))
    for cutoff in ("2025-03-31", CUTOFF):
        assert made.types("run", "--as-of", cutoff, "--no-ingest").code == 0
    return made


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Served]]:
    """A server of a long history, which has read all of it once: more than SQLite keeps for a connection."""
    made = Desk(tmp_path_factory.mktemp("long"))
    first = run(forecast_id="quiet", as_of=date(3000, 1, 1))
    from storage.database import open_database  # noqa: PLC0415

    with open_database(made.url) as database, database.session() as session:
        store_run(session, first)
        session.execute(text(RUNS), {"most": ROWS // SCENARIOS - 1})
        session.execute(text(LINES))
        session.execute(text(POSTERIORS))
    with served(made) as server:
        read(server, "csv")  # it fills what SQLite keeps for a connection, or whoever came first would
        yield made, server


def test_pandas_reads_a_history_by_its_address(desk: Desk) -> None:
    with served(desk) as server:
        address = f"{server.address}/{HISTORY}"
        text_ = pd.read_csv(f"{address}?format=csv", parse_dates=["as_of"])
        frame = pd.read_parquet(f"{address}?format=parquet")
        hub = pd.read_csv(f"{address}?format=hubverse")
        lines = pd.read_json(address)
    assert text_["probability"].tolist() == frame["probability"].tolist() == hub["value"].tolist()
    assert text_["scenario"].tolist() == ["down", "up", "down", "up"]
    assert (text_["as_of"] == frame["as_of"]).all()
    assert lines["run"].tolist() == [1, 2]


def resident(server: Served) -> int:
    return int(psutil.Process(server.process.pid).memory_info().rss)


def read(server: Served, form: str, *, encoding: str = "identity", to: str = "9999-12-31") -> tuple[int, int]:
    """Read a history to a day: how many lines it has, and the most memory that the server had meanwhile."""
    address = f"{server.address}/{HISTORY}?format={form}&to={to}"
    lines, most = 0, 0
    with httpx.stream("GET", address, headers={"Accept-Encoding": encoding}, timeout=PATIENCE) as answer:
        assert answer.headers.get("content-encoding", "identity") == encoding
        for piece in answer.iter_bytes():
            lines += piece.count(b"\n")
            most = max(most, resident(server))
    return lines, most


@pytest.mark.sqlite("the same statements would fill a server's tables otherwise")
@pytest.mark.parametrize(
    ("form", "encoding"), [("csv", "gzip"), ("json", "identity"), ("parquet", "identity")]
)
def test_four_times_as_many_rows_are_sent_in_the_same_memory(
    long: tuple[Desk, Served], form: str, encoding: str
) -> None:
    _, server = long
    quarter, before = read(server, form, encoding=encoding, to=A_QUARTER)
    whole, most = read(server, form, encoding=encoding)
    if form == "csv":
        assert (quarter, whole) == (ROWS // 4 + 1, ROWS + 1)
    # The rows themselves would take 300 MB and more; all that differs is what allocators keep.
    assert most - before < 8 * MEGABYTE


@pytest.mark.sqlite("as above")
@pytest.mark.parametrize("form", ["csv", "json"])
def test_who_hangs_up_leaves_nothing_running_and_no_transaction_open(
    long: tuple[Desk, Served], form: str
) -> None:
    desk, server = long
    for _ in range(5):
        with httpx.stream("GET", f"{server.address}/{HISTORY}?format={form}", timeout=PATIENCE) as answer:
            next(answer.iter_raw())
    process = psutil.Process(server.process.pid)
    deadline, busy = time.monotonic() + PATIENCE, 1.0
    while busy > 0.05 and time.monotonic() < deadline:
        before = sum(process.cpu_times()[:2])
        time.sleep(0.5)
        busy = sum(process.cpu_times()[:2]) - before
    assert busy <= 0.05
    engine = create_engine(desk.url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS mine (n)"))
    with engine.connect() as connection:
        stays, _, _ = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
    engine.dispose()
    assert stays == 0


@pytest.mark.sqlite("as above")
def test_who_reads_slowly_keeps_no_transaction_open_and_others_are_answered(
    long: tuple[Desk, Served],
) -> None:
    desk, server = long
    slow = [httpx.Client() for _ in range(20)]  # more than there are connections to the database
    answers = [
        one.send(one.build_request("GET", f"{server.address}/{HISTORY}?format=csv"), stream=True)
        for one in slow
    ]
    for answer in answers:
        next(answer.iter_raw())
    assert httpx.get(f"{server.address}/api/v1/forecasts", timeout=PATIENCE).status_code == 200
    engine = create_engine(desk.url)
    with engine.connect() as connection:
        stays, _, _ = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
    engine.dispose()
    assert stays == 0
    for answer, one in zip(answers, slow, strict=True):
        answer.close()
        one.close()
