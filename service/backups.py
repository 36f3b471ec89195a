"""Everything in one file, and back: verified both ways, whole or not at all.

A backup is a SQLite file with the tables of the database that it was made from, whichever kind that was,
and a manifest. Reading it into another kind of database is how one moves from SQLite to PostgreSQL and
back. The files of draws are not in it: they are kept for a while only, and can be computed again.
"""

from importlib.metadata import version
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from model.errors import InputRefused, Unavailable, UsageError
from service.composition import Service
from service.drafts import draft_beside, put, put_instead, unused
from storage import backups
from storage.backups import Manifest
from storage.database import MIGRATING, Database, exclusive, migrate_within, refuse_newer, revision_of
from storage.files import open_copy, open_draft
from storage.revisions import HEAD, REVISIONS
from storage.schema import holds_rows

_EMPTY_ONE = "create an empty database (`createdb NAME`), name it in storage.url, then restore"


def back_up(service: Service, path: Path) -> Manifest:
    """Write everything to one file, and verify it by reading it back.

    Raises
    ------
    UsageError
        There is nothing to back up, or something else would be overwritten.
    Unavailable
        The database or the file is out of reach, or a disk is full; there is no half a file then.
    """
    target = path.resolve()
    _refuse_the_database_itself(service.database, target)
    with draft_beside(target) as draft:
        if target.exists() and not _is_backup(target):
            raise UsageError(f"{path} is there already and is no backup; name another file")
        written = _write(service, draft, path)
        if verified(draft, shown=path) != written:
            raise Unavailable(f"{path} does not read as it was written; check the disk, then try again")
        put(draft, target)
    return written


def verified(path: Path, *, shown: Path | None = None) -> Manifest:
    """Read a backup from end to end, and answer with its manifest.

    Parameters
    ----------
    shown
        The name by which complaints call it; by default its own.

    Raises
    ------
    InputRefused
        It is no backup, is not whole, or was altered.
    UsageError
        A newer release made it.
    Unavailable
        It cannot be read.
    """
    name = shown or path
    _refuse_unreadable(path, name)
    try:
        with open_copy(path) as copy, copy.reading() as session:
            manifest = _manifest(session, name)
            found = backups.contents(session, manifest.revision) if backups.is_whole(session) else {}
    except (DBAPIError, ValueError, backups.Unfit, Unavailable) as error:
        raise InputRefused(f"{name} is damaged, or is no backup of Posterity; use another one") from error
    if found != manifest.tables:
        raise InputRefused(f"{name} was altered or damaged after it was made; use another one")
    return manifest


def restore(service: Service, path: Path) -> Manifest:
    """Put a backup into a database that is empty or missing, in one transaction.

    Raises
    ------
    InputRefused, UsageError, Unavailable
        As `verified` does; or the database holds rows already, or is out of reach. Nothing has changed then.
    """
    manifest = verified(path)
    _fill(service.database, path, manifest)
    return manifest


def restore_instead(service: Service, path: Path) -> tuple[Manifest, Path | None]:
    """Put a backup in the place of a SQLite file, damaged or not, which is moved aside.

    Returns
    -------
    Manifest, Path or None
        What was restored, and where the file that it replaced now is, if there was one.

    Raises
    ------
    InputRefused, UsageError, Unavailable
        As `verified` does; or the database is on a server, or open elsewhere. Nothing has changed then.
    """
    where = service.database.where
    if not service.database.is_sqlite or where == ":memory:":
        raise UsageError(f"--replace is for SQLite files, and {where} is none; {_EMPTY_ONE}")
    target = Path(where).resolve()
    _refuse_the_database_itself(service.database, path.resolve())
    manifest = verified(path)
    service.database.close()
    with draft_beside(target) as draft:
        with open_draft(draft, where=str(target)) as new:
            _fill(new, path, manifest)
        aside = unused(target.with_name(f"{target.name}.replaced-{service.clock():%Y%m%dT%H%M%S}"))
        put_instead(draft, target, aside)
    return manifest, aside if aside.exists() else None


def _write(service: Service, draft: Path, path: Path) -> Manifest:
    where = str(path)
    with service.database.reading() as source:
        revision = _revision(source, service.database.where)
        with open_draft(draft, where=where) as file, file.session() as target:
            migrate_within(target.connection(), revision, where)
            manifest = Manifest(
                made_at=service.clock(),
                program=version("posterity"),
                revision=revision,
                tables=backups.copy_rows(source, target, revision),
            )
            backups.write_manifest(target, manifest)
    return manifest


def _revision(source: Session, where: str) -> str:
    revision = revision_of(source.connection())
    if revision is None:
        raise UsageError(f"the database {where} has no tables yet: nothing to back up")
    refuse_newer(revision, where)
    return revision


def _fill(database: Database, path: Path, manifest: Manifest) -> None:
    """Copy a backup's rows in one transaction, and verify them within it."""
    with open_copy(path) as copy, copy.reading() as source, database.session() as target:
        connection = target.connection()
        _refuse_rows(target, database)
        migrate_within(connection, manifest.revision, database.where)
        copied = backups.copy_rows(source, target, manifest.revision)
        if not copied == backups.contents(target, manifest.revision) == manifest.tables:
            raise Unavailable(
                f"{database.where} did not keep what {path} holds; check the disk, then try again"
            )
        backups.continue_numbers(target, manifest.revision)
        migrate_within(connection, HEAD, database.where)


def _refuse_rows(session: Session, database: Database) -> None:
    """Make sure that a database is empty, and stays so until the transaction ends."""
    exclusive(session, MIGRATING)
    revision = revision_of(session.connection())
    refuse_newer(revision, database.where)
    backups.keep_others_out(session, revision)
    if holds_rows(session):
        advice = "add --replace to put it aside first" if database.is_sqlite else _EMPTY_ONE
        raise UsageError(f"the database {database.where} holds rows already; {advice}")


def _manifest(session: Session, name: Path) -> Manifest:
    manifest = backups.read_manifest(session)
    if manifest is None:
        raise InputRefused(f"{name} is no backup of Posterity, or its manifest was altered; use another one")
    if manifest.revision not in REVISIONS:
        raise UsageError(
            f"{name} has tables of revision {manifest.revision}, which is newer than this program; "
            "install the release that made it"
        )
    return manifest


def _is_backup(path: Path) -> bool:
    try:
        with open_copy(path) as copy, copy.reading() as session:
            return backups.is_backup(session)
    except (DBAPIError, ValueError, Unavailable):
        return False


def _refuse_the_database_itself(database: Database, path: Path) -> None:
    if database.is_sqlite and Path(database.where).resolve() == path:
        raise UsageError(f"{path} is the database itself; name another file")


def _refuse_unreadable(path: Path, name: Path) -> None:
    try:
        with path.open("rb") as stream:
            stream.read(1)
    except OSError as error:
        raise Unavailable(
            f"{name}: cannot be read ({error.strerror}); check its name and its permissions"
        ) from error
