"""What pages show of one report: every version with what it changed, and who decided what about it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from model.errors import Unknown
from model.wire import content
from service.composition import Service
from service.problems import shown
from storage.content import differences
from storage.memberships import Placement, placements
from storage.proposals import Proposal, proposals_of
from storage.reports import StoredReport, report_versions


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A field that a version changed; None where it was, or is, not there."""

    field: str
    old: str | None
    new: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownVersion:
    """A version, and what it changed in the one before."""

    stored: StoredReport
    changes: tuple[Change, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownReport:
    """A report as it stands, its versions (the newest first), and what was decided about it.

    Parameters
    ----------
    placements, proposals
        Oldest first; the last placement is in force.
    """

    newest: StoredReport
    versions: tuple[ShownVersion, ...]
    placements: Sequence[Placement]
    proposals: Sequence[Proposal]


def shown_report(service: Service, identity: str, *, known_at: datetime | None = None) -> ShownReport:
    """Show one report.

    Raises
    ------
    Unknown
        There is none of this id.
    """
    with service.database.reading() as session:
        found = report_versions(session, identity, known_at=known_at)
        placed = placements(session, identity, known_at=known_at)
        proposed = proposals_of(session, identity, known_at=known_at)
    if not found:
        waits = any(one.verdict is None for one in proposed)
        advice = "it waits for review" if waits else "search for it among the events"
        raise Unknown(f"no report has the id {shown(identity)}; {advice}")
    before: list[StoredReport | None] = [None, *found]
    versions = [
        ShownVersion(stored=new, changes=tuple(_changes(old, new)) if old else ())
        for old, new in zip(before, found, strict=False)
    ]
    return ShownReport(
        newest=found[-1], versions=tuple(reversed(versions)), placements=placed, proposals=proposed
    )


def changes(found: Iterable[Mapping[str, object]]) -> list[Change]:
    """Describe differences, as `storage.content.differences` gives them, field by field."""
    return [Change(field=str(one["path"]), old=_text(one["old"]), new=_text(one["new"])) for one in found]


def _changes(old: StoredReport, new: StoredReport) -> list[Change]:
    found = changes(differences(content(old.report), content(new.report)))
    if old.retracted != new.retracted:
        stands = {True: "retracted", False: "in force"}
        found.append(Change(field="state", old=stands[old.retracted], new=stands[new.retracted]))
    return found


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
