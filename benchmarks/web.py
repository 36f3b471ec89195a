"""How fast the web application answers from a long store, beside Datasette with the same file and question.

A real `posterity serve` process is asked over loopback, by one client and by eight, each a process of its
own with one connection that it keeps. Both servers run all the while and are asked by turns, so that what
else the machine does falls on both; in rounds, because what one does after its last answer delays the first
of the other. The histories are those of all forecasts, one after the other; nothing here remembers an
answer, and no client sends a tag. Run it as::

    python -m benchmarks.web --folder DIR [--datasette PATH] [--requests 1000]
"""

import argparse
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import batched
from multiprocessing import get_context
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode, urlsplit

from benchmarks import web_store
from benchmarks.measuring import machine, table

CLIENTS = 8
WARMING = 10  # answers of each connection that do not count
ROUND = 20  # answers of a server, and then it is the other's turn
ROUNDS = 10  # of a crowd
PATIENCE = 60  # seconds until a server listens
YEAR, WEEK = (web_store.LAST - timedelta(days=days) for days in (364, 6))
API = "/api/v1/forecasts"
# What the history of a year reads, and what each forecast's latest run in brief reads.
HISTORY = """
select run_line.line from run join run_line on run_line.run_id = run.id
where run.forecast_id = :forecast and run.as_of >= :first and run.status <> 'failed' and not exists (
    select 1 from run as newer where newer.forecast_id = run.forecast_id and newer.as_of = run.as_of
    and (newer.recorded_at > run.recorded_at or newer.recorded_at = run.recorded_at and newer.id > run.id)
    and newer.status <> 'failed')
order by run.as_of, run.recorded_at, run.id
"""
LATEST = """
with recursive forecasts(id) as (
    select min(forecast_id) from run
    union all select (select min(forecast_id) from run where forecast_id > forecasts.id) from forecasts
    where forecasts.id is not null)
select run_line.line from forecasts join run_line on run_line.run_id = (
    select run.id from run where run.forecast_id = forecasts.id and run.status = 'published'
    order by run.as_of desc, run.recorded_at desc, run.id desc limit 1)
where forecasts.id is not null
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """Milliseconds that answers took, and how long each is."""

    median: float
    p99: float
    bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """A question to a server, and the addresses where it is asked, in turn."""

    address: str
    paths: Sequence[str]

    def begun(self, place: int) -> "Asking":
        """Begin at another address."""
        first = place % len(self.paths)
        return Asking(address=self.address, paths=[*self.paths[first:], *self.paths[:first]])


type Answers = list[tuple[float, int]]


def asked(askings: Sequence[Asking], number: int) -> list[Answers]:
    """Ask servers by turns, over one connection each; give the seconds and the bytes of their answers."""
    connections = [_connected(one.address) for one in askings]
    found: list[Answers] = [[] for _ in askings]
    for turns in batched(range(-WARMING, number), ROUND):
        for asking, connection, answers in zip(askings, connections, found, strict=True):
            answers.extend(_answer(connection, asking.paths[turn % len(asking.paths)]) for turn in turns)
    for connection in connections:
        connection.close()
    return [answers[WARMING:] for answers in found]


def _connected(address: str) -> http.client.HTTPConnection:
    where = urlsplit(address)
    return http.client.HTTPConnection(where.hostname or "", where.port, timeout=PATIENCE)


def _answer(connection: http.client.HTTPConnection, path: str) -> tuple[float, int]:
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    took = time.perf_counter() - began
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {body[:300]!r}")
    return took, len(body)


def measured(askings: Sequence[Asking], number: int, clients: int) -> list[Measured]:
    """Ask each server so many times, as so many clients at once."""
    found = asked(askings, number) if clients == 1 else _crowd(askings, number, clients)
    return [_measured(answers) for answers in found]


def _crowd(askings: Sequence[Asking], number: int, clients: int) -> list[Answers]:
    found: list[Answers] = [[] for _ in askings]
    share = -(-number // clients // ROUNDS)
    with get_context("spawn").Pool(clients) as pool:
        for turn in range(ROUNDS):
            for asking, answers in zip(askings, found, strict=True):
                shares = [([asking.begun(turn * share + place)], share) for place in range(clients)]
                answers.extend(one for (own,) in pool.starmap(asked, shares, chunksize=1) for one in own)
    return found


def _measured(answers: Answers) -> Measured:
    cuts = quantiles((1000 * seconds for seconds, _ in answers), n=100, method="inclusive")
    return Measured(median=cuts[49], p99=cuts[98], bytes=max(size for _, size in answers))


@contextmanager
def serving(command: Sequence[str], folder: Path, listens: Callable[[str], str | None]) -> Iterator[str]:
    """Run a server, and give its address once it says where it listens."""
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(command, cwd=folder, stdout=stream, stderr=stream, env=os.environ)
    try:
        yield _address(process, log, listens)
    finally:
        process.terminate()
        process.wait()


def _address(process: subprocess.Popen[bytes], log: Path, listens: Callable[[str], str | None]) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if address := listens(log.read_text(encoding="utf-8")):
            return address
        time.sleep(0.1)
    raise SystemExit(f"it does not listen: {log.read_text(encoding='utf-8')[-2000:]}")


def _ours(log: str) -> str | None:
    serving = (json.loads(line) for line in log.splitlines() if '"serving"' in line)
    return next((str(one["at"][0]) for one in serving), None)


def _theirs(log: str) -> str | None:
    found = re.search(r"running on (http://\S+)", log)
    return found[1] if found else None


def posterity(folder: Path) -> list[str]:
    """Write the command that serves the store."""
    program = str(Path(sys.executable).with_name("posterity"))
    return [program, "--config", str(folder / "config.toml"), "serve", "--port", "0", "--log", "json"]


def datasette(program: Path, folder: Path) -> list[str]:
    """Write the command by which Datasette serves the same file."""
    settings = {"max_returned_rows": "2000", "sql_time_limit_ms": "10000", "default_cache_ttl": "0"}
    stated = [part for name, value in settings.items() for part in ("--setting", name, value)]
    return [str(program), "serve", str(folder / "var" / "posterity.db"), "-p", str(_free()), *stated]


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def questions(history: Callable[[str, date], str], latest: str) -> dict[str, list[str]]:
    """Write the addresses of each question; the history of every forecast in turn."""
    ids = [web_store.identity(number * 37 % web_store.FORECASTS) for number in range(web_store.FORECASTS)]
    begins = {"history of a year": YEAR, "history of a week": WEEK}
    histories = {name: [history(one, day) for one in ids] for name, day in begins.items()}
    return histories | {"latest of all": [latest]}


def _history(forecast: str, first: date) -> str:
    return f"{API}/{forecast}/history?from={first}"


def _same_history(forecast: str, first: date) -> str:
    return _sql(HISTORY, forecast=forecast, first=str(first))


def _sql(statement: str, **values: str) -> str:
    return f"/posterity.json?{urlencode({'sql': statement, '_shape': 'arrayfirst', **values})}"


def overview(address: str, number: int) -> list[list[str]]:
    """Measure the first page: the server's time, and what a first and a second visit transfer."""
    (page,) = measured([Asking(address=address, paths=["/"])], number, 1)
    first, second = _visit(address, {}), _visit(address, _visit(address, {})[1])
    rows = [["overview", "1", f"{page.median:.1f}", f"{page.p99:.1f}", f"{page.bytes:,}"]]
    rows += [
        [f"overview, {name} visit", "", "", "", f"{size:,}"]
        for name, size in (("first", first[0]), ("second", second[0]))
    ]
    return rows


type Kept = dict[str, str]


def _visit(address: str, kept: Kept) -> tuple[int, Kept]:
    """Load the page and what it links to, compressed; give the bytes and what a browser would keep."""
    html, size, tags = _loaded(address, "/", kept)
    linked = re.findall(r'(?:src|href)="(/static/[^"]+)"', html)
    total, known = size, dict(tags)
    for path in dict.fromkeys(linked):
        if path in kept and kept[path] == "immutable":
            known[path] = "immutable"
            continue
        _, size, more = _loaded(address, path.replace("&amp;", "&"), kept)
        total, known = total + size, known | more
    return total, known


def _loaded(address: str, path: str, kept: Kept) -> tuple[str, int, Kept]:
    connection = _connected(address)
    headers = {"Accept-Encoding": "gzip", "Accept": "text/html"}
    headers |= {"If-None-Match": kept[path]} if path in kept else {}
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    is_small = answer.headers.get("Content-Encoding") == "gzip"
    text = zlib.decompress(body, 31).decode(errors="replace") if is_small else body.decode(errors="replace")
    size = len(body) + sum(len(f"{name}: {value}\r\n") for name, value in answer.headers.items())
    immutable = "immutable" in answer.headers.get("Cache-Control", "")
    tag = "immutable" if immutable else answer.headers.get("ETag", "")
    return text, size, {path: tag} if tag else {}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where the store is kept, or made")
    parser.add_argument("--datasette", type=Path, help="its program, to compare with")
    parser.add_argument("--requests", type=int, default=1000, help="of each kind")
    given = parser.parse_args()
    web_store.made(given.folder)
    with ExitStack() as stack:
        ours = stack.enter_context(serving(posterity(given.folder), given.folder, _ours))
        servers = {"Posterity": (ours, questions(_history, API))}
        if given.datasette:
            other = serving(datasette(given.datasette, given.folder), given.folder, _theirs)
            servers["Datasette"] = (stack.enter_context(other), questions(_same_history, _sql(LATEST)))
        for where, paths in servers.values():  # what is read for the first time comes from the disk
            asked([Asking(address=where, paths=next(iter(paths.values())))], web_store.FORECASTS)
        found = _all(servers, given.requests)
        rows = overview(ours, given.requests)
    print(machine())
    print(table(("what", "clients", "median ms", "p99 ms", "bytes"), [*_rows(found), *rows]))
    for (name, clients), answers in found.items():
        if len(answers) == 2:
            ratio = answers["Posterity"].p99 / answers["Datasette"].p99
            print(f"{name}, clients {clients}: {ratio:.2f} of Datasette's p99")


type Found = dict[tuple[str, int], dict[str, Measured]]


def _all(servers: dict[str, tuple[str, dict[str, list[str]]]], number: int) -> Found:
    return {
        (name, clients): dict(zip(servers, measured(askings, number, clients), strict=True))
        for name in servers["Posterity"][1]
        for askings in [[Asking(address=where, paths=paths[name]) for where, paths in servers.values()]]
        for clients in (1, CLIENTS)
    }


def _rows(found: Found) -> Iterator[list[str]]:
    for (name, clients), answers in found.items():
        for who, one in answers.items():
            figures = f"{one.median:.1f}", f"{one.p99:.1f}", f"{one.bytes:,}"
            yield [f"{who}: {name}", str(clients), *figures]


if __name__ == "__main__":
    main()
