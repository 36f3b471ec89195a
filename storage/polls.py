"""What sources were asked, and what came of it: their cursors, their failures and their last success."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, tzinfo
from typing import Literal, cast

from sqlalchemy import ColumnElement, and_, func, insert, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.review_tables import SourcePoll

type Outcome = Literal["part", "done", "unchanged", "failed"]
type Cursor = Mapping[str, object]  # what JSON holds: where a source's next poll begins
type RefusedLine = tuple[int, str, str]  # line, reason, text

MOST_REFUSED = 100  # lines of one poll that are kept
MOST_TEXT = 300  # characters of each
_SUCCESSES: tuple[Outcome, ...] = ("done", "unchanged")
_ENDS: tuple[Outcome, ...] = (*_SUCCESSES, "failed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Poll:
    """That a source was asked for what is new, or what one batch of its answer brought.

    Parameters
    ----------
    name
        Of the file that was read, where the source gives several.
    outcome
        ``part`` of each batch; and of the end: ``done`` after batches, ``unchanged`` without, ``failed``.
    started_at, at
        When the source was asked, and when what came of it was recorded.
    detail
        What its owner should know: why it failed, or what was odd.
    counts
        How many of its items were accepted, amended, duplicate, merged, waiting, irrelevant, refused.
    refused
        Line, reason and text of what was refused; the first hundred are kept.
    cursor
        Where the next poll begins; None where that has not changed.
    """

    source: str
    name: str = ""
    started_at: datetime
    at: datetime
    outcome: Outcome
    detail: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    refused: Sequence[RefusedLine] = ()
    cursor: Cursor | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceStanding:
    """How a source does.

    Parameters
    ----------
    last_success
        When it was last asked and answered: nothing that it published earlier is unknown here.
    polled_at
        When the newest poll of it ended, whatever its outcome.
    failures, failing_since
        How many polls failed since the last success, and when the first of them began.
    detail
        What the end of the newest poll says.
    """

    last_success: datetime | None = None
    polled_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    detail: str = ""


def record_poll(session: Session, poll: Poll) -> int:
    """Record what came of asking a source, and answer with the number of the record."""
    refused = [[line, reason, text[:MOST_TEXT]] for line, reason, text in poll.refused[:MOST_REFUSED]]
    values = {
        "source": poll.source,
        "name": _storable(poll.name),
        "started_at": poll.started_at,
        "recorded_at": poll.at,
        "outcome": poll.outcome,
        "detail": _storable(poll.detail),
        "counts": json.dumps(dict(poll.counts)),
        "refused": json.dumps(refused),
        "cursor": None if poll.cursor is None else json.dumps(dict(poll.cursor), allow_nan=False),
    }
    return session.execute(insert(SourcePoll).values(values).returning(col(SourcePoll.id))).scalar_one() or 0


def _storable(said: str) -> str:
    """Replace what no database keeps, so that a strange name or answer does not lose the record of it."""
    return said.encode(errors="replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")


def cursor_of(session: Session, source: str) -> Cursor:
    """Give the cursor in force, where a source's next poll begins; an empty one before the first."""
    has_one = col(SourcePoll.source) == source, col(SourcePoll.cursor).is_not(None)
    newest = select(col(SourcePoll.cursor)).where(*has_one).order_by(col(SourcePoll.id).desc()).limit(1)
    found = session.scalar(newest)
    cursor: Cursor = json.loads(found) if found else {}
    return cursor


def last_success(session: Session, source: str, *, until: datetime | None = None) -> datetime | None:
    """Look up when a source was last asked and answered, then or earlier; None where it never did."""
    started = col(SourcePoll.started_at)
    bounds = [] if until is None else [started <= until]
    found = [  # one by one, so that each is the end of an index's range
        session.scalar(select(func.max(started)).where(_of(source, outcome), *bounds))
        for outcome in _SUCCESSES
    ]
    return max((one for one in found if one is not None), default=None)


def successes(session: Session, source: str) -> list[datetime]:
    """List when a source was asked and answered, the earliest first."""
    answered = col(SourcePoll.source) == source, col(SourcePoll.outcome).in_(_SUCCESSES)
    return sorted(session.scalars(select(col(SourcePoll.started_at)).where(*answered)))


def standings(session: Session, sources: Iterable[str]) -> dict[str, SourceStanding]:
    """Say how each of these sources does."""
    return {source: _standing(session, source) for source in sources}


def _standing(session: Session, source: str) -> SourceStanding:
    ends = {outcome: _newest(session, source, outcome) for outcome in _ENDS}
    newest = session.get(SourcePoll, max(ends.values()))
    if newest is None:
        return SourceStanding()
    failures, failing_since = _failures(session, source, max(ends[one] for one in _SUCCESSES))
    return SourceStanding(
        last_success=last_success(session, source),
        polled_at=newest.recorded_at,
        failures=failures,
        failing_since=failing_since,
        detail=newest.detail,
    )


def _newest(session: Session, source: str, outcome: Outcome) -> int:
    """Look up the number of the newest record of an outcome; 0 where there is none."""
    return session.scalar(select(func.max(col(SourcePoll.id))).where(_of(source, outcome))) or 0


def _failures(session: Session, source: str, success: int) -> tuple[int, datetime | None]:
    """Count the failures after the last success, and say when the first of them began."""
    number = col(SourcePoll.id)
    since = _of(source, "failed"), number > success
    failures, number_of_first = session.execute(select(func.count(), func.min(number)).where(*since)).one()
    first = session.get(SourcePoll, number_of_first) if failures else None
    return failures, first.started_at if first else None


def busy_days(session: Session, source: str, zone: tzinfo, *, most: int = 60) -> list[date]:
    """List the latest days of a time zone on which a source brought something, the latest first."""
    started = col(SourcePoll.started_at)
    latest = select(func.max(started)).where(_of(source, "part"))
    found: list[date] = []
    moment = session.scalar(latest)
    while moment is not None and len(found) < most:
        day = moment.astimezone(zone).date()
        found.append(day)
        begins = datetime.combine(day, time.min, tzinfo=zone)
        moment = session.scalar(latest.where(started < begins))
    return found


def _of(source: str, outcome: Outcome) -> ColumnElement[bool]:
    return and_(col(SourcePoll.source) == source, col(SourcePoll.outcome) == outcome)


def polls(session: Session, source: str, *, limit: int) -> list[Poll]:
    """List the newest polls of a source, the newest first."""
    newest = select(SourcePoll).where(col(SourcePoll.source) == source).order_by(col(SourcePoll.id).desc())
    return [_poll(row) for row in session.scalars(newest.limit(limit))]


def _poll(row: SourcePoll) -> Poll:
    return Poll(
        source=row.source,
        name=row.name,
        started_at=row.started_at,
        at=row.recorded_at,
        outcome=cast("Outcome", row.outcome),
        detail=row.detail,
        counts=json.loads(row.counts),
        refused=tuple((line, reason, text) for line, reason, text in json.loads(row.refused)),
        cursor=None if row.cursor is None else json.loads(row.cursor),
    )
