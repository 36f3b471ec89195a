"""Reports in force near new ones, with their events: what clustering compares the new ones with."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from itertools import batched, chain, repeat
from typing import NamedTuple

from sqlalchemy import Date, Select, TextClause, bindparam, func, select, text
from sqlalchemy.orm import Session
from sqlmodel import col

from model.dates import CoarseDate
from storage.current import newest_membership, newest_version
from storage.reports import BATCH
from storage.tables import EventMembership, ReportVersion

type Written = tuple[int, int]  # the numbers of the last version of a report, and of the last decision

SPANS = 50  # that one query looks for
_LONGEST_INTERVAL = timedelta(days=366)  # a date may be as coarse as a year


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A tag, a country, and the days between which something happened."""

    tag: str
    country: str
    first: date
    last: date


class Neighbour(NamedTuple):
    """What clustering has to know of a report.

    Parameters
    ----------
    key
        The event that it belongs to.
    decided
        A person put it there, or the report names its event.
    event
        The event that it names, where it does.
    retracted
        It says nothing any more, but stays where a person put it.
    """

    key: str
    decided: bool
    id: str
    tag: str
    countries: tuple[str, ...]
    when: CoarseDate
    headline: str
    url: str | None
    denies: bool
    event: str | None
    retracted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Amended:
    """The newest version of a report."""

    version: int
    retracted: bool


_NEAR = """
SELECT r.report_id, m.id, m.event_key, m.author, r.content
FROM near JOIN report_version AS r ON r.tag = near.tag AND {where}
JOIN event_membership AS m ON m.report_id = r.report_id
WHERE NOT r.retracted AND NOT EXISTS (
    SELECT 1 FROM report_version AS newer WHERE newer.report_id = r.report_id AND newer.version > r.version
)
"""
# Each has an index of its own: most dates are days, and most reports name one country.
_WHERE = (
    "r.country = near.country AND r.occurred_first BETWEEN near.first AND near.last",
    """r.country = near.country AND r.occurred_first < r.occurred_last
    AND r.occurred_last >= near.first AND r.occurred_first < near.first""",
    """r.also <> '' AND r.also LIKE '% ' || near.country || ' %' AND r.country <> near.country
    AND r.occurred_last BETWEEN near.first AND near.late AND r.occurred_first <= near.last""",
)


@cache
def _statement() -> TextClause:
    """Put the query together as text: an expression with so many values would be compiled for every batch."""
    rows = ", ".join(f"(:tag{n}, :country{n}, :first{n}, :last{n}, :late{n})" for n in range(SPANS))
    near = f"WITH near (tag, country, first, last, late) AS (VALUES {rows})"
    days = [bindparam(f"{name}{n}", type_=Date) for name in ("first", "last", "late") for n in range(SPANS)]
    return text(near + " UNION ALL ".join(_NEAR.format(where=where) for where in _WHERE)).bindparams(*days)


def candidates(session: Session, spans: Iterable[Span]) -> list[Neighbour]:
    """List the reports in force that new reports may tell of the same event as, by id.

    Parameters
    ----------
    spans
        A report is listed if it has the tag and the country of one of these, by `country` or `also`,
        and what it says happened overlaps its days.
    """
    newest: dict[str, tuple[int, str, str | None, str]] = {}
    for some in batched(spans, SPANS):
        for report_id, number, key, author, content in session.execute(_statement(), _values(some)).all():
            if report_id not in newest or number > newest[report_id][0]:
                newest[report_id] = number, key, author, content
    return [_neighbour(key, author, content) for _, (_, key, author, content) in sorted(newest.items())]


def _values(spans: Sequence[Span]) -> dict[str, object]:
    """Give the query its values; where there are fewer spans than it looks for, the others find nothing."""
    values: dict[str, object] = {}
    nothing = replace(spans[0], tag="", country="")
    for n, span in enumerate(chain(spans, repeat(nothing, SPANS - len(spans)))):
        values |= {f"tag{n}": span.tag, f"country{n}": span.country, f"first{n}": span.first}
        values |= {f"last{n}": span.last, f"late{n}": span.last + _LONGEST_INTERVAL}
    return values


def _neighbour(key: str, author: str | None, content: str) -> Neighbour:
    said = json.loads(content)
    event = said.get("event")
    return Neighbour(
        key=key,
        decided=author is not None or event is not None,
        id=said["id"],
        tag=said["tag"],
        countries=(said["country"], *said.get("also", ())),
        when=CoarseDate.parse(said.get("occurred_on") or said["published_on"]),
        headline=said["headline"],
        url=said.get("url"),
        denies=said.get("denies", False),
        event=event,
    )


def last_written(session: Session) -> Written:
    """Give what changes with everything that is filed, retracted or decided."""
    version, decision = session.execute(_last_written()).one()
    return version or 0, decision or 0


@cache
def _last_written() -> Select[int | None, int | None]:
    first, second = (
        select(func.max(col(one.id))).scalar_subquery() for one in (ReportVersion, EventMembership)
    )
    return select(first, second)


def amended(session: Session, report_ids: Collection[str]) -> dict[str, Amended]:
    """Look up those of these reports that have more than one version."""
    found: dict[str, Amended] = {}
    for some in batched(report_ids, BATCH):
        several = col(ReportVersion.report_id).in_(some), col(ReportVersion.version) > 1
        newest = newest_version(ReportVersion, None)
        columns = col(ReportVersion.report_id), col(ReportVersion.version), col(ReportVersion.retracted)
        for report_id, version, retracted in session.execute(select(*columns).where(*several, newest)):
            found[report_id] = Amended(version=version, retracted=retracted)
    return found


def of_version(session: Session, versions: Mapping[str, int]) -> list[Neighbour]:
    """Give these versions of reports, with the events that the reports belong to now."""
    found: dict[str, Neighbour] = {}
    belongs = col(EventMembership.report_id) == col(ReportVersion.report_id)
    columns = (
        *(col(ReportVersion.report_id), col(ReportVersion.version), col(EventMembership.event_key)),
        *(col(EventMembership.author), col(ReportVersion.content), col(ReportVersion.retracted)),
    )
    statement = select(*columns).join(EventMembership, belongs).where(newest_membership(None))
    for some in batched(versions, BATCH):
        wanted = col(ReportVersion.report_id).in_(some)
        for report_id, version, key, author, content, gone in session.execute(statement.where(wanted)):
            if versions[report_id] == version:
                found[report_id] = _neighbour(key, author, content)._replace(retracted=gone)
    return [found[report_id] for report_id in sorted(found)]
