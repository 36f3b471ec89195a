"""Forecasts as they were defined: every elicitation is a version of its own, with what it changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.content import as_text, differences
from storage.current import known
from storage.database import DEFINING, exclusive
from storage.tables import ForecastVersion, Run


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A forecast's definition, in one of its versions.

    Parameters
    ----------
    definition
        Everything that the analysts stated, as JSON gives it.
    difference
        What it changed in the version before: ``{"path", "old", "new"}`` each.
    evidence_seen
        Whether the forecast had been run before this version was recorded.
    """

    forecast_id: str
    version: int
    digest: str
    definition: Mapping[str, object]
    difference: list[dict[str, object]]
    evidence_seen: bool
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """The version in force, and whether it has only now been recorded."""

    new: bool
    version: int
    difference: list[dict[str, object]]
    evidence_seen: bool


def record_version(
    session: Session, forecast_id: str, definition: Mapping[str, object], digest: str, *, at: datetime
) -> Recorded:
    """Record a definition, unless it is the one in force; a return to an earlier one is a new version."""
    exclusive(session, DEFINING)
    before = current_version(session, forecast_id)
    if before and before.digest == digest:
        return _recorded(before, new=False)
    text = as_text(definition)
    row = ForecastVersion(
        forecast_id=forecast_id,
        version=before.version + 1 if before else 1,
        digest=digest,
        definition=text,
        difference=as_text(differences(before.definition, json.loads(text)) if before else []),
        evidence_seen=_has_run(session, forecast_id),
        recorded_at=at,
    )
    session.add(row)
    session.flush()
    return _recorded(_version(row), new=True)


def versions(session: Session, forecast_id: str, *, known_at: datetime | None = None) -> list[Version]:
    """List a forecast's versions that were known, oldest first."""
    mine = col(ForecastVersion.forecast_id) == forecast_id, known(ForecastVersion.recorded_at, known_at)
    statement = select(ForecastVersion).where(*mine).order_by(col(ForecastVersion.version))
    return [_version(row) for row in session.scalars(statement)]


def current_version(
    session: Session, forecast_id: str, *, digest: str | None = None, known_at: datetime | None = None
) -> Version | None:
    """Look up the version in force, or the newest of one digest: what a run of that digest was told."""
    mine = [col(ForecastVersion.forecast_id) == forecast_id, known(ForecastVersion.recorded_at, known_at)]
    if digest is not None:
        mine.append(col(ForecastVersion.digest) == digest)
    newest_first = select(ForecastVersion).where(*mine).order_by(col(ForecastVersion.version).desc())
    row = session.scalars(newest_first.limit(1)).first()
    return _version(row) if row else None


def _has_run(session: Session, forecast_id: str) -> bool:
    seen = col(Run.forecast_id) == forecast_id, col(Run.status).in_(["published", "held"])
    return session.scalars(select(col(Run.id)).where(*seen).limit(1)).first() is not None


def _recorded(version: Version, *, new: bool) -> Recorded:
    return Recorded(
        new=new,
        version=version.version,
        difference=version.difference,
        evidence_seen=version.evidence_seen,
    )


def _version(row: ForecastVersion) -> Version:
    return Version(
        forecast_id=row.forecast_id,
        version=row.version,
        digest=row.digest,
        definition=json.loads(row.definition),
        difference=json.loads(row.difference),
        evidence_seen=row.evidence_seen,
        recorded_at=row.recorded_at,
    )
