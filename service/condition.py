"""The condition of the service, by checks that cost little: what is well, what is not, and what to do.

`findings` looks at everything in a fixed order, `ready` at what the service cannot work without. Neither
writes. A database that is gone is one finding; what depends on it is left out then.
"""

from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session

from model.errors import Unavailable
from service.composition import Service
from service.condition_places import disks, inbox
from service.condition_results import digest, forecasts, outbox
from service.condition_sources import sources
from service.condition_work import last_night, scheduler, tonight
from service.finding import Finding, State, may_write
from storage.database import revision_of
from storage.revisions import HEAD, REVISIONS
from storage.vitals import file_of, is_standby

__all__ = ["Finding", "State", "findings", "ready"]


def findings(service: Service) -> list[Finding]:
    """Look at everything that may be looked at every few minutes, in a fixed order.

    Database, migrations, scheduler, last night, tonight, each forecast, outbox, digest, inbox, each
    source, disks.
    """
    return [*_stored(service, _everything), *disks(service)]


def ready(service: Service) -> list[Finding]:
    """Look at what the service cannot work without: database, migrations, scheduler, last night."""
    return _stored(service, _work)


def _everything(service: Service, session: Session) -> Iterator[Finding]:
    yield from _work(service, session)
    yield tonight(service, session)
    yield from forecasts(service, session)
    yield outbox(service, session)
    yield digest(service, session)
    yield inbox(service, session)
    yield from sources(service, session)


def _work(service: Service, session: Session) -> Iterator[Finding]:
    yield scheduler(service, session)
    yield last_night(service, session)


def _stored(service: Service, further: Callable[[Service, Session], Iterator[Finding]]) -> list[Finding]:
    """Look at the database and at its tables, and, where they are sound, at what they tell."""
    missing = _no_file_yet(service)
    if missing:
        return [missing]
    try:
        with service.database.reading() as session:
            found = [_database(service, session), _migrations(session)]
            if found[1].state != "failed":
                found += further(service, session)
            return found
    except Unavailable as error:
        what, _, advice = str(error).rpartition("; ")
        return [Finding(name="database", state="failed", text=what, advice=advice)]


def _no_file_yet(service: Service) -> Finding | None:
    file = file_of(service.database)
    if file is None or file.exists():
        return None
    return Finding(
        name="database",
        state="failed",
        text=f"there is no database {file}",
        advice="`posterity migrate` makes an empty one; `posterity restore FILE` puts a backup there",
    )


def _database(service: Service, session: Session) -> Finding:
    where, file = service.database.where, file_of(service.database)
    if file is not None and not (may_write(file) and may_write(file.parent)):
        advice = "check the owner and the permissions of the file and of its folder"
        return Finding(name="database", state="failed", text=f"{where} may not be written", advice=advice)
    if is_standby(session):
        advice = "check that [storage] url names the primary server"
        return Finding(name="database", state="failed", text=f"{where} accepts no writing", advice=advice)
    return Finding(name="database", state="ok", text=f"{where} answers")


def _migrations(session: Session) -> Finding:
    found = revision_of(session.connection())
    if found == HEAD:
        return Finding(name="migrations", state="ok", text=f"tables are of revision {HEAD}, the newest")
    advice = "run `posterity migrate`"
    if found is None:
        return Finding(name="migrations", state="failed", text="there are no tables yet", advice=advice)
    if found not in REVISIONS:
        text = f"tables are of revision {found}, newer than this program"
        advice = "install the release that wrote it, or restore a backup"
    else:
        text = f"tables are of revision {found}, not {HEAD}"
    return Finding(name="migrations", state="failed", text=text, advice=advice)
