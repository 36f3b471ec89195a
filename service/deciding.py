"""What every decision of an editor has: an author, a reason, a moment, and reports that it is about."""

import getpass
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ingest import fields
from model.domain import Report
from model.errors import InvalidValue, Stale, Unknown, UsageError
from service.clustering import cluster
from service.composition import Service
from service.problems import shown
from storage.database import FILING, exclusive
from storage.events import Membership, join_events
from storage.memberships import memberships
from storage.reports import StoredReport, report_versions

MOST_WORDS = 1000  # characters of a reason
_UNSAID = "an editor put it there"

type Check = Callable[[Session], None]  # raises where something is not as it was read

_name = fields.text(100, '"Ana"')
_words = fields.text(MOST_WORDS, '"the minister never travelled"')
_key = fields.text(200, '"ve-ammunition-plant-stage-1"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Hand:
    """Who decides, and why; the reason may be empty."""

    author: str
    why: str


def editor(named: str | None) -> str:
    """Give the name of the person who decides: as stated, else as the system knows them.

    Raises
    ------
    UsageError
        Neither says who it is.
    """
    try:
        return named or getpass.getuser()
    except (OSError, KeyError):
        raise UsageError("the system does not say who you are; write --by NAME") from None


def hand(author: str, why: str, *, optional: bool = False) -> Hand:
    """Read who decides, and why.

    Raises
    ------
    UsageError
        The name or the reason is missing, too long, or holds what cannot be shown.
    """
    said = " ".join(why.split())
    reason = said if optional and not said else _sound("the reason", _words, said)
    return Hand(author=_sound("the editor's name", _name, author), why=reason)


def named_event(key: str | None) -> str | None:
    """Read the key of an event where one is given.

    Raises
    ------
    UsageError
        It is blank, too long, or holds what cannot be shown.
    """
    return None if key is None else _sound("the event's key", _key, key)


def _sound(what: str, read: Callable[[object], str], value: str) -> str:
    try:
        return read(value)
    except InvalidValue as error:
        raise UsageError(f"{what} {error}") from None


@contextmanager
def deciding(service: Service) -> Iterator[tuple[Session, datetime]]:
    """One transaction in which nobody else files or decides, and its moment."""
    with service.database.session() as session:
        exclusive(session, FILING)
        yield session, service.clock()


def of_version(report_id: str, version: int | None) -> Check | None:
    """Make the check that a version of a report still is its newest; there is none where none is named.

    The check raises `Stale` where it is not.
    """
    if version is None:
        return None

    def check(session: Session) -> None:
        newest = newest_of(session, report_id)
        if newest.version != version:
            by = f" by {newest.author}" if newest.author else ""
            told = f"{'retracted' if newest.retracted else 'changed'} meanwhile{by}"
            raise Stale(
                f"the report {shown(report_id)} was {told}: it stands in version {newest.version}, "
                f"not {version}; look at it again"
            )

    return check


def newest_of(session: Session, report_id: str) -> StoredReport:
    """Look up the newest version of a report.

    Raises
    ------
    Unknown
        There is no such report.
    """
    versions = report_versions(session, report_id)
    refuse_unknown("report has the id", [] if versions else [report_id], "reports")
    return versions[-1]


def refuse_unknown(what: str, names: Sequence[str], command: str) -> None:
    """Raise an `Unknown` that names all that there is not, and the command that finds what there is."""
    if names:
        finds = f"`posterity {command} --search WORDS` finds {'it' if len(names) == 1 else 'them'}"
        raise Unknown(f"no {what} {', '.join(map(shown, names))}; {finds}")


def cluster_again(session: Session, service: Service, reports: Sequence[Report], *, at: datetime) -> None:
    """Let clustering decide the events of reports, but of those that a person has put somewhere."""
    standing = memberships(session, [report.id for report in reports])
    free = [one for one in reports if one.id not in standing or standing[one.id].author is None]
    if free:
        cluster(session, service, free, at=at)


def put_into(session: Session, key: str, report_ids: Sequence[str], by: Hand, *, at: datetime) -> None:
    """Record that a person put reports into an event; where one has done so before, that stands."""
    standing = memberships(session, report_ids)
    there = {
        report_id for report_id, one in standing.items() if one.event_key == key and one.author is not None
    }
    why = by.why or _UNSAID
    decisions = [
        Membership(report_id=report_id, event_key=key, why=why, author=by.author)
        for report_id in report_ids
        if report_id not in there
    ]
    join_events(session, decisions, at=at)
