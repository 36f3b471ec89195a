"""Keys of the API: only their hashes are kept, and one that was revoked stays in the list."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.service_tables import ApiKey

type Scope = Literal["read", "ingest", "edit", "admin"]


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredKey:
    """What is kept of a key, but for its hash."""

    name: str
    scope: Scope
    recorded_at: datetime
    revoked_at: datetime | None


def add_key(session: Session, name: str, scope: Scope, digest: str, *, at: datetime) -> bool:
    """Record a new key; False where one has this name, or once had it."""
    values = {"name": name, "scope": scope, "hash": digest, "recorded_at": at}
    try:
        with session.begin_nested():
            session.execute(insert(ApiKey), [values])
    except IntegrityError:
        return False
    return True


def stored_keys(session: Session) -> list[StoredKey]:
    """List all keys, the oldest first."""
    return [_stored(row) for row in session.scalars(select(ApiKey).order_by(col(ApiKey.id)))]


def key_in_force(session: Session, digest: str) -> StoredKey | None:
    """Look up the key of this hash, unless it was revoked."""
    mine = select(ApiKey).where(col(ApiKey.hash) == digest, col(ApiKey.revoked_at).is_(None))
    row = session.scalars(mine).first()
    return None if row is None else _stored(row)


def revoke_key(session: Session, name: str, *, at: datetime) -> StoredKey | None:
    """End a key, once and for all; None where there is none of this name."""
    in_force = col(ApiKey.name) == name, col(ApiKey.revoked_at).is_(None)
    session.execute(update(ApiKey).where(*in_force).values(revoked_at=at))
    row = session.scalars(select(ApiKey).where(col(ApiKey.name) == name)).first()
    return None if row is None else _stored(row)


def _stored(row: ApiKey) -> StoredKey:
    return StoredKey(**row.model_dump(exclude={"id", "hash"}))
