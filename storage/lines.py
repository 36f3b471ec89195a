"""Runs in brief: the line that each has in a history, made once and served word for word.

A run's document holds reasons, outlook and diagnostics too, some 40 kB of them; a history of a year
would be 15 MB. Its line is the same without these, and with the moment at which it was recorded.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from storage.content import as_text
from storage.tables import RunLine

LONG = ("moved", "reasons", "outlook", "watch", "diagnostics")  # what only the document has


def brief(document: Mapping[str, object], recorded_at: datetime) -> str:
    """Write the line of a run."""
    kept = {name: value for name, value in document.items() if name not in LONG}
    return as_text({**kept, "known_at": recorded_at.astimezone(UTC).isoformat()})


def store_line(session: Session, run: int, document: Mapping[str, object], recorded_at: datetime) -> None:
    """Store the line of a run, in the transaction that stores the run."""
    session.execute(insert(RunLine), [{"run_id": run, "line": brief(document, recorded_at)}])
