"""Runs in brief, each as one line of a history: made from the documents, which stay as they are."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

import sqlalchemy as sa
from alembic import op

from storage.columns import UtcDateTime

revision = "0005"
down_revision = "0004"

BATCH = 200  # documents in memory
LONG = ("moved", "reasons", "outlook", "watch", "diagnostics")

RUN = sa.table("run", sa.column("id", sa.Integer), sa.column("recorded_at", UtcDateTime))
DOCUMENT = sa.table("run_document", sa.column("run_id", sa.Integer), sa.column("document", sa.Text))
LINE = sa.table("run_line", sa.column("run_id", sa.Integer), sa.column("line", sa.Text))


def upgrade() -> None:
    """Add the lines, and write that of every run."""
    op.create_table(
        "run_line",
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("line", sa.Text(), nullable=False),
    )
    for batch in _batches():
        lines = [{"run_id": run, "line": _line(document, at)} for run, document, at in batch]
        op.get_bind().execute(sa.insert(LINE), lines)


def downgrade() -> None:
    """Drop them; nothing is lost, for the documents have it all."""
    op.drop_table("run_line")


def _batches() -> Iterator[Sequence[sa.Row[int, str, datetime]]]:
    statement = (
        sa.select(DOCUMENT.c.run_id, DOCUMENT.c.document, RUN.c.recorded_at)
        .join(RUN, RUN.c.id == DOCUMENT.c.run_id)
        .order_by(DOCUMENT.c.run_id)
        .limit(BATCH)
    )
    last = 0
    while batch := op.get_bind().execute(statement.where(DOCUMENT.c.run_id > last)).all():
        yield batch
        last = batch[-1].run_id


def _line(document: str, at: datetime) -> str:
    brief = {name: value for name, value in json.loads(document).items() if name not in LONG}
    brief["known_at"] = at.isoformat()
    return json.dumps(brief, ensure_ascii=False, separators=(",", ":"))
