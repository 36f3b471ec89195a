"""Sends what nobody should send to every address of the API, with every check of schemathesis on.

    python -m benchmarks.api_fuzz [--cases 20000] [--seed 1] [--postgresql]

A real server has something of everything in its store. Rounds with ever other seeds go on until so many
requests have been made up; what a check finds is printed with how to send it again, and ends it with code 1.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from service import keys
from service.web import create_app
from storage.database import migrate, open_database
from tests.databases import served
from tests.service.fuzzing import fuzz, serving
from tests.service.offices import Office

EXAMPLES = 60  # of each operation in each phase of a round


def main() -> int:
    """Fuzz until there were enough cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    parser.add_argument("--postgresql", action="store_true")
    wanted = parser.parse_args()
    cases, found, began = 0, Counter[str](), time.perf_counter()
    for seed in count(wanted.seed):
        if cases >= wanted.cases:
            break
        with (
            tempfile.TemporaryDirectory(prefix="posterity-fuzz-") as name,
            _url(Path(name), postgresql=wanted.postgresql) as url,
        ):
            done = _round(Path(name), url, seed)
        cases += done[0]
        found += done[1]
        print(f"round {seed}: {cases:,} cases, {time.perf_counter() - began:,.0f} s", flush=True)
    print(f"{cases:,} cases; failures: {dict(found) or 'none'}")
    return 1 if found else 0


def _round(folder: Path, url: str, seed: int) -> tuple[int, Counter[str]]:
    with open_database(url) as database:
        migrate(database)
        office = Office(folder, database, url)
        office.fills()
        key = keys.create(office.service, "fuzzer", "admin")
        with serving(create_app(office.service, local=False)) as address:
            done = fuzz(folder, address, key, examples=EXAMPLES, seed=seed)
    if not done.is_clean:
        print(done.said)
    failures = {one["title"]: one["count"] for one in (*done.report["failures"], *done.report["errors"])}
    return done.cases, Counter(failures)


@contextmanager
def _url(folder: Path, *, postgresql: bool) -> Iterator[str]:
    if not postgresql:
        yield f"sqlite:///{folder}/posterity.db"
        return
    with served() as server:
        if server is None:
            sys.exit("no PostgreSQL server is installed here")
        with server.lent() as url:
            yield url


if __name__ == "__main__":
    sys.exit(main())
