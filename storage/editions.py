"""Editions: what each week's digest says, stored before any mail is written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.content import as_text
from storage.service_tables import Edition


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredEdition:
    """What a week's digest says; `known_at` is the moment up to which it knows."""

    week: str
    known_at: datetime
    recorded_at: datetime
    document: Mapping[str, Any]


def store_edition(
    session: Session, week: str, document: Mapping[str, object], *, known_at: datetime, at: datetime
) -> StoredEdition:
    """Store what a week's digest says, and answer with what stands: the first that was stored wins."""
    row = Edition(week=week, known_at=known_at, recorded_at=at, document=as_text(document))
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        first = get_edition(session, week)
        if first is None:
            raise
        return first
    return _stored(row)


def get_edition(session: Session, week: str) -> StoredEdition | None:
    """Look up what a week's digest says."""
    row = session.scalars(select(Edition).where(col(Edition.week) == week)).first()
    return _stored(row) if row else None


def _stored(row: Edition) -> StoredEdition:
    return StoredEdition(
        week=row.week,
        known_at=row.known_at,
        recorded_at=row.recorded_at,
        document=json.loads(row.document),
    )
