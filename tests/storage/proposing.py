"""Proposals to store, and what became of them."""

from typing import Any

from model.domain import Report
from model.wire import digest
from storage.database import Database
from storage.proposals import NewProposal, propose
from tests.storage.samples import moment, report


def proposal(of: Report | None = None, **changes: Any) -> NewProposal:
    said = of or report()
    usual: dict[str, Any] = {
        "source": "feed",
        "line": 3,
        "kind": "new",
        "digest": digest(said),
        "confidence": 0.5,
        "why": "rule 2: plant",
    }
    return NewProposal(report=said, **{**usual, **changes})


def proposed_on(database: Database, day: int, *reports: Report, **changes: Any) -> list[str]:
    with database.session() as session:
        return [*propose(session, [proposal(one, **changes) for one in reports], at=moment(day))]
