"""The outbox: mails as they will be sent, word for word, and how far each has come.

A mail is waiting until somebody claims it; claimed until it was sent, is to be tried later, or is given
up as dead. Every change is one conditional UPDATE, so that of two processes one succeeds. While it is
waiting, `due_at` says when it may be claimed; while it is claimed, until when the claim holds; and once
it is dead, since when it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, CursorResult, Update, and_, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.content import as_text
from storage.service_tables import Message

type State = Literal["waiting", "claimed", "sent", "dead"]

STATES: tuple[State, ...] = ("waiting", "claimed", "sent", "dead")
_OF_DEAD = ("id", "kind", "key", "recipient", "subject", "error", "attempts")


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A mail that is ours to send.

    Parameters
    ----------
    content
        Every byte of it, which are ASCII.
    attempts
        How often it was claimed, this time included.
    """

    id: int
    message_id: str
    recipient: str
    content: str = field(repr=False)
    attempts: int
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadMessage:
    """A mail that was given up, why, and since when."""

    id: int
    kind: str
    key: str
    recipient: str
    subject: str
    error: str
    attempts: int
    since: datetime


def queue(  # noqa: PLR0913 - one parameter for each thing that a mail is stored with
    session: Session,
    *,
    kind: str,
    key: str,
    recipient: str,
    message_id: str,
    subject: str,
    document: Mapping[str, Any],
    content: str,
    at: datetime,
) -> bool:
    """Put a mail into the outbox; False where there is one of this kind and key to this recipient.

    Parameters
    ----------
    recipient
        The address, in small letters.
    """
    row = Message(
        kind=kind,
        key=key,
        recipient=recipient,
        message_id=message_id,
        subject=subject,
        document=as_text(document),
        content=content,
        due_at=at,
        recorded_at=at,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        if not is_queued(session, kind, key, recipient):
            raise
        return False
    return True


def is_queued(session: Session, kind: str, key: str, recipient: str) -> bool:
    """Whether there is a mail of this kind and key to this recipient, however far it has come."""
    named = col(Message.kind) == kind, col(Message.key) == key, col(Message.recipient) == recipient
    return session.scalars(select(col(Message.id)).where(*named)).first() is not None


def claim(session: Session, *, worker: str, at: datetime, until: datetime, most: int = 1) -> list[Claimed]:
    """Claim mails that are due, and those whose claim has run out, the longest due first.

    Parameters
    ----------
    worker
        Who claims them.
    until
        How long the claim holds: longer than sending them can take.
    """
    due = and_(col(Message.state).in_(("waiting", "claimed")), col(Message.due_at) <= at)
    oldest = select(col(Message.id)).where(due).order_by(col(Message.due_at), col(Message.id)).limit(most)
    ids = list(session.scalars(oldest.with_for_update(skip_locked=True)))
    if not ids:
        return []
    changes = {"state": "claimed", "claimed_by": worker, "due_at": until}
    claimed = _change(and_(col(Message.id).in_(ids), due)).values(
        **changes, attempts=col(Message.attempts) + 1
    )
    rows = session.scalars(claimed.returning(Message), execution_options={"populate_existing": True})
    return sorted(map(_claimed, rows), key=lambda one: ids.index(one.id))


def sent(session: Session, message: int, *, at: datetime) -> None:
    """Note that the server has taken a mail, whoever holds the claim by now: no one may send it again."""
    unsent = and_(col(Message.id) == message, col(Message.state) != "sent")
    session.execute(_change(unsent).values(state="sent", sent_at=at, claimed_by=None, error=""))


def later(session: Session, message: int, *, worker: str, error: str, due_at: datetime) -> bool:
    """Put a mail back until later; False where the claim is no longer ours."""
    back = {"state": "waiting", "claimed_by": None, "error": error, "due_at": due_at}
    return _happened(session, _change(_held(message, worker)).values(**back))


def dead(session: Session, message: int, *, worker: str, error: str, at: datetime) -> bool:
    """Give a mail up; False where the claim is no longer ours."""
    over = {"state": "dead", "claimed_by": None, "error": error, "due_at": at}
    return _happened(session, _change(_held(message, worker)).values(**over))


def untried(session: Session, message: int, *, worker: str, error: str, due_at: datetime) -> bool:
    """Put a mail back that the server has not even seen: this was no attempt."""
    back = {"state": "waiting", "claimed_by": None, "error": error, "due_at": due_at}
    statement = _change(_held(message, worker)).values(**back, attempts=col(Message.attempts) - 1)
    return _happened(session, statement)


def put_off(session: Session, *, at: datetime, until: datetime, error: str) -> int:
    """Put off all that is due, and answer with how many those are."""
    due = and_(col(Message.state) == "waiting", col(Message.due_at) <= at)
    return _count(session, _change(due).values(due_at=until, error=error))


def expire(session: Session, *, before: datetime, at: datetime, error: str) -> int:
    """Give up what has waited since before then, and answer with how many those are."""
    old = and_(col(Message.state) == "waiting", col(Message.recorded_at) < before)
    return _count(session, _change(old).values(state="dead", due_at=at, error=error))


def forget(session: Session, *, before: datetime) -> int:
    """Drop the text of mails sent before then; what they stated, and to whom, stays."""
    old = and_(col(Message.state) == "sent", col(Message.sent_at) < before, col(Message.content) != "")
    return _count(session, _change(old).values(content=""))


def counts(session: Session) -> dict[State, int]:
    """Count the mails in each state."""
    statement = select(col(Message.state), func.count()).group_by(col(Message.state))
    found = dict(session.execute(statement).all())
    return {state: found.get(state, 0) for state in STATES}


def count_of(session: Session, *states: State) -> int:
    """Count the mails in these states."""
    statement = select(func.count()).select_from(Message).where(col(Message.state).in_(states))
    return session.scalar(statement) or 0


def dead_messages(session: Session, *, limit: int | None = None) -> list[DeadMessage]:
    """List what was given up, the newest first."""
    over = select(*(col(getattr(Message, name)) for name in _OF_DEAD), col(Message.due_at).label("since"))
    over = over.where(col(Message.state) == "dead").limit(limit)
    rows = session.execute(over.order_by(col(Message.due_at).desc(), col(Message.id).desc())).mappings()
    return [DeadMessage(**row) for row in rows]


def oldest_waiting(session: Session, kind: str | None = None) -> datetime | None:
    """Tell since when the oldest mail that is neither sent nor given up has waited."""
    statement = select(func.min(col(Message.recorded_at)))
    statement = statement.where(col(Message.state).in_(("waiting", "claimed")))
    if kind is not None:
        statement = statement.where(col(Message.kind) == kind)
    return session.scalars(statement).one()


def _change(which: ColumnElement[bool]) -> Update:
    return update(Message).where(which).execution_options(synchronize_session=False)


def _held(message: int, worker: str) -> ColumnElement[bool]:
    return and_(
        col(Message.id) == message, col(Message.state) == "claimed", col(Message.claimed_by) == worker
    )


def _happened(session: Session, statement: Update) -> bool:
    return _count(session, statement) == 1


def _count(session: Session, statement: Update) -> int:
    done = session.execute(statement)
    assert isinstance(done, CursorResult)  # noqa: S101 - of an UPDATE it always is
    return done.rowcount


def _claimed(row: Message) -> Claimed:
    return Claimed(**row.model_dump(include=set(Claimed.__dataclass_fields__)))
