"""Sessions of browsers that signed in with a key: only hashes of their tokens are kept, while they last."""

from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.keys import StoredKey
from storage.service_tables import ApiKey, WebSession


def add_session(session: Session, digest: str, key: str, *, at: datetime, until: datetime) -> None:
    """Record a session of a key, and let go of those that have ended."""
    session.execute(delete(WebSession).where(col(WebSession.expires_at) <= at))
    values = {"hash": digest, "key": key, "recorded_at": at, "expires_at": until}
    session.execute(insert(WebSession), [values])


def key_of_session(session: Session, digest: str, *, at: datetime) -> StoredKey | None:
    """Look up the key that a session was begun with; None once either has ended."""
    lasting = col(WebSession.hash) == digest, col(WebSession.expires_at) > at
    mine = (
        select(ApiKey)
        .join(WebSession, col(WebSession.key) == col(ApiKey.name))
        .where(*lasting, col(ApiKey.revoked_at).is_(None))
    )
    row = session.scalars(mine).first()
    return None if row is None else StoredKey(**row.model_dump(exclude={"id", "hash"}))


def end_session(session: Session, digest: str) -> None:
    """End a session; one that has ended already stays so."""
    session.execute(delete(WebSession).where(col(WebSession.hash) == digest))
