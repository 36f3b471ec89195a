"""The past as it would have looked: which cutoffs, and what of all that is known now was known at each.

Everything that was ever said is read once; for each cutoff what had been published by then is selected
from it, as the store's own query would. An event is made anew only where one of its reports came in.
"""

import calendar
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from model import credibility
from model.credibility import Grades
from model.domain import Event, Forecast, Report
from model.errors import UsageError
from model.evidence import Evidence, select

_EVERY = re.compile(r"([1-9][0-9]{0,3})(d|w|mo)")


class Every(NamedTuple):
    """The step from one cutoff to the next."""

    days: int = 0
    months: int = 0


def every(text: str) -> Every:
    """Read a step: ``1d``, ``2w`` or ``1mo``.

    Raises
    ------
    UsageError
        It is none.
    """
    found = _EVERY.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} is no step from night to night; write 1d, 7d, 2w or 1mo")
    number, unit = int(found[1]), found[2]
    return Every(months=number) if unit == "mo" else Every(days=number * (7 if unit == "w" else 1))


def cutoffs(first: date, last: date, step: Every) -> tuple[date, ...]:
    """List the cutoffs from the first to at most the last; months end where a shorter one ends.

    Each month is counted from the first cutoff: 31 January, 28 February, 31 March.
    """
    return tuple(_cutoffs(first, last, step))


def _cutoffs(first: date, last: date, step: Every) -> Iterator[date]:
    number, day = 0, first
    while day <= last:
        yield day
        number += 1
        try:
            day = _months_after(first, number * step.months) + timedelta(days=number * step.days)
        except (OverflowError, ValueError):  # beyond the year 9999
            return


def _months_after(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    month += 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


class Archive:
    """All that was said of a forecast's events by the last cutoff, from which earlier ones are selected."""

    def __init__(self, forecast: Forecast, reports: Mapping[str, Sequence[Report]], grades: Grades) -> None:
        self._forecast, self._reports, self._grades = forecast, reports, grades
        self._days = {key: _days_of_change(said) for key, said in reports.items()}
        self._made: dict[str, tuple[int, tuple[Event, ...]]] = {}

    def reports(self, as_of: date) -> dict[str, list[Report]]:
        """Select what the store's query for this cutoff would: an event at all only once it is asserted."""
        published = (
            (key, [report for report in said if report.published.first <= as_of])
            for key, said in self._reports.items()
        )
        return {key: said for key, said in published if any(map(self._wanted, said))}

    def evidence(self, as_of: date, *, observed_until: date | None) -> Evidence:
        """Select what counted at a cutoff."""
        events = [event for key in self._reports for event in self._events(key, as_of)]
        return select(self._forecast, events, as_of=as_of, observed_until=observed_until)

    def _events(self, key: str, as_of: date) -> tuple[Event, ...]:
        """Make the event of a key as it was known then: one or none."""
        state = bisect_right(self._days[key], as_of)
        if key not in self._made or self._made[key][0] != state:
            said = [report for report in self._reports[key] if report.published.first <= as_of]
            known = {key: said} if any(map(self._wanted, said)) else {}
            self._made[key] = state, credibility.events(known, as_of=as_of, grades=self._grades)
        return self._made[key][1]

    def _wanted(self, report: Report) -> bool:
        mine = report.tag in self._forecast.tags and report.when.last >= self._forecast.opened
        return mine and not report.denies


def _days_of_change(said: Sequence[Report]) -> list[date]:
    """Days on which what is known of an event may change."""
    return sorted({day for report in said for day in (report.published.first, report.known)})
