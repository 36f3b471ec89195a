"""Dates as coarse as their source: a day, a month or a year, each an interval of whole days."""

import calendar
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from model.errors import InvalidValue

EARLIEST_YEAR, LATEST_YEAR = 1900, 2199
_FORM = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", re.ASCII)


@dataclass(frozen=True, order=True, slots=True)
class CoarseDate:
    """An interval of whole days, both ends included.

    Parameters
    ----------
    first, last
        The interval's first and last day; equal for a date known to the day.
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise InvalidValue(f"a date that ends on {self.last} before it begins on {self.first}")

    @classmethod
    def parse(cls, text: str) -> "CoarseDate":
        """Read ``2025-07-02``, ``2025-07`` or ``2025``.

        Raises
        ------
        InvalidValue
            Not of one of these forms, not in the calendar, or a year outside 1900 to 2199.
        """
        return _parse(text)

    @property
    def is_day(self) -> bool:
        """Whether the date is known to the day."""
        return self.first == self.last

    def __str__(self) -> str:
        if self.is_day:
            return self.first.isoformat()
        if self.first.month == self.last.month:
            return f"{self.first:%Y-%m}"
        return f"{self.first:%Y}"

    def gap(self, other: "CoarseDate") -> int:
        """Days between two intervals, 0 where they touch or overlap."""
        return max(0, (self.first - other.last).days, (other.first - self.last).days)


@lru_cache(maxsize=16384)
def _parse(text: str) -> CoarseDate:
    found = _FORM.fullmatch(text)
    if not found:
        raise InvalidValue(f"{text[:40]!r} is not a date; write 2025-07-02, 2025-07 or 2025")
    year, month, day = (int(part) if part else None for part in found.groups())
    if year is None or not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise InvalidValue(f"year {text[:4]} in {text!r} is outside {EARLIEST_YEAR} to {LATEST_YEAR}")
    try:
        if month is None:
            return CoarseDate(date(year, 1, 1), date(year, 12, 31))
        if day is None:
            return CoarseDate(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))
        return CoarseDate(date(year, month, day), date(year, month, day))
    except ValueError as error:
        raise InvalidValue(f"{text!r} is not in the calendar: {error}") from None
