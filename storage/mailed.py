"""How far the mails of one occasion have come: a week's digest, an alert."""

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.service_tables import Message


def states(session: Session, kind: str, key: str) -> dict[str, int]:
    """Count the mails of this kind and key in each state that any of them is in."""
    named = col(Message.kind) == kind, col(Message.key) == key
    counted = select(col(Message.state), func.count()).where(*named).group_by(col(Message.state))
    return {state: number for state, number in session.execute(counted).all()}  # noqa: C416 - rows are no pairs to mypy


def mailed(session: Session, kind: str, keys: Collection[str]) -> set[str]:
    """List those of the keys under which anyone has been written to."""
    named = col(Message.kind) == kind, col(Message.key).in_(keys)
    return set(session.scalars(select(col(Message.key)).where(*named).distinct()))
