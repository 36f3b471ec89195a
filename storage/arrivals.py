"""When reports arrived: the days on which any were recorded.

Reports are recorded one transaction after the other, so that their numbers rise with the time, and an
earlier day's are found by their numbers: by steps as long as the last one took, twice as long where that
is not enough, and by halving where a step went past a day. No index of moments is needed for that. What a
snapshot brought is passed over: it was recorded elsewhere, at moments of that service.
"""

from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.review_tables import SnapshotImport
from storage.tables import ReportVersion

MOST_DAYS = 60
_DAY = timedelta(days=1)


class _Row(NamedTuple):
    number: int
    day: date


class _Rows:
    """The reports by their numbers, each with its day."""

    def __init__(self, session: Session, zone: tzinfo) -> None:
        self._session, self._zone = session, zone
        imports = select(col(SnapshotImport.first_report), col(SnapshotImport.last_report))
        brought = imports.where(col(SnapshotImport.first_report).is_not(None))
        self._imports = [(first or 0, last or 0) for first, last in session.execute(brought)]

    def at_most(self, number: int | None) -> _Row | None:
        """Read the row of this number, or of the next lower one that came here; the last for None."""
        row = self._read(number)
        while row and (first := self._import_of(row)) is not None:
            row = self._read(first - 1)
        return row

    def _import_of(self, row: _Row) -> int | None:
        return next((first for first, last in self._imports if first <= row.number <= last), None)

    def _read(self, number: int | None) -> _Row | None:
        statement = select(col(ReportVersion.id), col(ReportVersion.recorded_at))
        if number is not None:
            statement = statement.where(col(ReportVersion.id) <= number)
        found = self._session.execute(statement.order_by(col(ReportVersion.id).desc()).limit(1)).first()
        return None if found is None else self._row(found[0] or 0, found[1])

    def _row(self, number: int, moment: datetime) -> _Row:
        return _Row(number, moment.astimezone(self._zone).date())


def arrival_days(session: Session, zone: tzinfo, *, most: int = MOST_DAYS) -> list[date]:
    """List the latest days on which reports were recorded, the latest first.

    Parameters
    ----------
    zone
        Whose days they are.
    most
        How many days at most.
    """
    rows, days, step = _Rows(session, zone), list[date](), 1
    row = rows.at_most(None)
    while row is not None and len(days) < most:
        days.append(row.day)
        earlier = _earlier(rows, row, step)
        step = row.number - earlier.number if earlier else 1
        row = earlier
    return days


def _earlier(rows: _Rows, late: _Row, step: int) -> _Row | None:
    """Find a row of the last day before this row's."""
    day = late.day
    probe = rows.at_most(late.number - step)
    while probe is not None and probe.day >= day:
        late, step = probe, step * 2
        probe = rows.at_most(late.number - step)
    if probe is not None and probe.day == day - _DAY:
        return probe
    return _halving(rows, probe, late, day)


def _halving(rows: _Rows, early: _Row | None, late: _Row, day: date) -> _Row | None:
    """Find the last row before a day between one that is earlier (or none) and one that is not."""
    low = early.number if early else 0
    while late.number - low > 1:
        middle = (low + late.number) // 2
        found = rows.at_most(middle)
        if found is None or found.number <= low:
            low = middle
        elif found.day >= day:
            late = found
        else:
            early, low = found, middle
    return early
