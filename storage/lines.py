"""Runs in brief: the line that each has in a history, made once and served word for word.

A run's document holds reasons, outlook and diagnostics too, some 40 kB of them; a history of a year
would be 15 MB. Its line is the same without these, and with the moment at which it was recorded.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.content import as_text
from storage.tables import Run, RunDocument, RunLine

LONG = ("moved", "reasons", "outlook", "watch", "diagnostics")  # what only the document has


def brief(document: Mapping[str, object], recorded_at: datetime) -> str:
    """Write the line of a run."""
    kept = {name: value for name, value in document.items() if name not in LONG}
    return as_text({**kept, "known_at": recorded_at.astimezone(UTC).isoformat()})


def store_line(session: Session, run: int, document: Mapping[str, object], recorded_at: datetime) -> None:
    """Store the line of a run, in the transaction that stores the run."""
    session.execute(insert(RunLine), [{"run_id": run, "line": brief(document, recorded_at)}])


def newest_lines(session: Session, forecast_id: str, *, limit: int) -> list[tuple[int, str]]:
    """List the newest published runs in brief, the one that was recorded last first."""
    mine = col(Run.forecast_id) == forecast_id, col(Run.status) == "published"
    statement = (
        select(col(RunLine.run_id), col(RunLine.line))
        .join(Run, col(Run.id) == col(RunLine.run_id))
        .where(*mine)
        .order_by(col(Run.id).desc())
    )
    return [(run, line) for run, line in session.execute(statement.limit(limit))]


def documents_of(session: Session, runs: Collection[int]) -> dict[int, str]:
    """Look up the documents of a few runs."""
    statement = select(col(RunDocument.run_id), col(RunDocument.document))
    found = session.execute(statement.where(col(RunDocument.run_id).in_(sorted(runs))))
    return {run: document for run, document in found}  # noqa: C416 - rows are no pairs to `dict`
