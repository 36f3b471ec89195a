"""Databases for tests: SQLite files, and a real PostgreSQL server that lives for the session.

A conftest offers them by `from tests.databases import *`. Every test has a fresh database of each kind.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from storage.database import Database, migrate, open_database

__all__ = [
    "database",
    "database_url",
    "empty_url",
    "kept_database",
    "kept_url",
    "migrated_sqlite",
    "new_url",
    "postgresql",
    "postgresql_server",
]

# Most servers in use sort as people of some language do, and not by code points.
LOCALE = ["--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en-US"]
QUICK = (
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off -c listen_addresses="
)
POSTGRESQL = [pytest.param("postgresql", marks=pytest.mark.slow)]  # the quick suite needs no server
KINDS = ["sqlite", *POSTGRESQL]


class Server:
    """A PostgreSQL server in a folder of its own, reached by a socket in there."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder = programs, folder
        self.numbers = count(1)

    def start(self) -> None:
        self._run("initdb", "-D", f"{self.folder}/data", "-U", "postgres", "-A", "trust", "-N", *LOCALE)
        self.restart()

    def restart(self) -> None:
        """Run it again after `stop`."""
        options = f"{QUICK} -c unix_socket_directories={self.folder}"
        self._control("-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """End it; "fast" keeps all that was committed, which "immediate" need not with these settings."""
        self._own.dispose()
        self._control("-m", mode, "stop")

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-w", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        who = as_postgres if os.geteuid() == 0 else []  # the server refuses to run as root
        command = [*who, str(self.programs / program), *arguments]
        subprocess.run(command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL)

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def create(self, template: str = "template0") -> str:
        """Create a database and answer with its name."""
        name = f"test_{next(self.numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    @contextmanager
    def lent(self, template: str = "template0") -> Iterator[str]:
        """The URL of a database that is dropped afterwards."""
        name = self.create(template)
        yield self.url(name)
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        with self._own.connect() as connection:
            connection.execute(text(statement))

    @cached_property
    def _own(self) -> Engine:
        """Kept, for to connect anew takes as long as to copy a database: every test would twice."""
        return create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT", pool_pre_ping=True)


def _programs() -> Path | None:
    """Where the newest server's programs are; Debian keeps them out of the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def _migrated(url: str) -> None:
    with open_database(url) as database:
        migrate(database)


@contextmanager
def served() -> Iterator[Server | None]:
    """Run a server in a temporary folder for a while; None where none is installed."""
    programs = _programs()
    if programs is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="posterity-pg-") as name:
        if os.geteuid() == 0:
            shutil.chown(name, "postgres", "postgres")
        server = Server(programs, Path(name))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    with served() as server:
        if server is None:
            pytest.skip("no PostgreSQL server is installed here")
        yield server


@pytest.fixture(scope="session")
def postgresql(postgresql_server: Server) -> tuple[Server, str]:
    """The server, and its migrated template."""
    template = postgresql_server.create()
    _migrated(postgresql_server.url(template))
    return postgresql_server, template


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "posterity.db"
    _migrated(f"sqlite:///{path}")
    return path


@pytest.fixture
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Answer for each kind of database that is asked for with the URL of another one that has no tables."""
    numbers = count(1)
    with ExitStack() as lent:

        def new(kind: str) -> str:
            if kind == "sqlite":
                return f"sqlite:///{tmp_path}/new-{next(numbers)}/posterity.db"
            server: Server = request.getfixturevalue("postgresql_server")
            return lent.enter_context(server.lent())

        yield new


@pytest.fixture(params=KINDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with no tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/posterity.db"
        return
    with request.getfixturevalue("postgresql_server").lent() as url:
        yield url


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated database."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path)
        yield f"sqlite:///{tmp_path}/posterity.db"
        return
    server, template = request.getfixturevalue("postgresql")
    with server.lent(template) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated database, open."""
    with open_database(database_url) as opened:
        yield opened


@pytest.fixture(scope="module", params=KINDS)
def kept_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a migrated database that a module's tests share: those that change nothing."""
    if request.param == "sqlite":
        path = shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path_factory.mktemp("kept"))
        yield f"sqlite:///{path}"
        return
    server, template = request.getfixturevalue("postgresql")
    with server.lent(template) as url:
        yield url


@pytest.fixture(scope="module")
def kept_database(kept_url: str) -> Iterator[Database]:
    """A migrated database that a module's tests share, open."""
    with open_database(kept_url) as opened:
        yield opened
