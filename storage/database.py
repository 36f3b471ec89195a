"""The database, opened once; and its transactions, one for each job, request or command."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, Table, create_engine, event, insert, inspect, text
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeEngine

from model.errors import Unavailable, UsageError
from storage.faults import detail, diagnosis, reachable
from storage.revisions import HEAD, REVISIONS

PATIENCE = 5.0  # seconds to wait for a lock or for a server
# Numbers of our advisory locks.
MIGRATING, FILING, DEFINING, RUNNING = 7_301, 7_302, 7_303, 7_304
SUBSCRIBING, SETTLING, EXPERIMENTING, RAISING = 7_305, 7_306, 7_308, 7_310
NULLS = {"render_nulls": True}  # rows with and without a value in one statement
# Seconds (the last: milliseconds) after which a network that is dead is found out.
_ALIVE = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_SECRETS = ("password", "sslpassword")
_MAPPED = "mmap_size = 2147418112"  # bytes: SQLite maps no more
# The log goes into the file once it holds 16 MB, not 4: what is written in bulk rewrites the same pages.
_PRAGMAS = ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "wal_autocheckpoint = 4000")
# KiB of a SQLite file that each connection keeps: who writes goes through its indexes again and again.
_CACHES = {False: 65_536, True: 16_384}


@dataclass(frozen=True, kw_only=True)
class Database:
    """An engine, and where it leads to in words that are safe to show.

    Parameters
    ----------
    engine
        For transactions that write.
    reader
        The same connections, for transactions that only read one consistent state.
    mapped
        The same through others, which read a SQLite file from the memory that it is mapped to, without a
        call for each page: for many scattered pages, and a process that may die, for it does where the file
        is cut short under it or its disk fails.
    where
        Path or URL, with no password.
    guard
        Called first in every transaction that may write, to refuse it by raising.
    """

    engine: Engine
    reader: Engine
    mapped: Engine
    where: str
    guard: Callable[[Session], None] | None = None

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction that may write: committed when the block ends, undone when it raises.

        Raises
        ------
        Unavailable
            The database is out of reach, locked, full, damaged or may not be written.
        """
        with reachable(self.where), self._opened(self.engine) as session, session.begin():
            if self.guard is not None:
                self.guard(session)
            yield session

    @contextmanager
    def reading(self, *, mapped: bool = False) -> Iterator[Session]:
        """One transaction that sees one consistent state, hinders nobody and refuses to write."""
        with reachable(self.where), self._opened(self.mapped if mapped else self.reader) as session:
            yield session

    def _opened(self, engine: Engine) -> Session:
        return Session(engine, info={"where": self.where})

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of our own rather than a server."""
        return self.engine.dialect.name == "sqlite"

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        self.mapped.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_database(url: str, *, patience: float = PATIENCE) -> Database:
    """Open a database; it is first reached for by its first transaction.

    Parameters
    ----------
    url
        ``sqlite:///path`` or ``postgresql+psycopg://user@host/name``.
    patience
        Seconds to wait for a lock (SQLite) or for the server (PostgreSQL).

    Raises
    ------
    UsageError
        The URL is of neither form.
    Unavailable
        The folder of a SQLite file can not be made.
    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        return _open_sqlite(address, patience)
    settings = {"connect_timeout": max(2, round(patience)), **_ALIVE}
    engine = create_engine(address, pool_pre_ping=True, connect_args=settings)
    event.listen(engine, "begin", _prefer_lookups)
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    shown = address.difference_update_query(_SECRETS).render_as_string(hide_password=True)
    return Database(engine=engine, reader=reader, mapped=reader, where=shown)


def exclusive(session: Session | Connection, purpose: int) -> None:
    """Let one transaction at a time through; SQLite lets only one write in any case."""
    connection = session.connection() if isinstance(session, Session) else session
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:purpose)"), {"purpose": purpose})


def add_rows(session: Session, table: type, rows: Sequence[Mapping[str, object]]) -> None:
    """Add many rows that name the same columns; asking the mapper about each would take a while.

    Nor is SQLite's driver asked value by value: what its values have to be made of is the same for a column.
    """
    connection = session.connection()
    local: Table = inspect(table).local_table
    if connection.dialect.name != "sqlite":
        session.execute(insert(local), rows)
        return
    compiled = insert(local).compile(dialect=connection.dialect, column_keys=list(rows[0]))
    names: Sequence[str] = compiled.positiontup or ()
    columns = [_bound(local.c[name].type, connection.dialect, [row[name] for row in rows]) for name in names]
    connection.exec_driver_sql(str(compiled), list(zip(*columns, strict=True)))


def _bound(kind: TypeEngine[Any], dialect: Dialect, values: list[Any]) -> Iterable[object]:
    """Make values of a column what the driver takes; those that are equal once."""
    process = kind.dialect_impl(dialect).bind_processor(dialect)
    if process is None:
        return values
    made = {value: process(value) for value in set(values)}
    return map(made.__getitem__, values)


def is_current(database: Database) -> bool:
    """Whether the database has the newest tables that this program knows."""
    return _revision(database) == HEAD


def prepare(database: Database) -> None:
    """Make sure that the tables are there: a SQLite file is migrated, a server only by `posterity migrate`.

    Raises
    ------
    UsageError
        A server's tables are old or missing, or any database's are newer than this program.
    """
    revision = _revision(database)
    if revision == HEAD:
        return
    refuse_newer(revision, database.where)
    if not database.is_sqlite:
        state = f"has tables of revision {revision}, not {HEAD}" if revision else "has no tables yet"
        raise UsageError(f"the database {database.where} {state}; run `posterity migrate`")
    migrate(database)


def migrate(database: Database, to: str = HEAD) -> None:
    """Bring the tables to a revision; harmless to repeat, and to do in two processes at once.

    Parameters
    ----------
    to
        By default the newest. What an earlier one does not have is dropped with all that it holds.

    Raises
    ------
    UsageError
        The revision is not known, the tables are newer than this program, or others are in their way.
    """
    with reachable(database.where), database.engine.begin() as connection:
        migrate_within(connection, to, database.where)


def migrate_within(connection: Connection, to: str, where: str) -> None:
    """Do the same within a transaction that goes on: what raises is undone with all of it."""
    if to not in REVISIONS:
        raise UsageError(f"{to!r} is no revision of the tables; write one of {', '.join(REVISIONS)}")
    exclusive(connection, MIGRATING)
    found = revision_of(connection)
    refuse_newer(found, where)
    if found == to:
        return
    try:
        _step(connection, to, back=found is not None and REVISIONS.index(found) > REVISIONS.index(to))
    except DBAPIError as error:
        if diagnosis(error):
            raise
        raise UsageError(
            f"the database {where} cannot be brought to revision {to} ({detail(error)}) and stays as it was; "
            "take out of it what is not Posterity's, or name another in storage.url"
        ) from error


def revision_of(connection: Connection) -> str | None:
    """Look up the revision of the tables; None where there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def refuse_newer(revision: str | None, where: str) -> None:
    """Raise a `UsageError` for tables of a revision that this program does not know."""
    if revision is not None and revision not in REVISIONS:
        raise UsageError(
            f"the database {where} has tables of revision {revision}, which is newer than this program; "
            "install the release that wrote it, or restore a backup"
        )


def _step(connection: Connection, to: str, *, back: bool) -> None:
    from alembic import command  # noqa: PLC0415 - a fifth of a second that other commands need not pay
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    config.attributes["connection"] = connection
    (command.downgrade if back else command.upgrade)(config, to)


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        address = URL.create("none")
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    if address.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        forms = "sqlite:///posterity.db or postgresql+psycopg://user@host/name"
        raise UsageError(f"storage.url is of no form that is known here; write {forms}")
    return address


def _open_sqlite(address: URL, patience: float) -> Database:
    path = address.database or ":memory:"
    folder = Path(path).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"the folder {folder} of the database can not be made ({error.strerror}); "
            "check storage.url and the permissions of the folders above"
        ) from error
    engine = _sqlite(address, patience, _PRAGMAS)
    reader = engine.execution_options(reading=True)
    if path == ":memory:":
        return Database(engine=engine, reader=reader, mapped=reader, where=path)
    mapped = _sqlite(address, patience, (*_PRAGMAS, _MAPPED)).execution_options(reading=True)
    return Database(engine=engine, reader=reader, mapped=mapped, where=path)


def _sqlite(address: URL, patience: float, pragmas: Iterable[str]) -> Engine:
    # The connection of a file that was used last is used next, so that one who reads long fills one cache.
    pooled = {} if address.database in {None, "", ":memory:"} else {"pool_use_lifo": True}
    engine = create_engine(address, connect_args={"timeout": patience}, **pooled)
    event.listen(engine, "connect", partial(_tune, pragmas))
    event.listen(engine, "begin", _begin)
    return engine


def _tune(pragmas: Iterable[str], connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    """Set up a new SQLite connection; `_begin` opens its transactions, so the driver must not."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Take a writer's lock at once: having read first, it could no longer wait for it."""
    reading = connection.get_execution_options().get("reading", False)
    if connection.info.get("reading") != reading:
        connection.exec_driver_sql(f"PRAGMA query_only = {reading:d}")
        connection.exec_driver_sql(f"PRAGMA cache_size = -{_CACHES[reading]}")
        connection.info["reading"] = reading
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _prefer_lookups(connection: Connection) -> None:
    """Keep a server from joining whole tables: it can not foresee how few of a tag's reports are recent.

    Evidence of 1,000 among 1,000,000 reports took ten times as long with those joins (0.7 s).
    """
    connection.exec_driver_sql("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")


def _revision(database: Database) -> str | None:
    with reachable(database.where), database.reader.connect() as connection:
        return revision_of(connection)
