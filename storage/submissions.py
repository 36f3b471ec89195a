"""Reports handed in under a key, so that who is not sure of having handed them in may do it again.

Whoever answers holds the lock `FILING` from `answered` to `keep`, so that of two who hand in the same at
once the second gets the answer of the first.
"""

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session
from sqlmodel import col

from model.errors import UsageError
from storage.review_tables import Submission


def answered(session: Session, key: str, digest: str) -> str | None:
    """Look up what was answered to the same content under this key; None where the key is new.

    Raises
    ------
    UsageError
        The key was used with other content.
    """
    row = session.scalars(select(Submission).where(col(Submission.key) == key)).first()
    if row is None:
        return None
    if row.digest != digest:
        raise UsageError(f"the key {key[:40]!r} was used with other content; choose a new key")
    return row.response


def keep(session: Session, key: str, digest: str, response: str, *, at: datetime) -> None:
    """Record the answer to what was handed in under a new key."""
    values = {"key": key, "digest": digest, "response": response, "recorded_at": at}
    session.execute(insert(Submission), [values])
