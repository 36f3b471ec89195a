"""The commands that look after the database: its tables, and its backups."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.errors import UsageError
from service.program import Json, Where, app

if TYPE_CHECKING:
    from storage.backups import Manifest


@app.command(epilog="Example: posterity migrate")
def migrate(
    to: Annotated[
        str | None,
        typer.Option(metavar="REVISION", help="For an earlier release: its revision, such as 0002."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Drop the tables that it does not have.")] = False,
    json: Json = False,
) -> None:
    """Bring the database to this release's tables; a SQLite file needs no asking."""
    from service import printing
    from service.composition import opened
    from storage.database import migrate as upgrade
    from storage.database import revision_of
    from storage.revisions import HEAD
    from storage.schema import rows_lost

    revision = to or HEAD
    with opened(Where.path, migrated=False) as service:
        where = service.database.where
        with service.database.reading() as session:
            before, lost = revision_of(session.connection()), rows_lost(session, revision)
        if lost and not yes:
            raise UsageError(
                f"going back to revision {revision} drops {_counted(lost)} from {where}; "
                "make a backup first (`posterity backup FILE`), then add --yes"
            )
        upgrade(service.database, revision)
    if json:
        changed = before != revision
        printing.as_json({"database": where, "revision": revision, "migrated": changed, "dropped": lost})
        return
    printing.line(f"{where} is at revision {revision}" + (" already" if before == revision else ""))
    if lost:
        printing.line(f"dropped: {_counted(lost)}")
    if revision != HEAD:
        printing.line(f"install the release of revision {revision} now: this one goes on to {HEAD} again")


@app.command(epilog="Example: posterity backup posterity.backup")
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; an earlier backup is replaced.")],
    json: Json = False,
) -> None:
    """Write the whole database to one file, and verify it by reading it back.

    The service may go on working meanwhile. The file is a SQLite database, whichever kind it was made
    from; keep it as safe as that. The draws of PyMC are not in it: they are kept for a limited time only,
    and can be computed again.
    """
    from service import backups, printing
    from service.composition import opened

    with opened(Where.path, migrated=False) as service:
        manifest = backups.back_up(service, file)
    if json:
        printing.as_json(manifest.document())
    else:
        printing.line(f"wrote {file} and read it back: {_summary(manifest)}")


@app.command(epilog="Example: posterity restore posterity.backup")
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `posterity backup` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Of a SQLite file, damaged or not: move it aside first.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only verify the backup; touch no database.")
    ] = False,
    json: Json = False,
) -> None:
    """Verify a backup, and put it into a database that is empty or missing.

    It may have been made from the other kind of database: this is also the way from SQLite to PostgreSQL
    and back. Stop `posterity schedule` and `posterity serve` first.
    """
    from service import backups, printing
    from service.composition import opened

    with opened(Where.path, migrated=False) as service:
        where, aside = service.database.where, None
        if dry_run:
            manifest = backups.verified(file)
        elif replace:
            manifest, aside = backups.restore_instead(service, file)
        else:
            manifest = backups.restore(service, file)
    if json:
        into = None if dry_run else where
        printing.as_json(
            {**manifest.document(), "restored_into": into, "aside": str(aside) if aside else None}
        )
        return
    said = f"{file} is whole" if dry_run else f"restored {file} into {where}"
    printing.line(f"{said}: {_summary(manifest)}")
    if aside:
        printing.line(f"what was there before is kept as {aside}")


def _summary(manifest: "Manifest") -> str:
    made = f"made {manifest.made_at:%Y-%m-%d %H:%M} UTC by release {manifest.program}"
    return f"{manifest.rows:,} rows of {len(manifest.tables)} tables, revision {manifest.revision}, {made}"


def _counted(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{table} ({n:,} {'row' if n == 1 else 'rows'})" for table, n in rows.items())
