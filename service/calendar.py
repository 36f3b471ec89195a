"""When nights and digests are due: one night for each day and one digest for each week, whatever clocks do.

A time that a change to summer time skips is due at the moment that follows it; one that comes twice is
due the first time.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from service.sections import Schedule
from service.toml_values import DAYS

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


def local_day(schedule: Schedule, moment: datetime) -> date:
    """Give the day that it is in the schedule's time zone."""
    return moment.astimezone(ZoneInfo(schedule.timezone)).date()


def night_due(schedule: Schedule, day: date) -> datetime:
    """Give the moment, in UTC, at which a day's night is due."""
    return _moment(schedule, day, schedule.nightly)


def digest_due(schedule: Schedule, week: str) -> datetime:
    """Give the moment, in UTC, at which a week's digest is due; a week such as ``2026-W47``."""
    return _moment(schedule, digest_day(schedule, week), schedule.digest.at)


def digest_day(schedule: Schedule, week: str) -> date:
    """Give the day of a week on which its digest is due."""
    return date.fromisoformat(f"{week}-1") + DAY * DAYS.index(schedule.digest.day)


def week_of(day: date) -> str:
    """Name a day's week, as ISO 8601 does."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def nights(schedule: Schedule, after: datetime, until: datetime) -> Iterator[date]:
    """List the days whose nights became due after one moment and up to another, the earliest first."""
    day = local_day(schedule, after) - DAY
    while (due := night_due(schedule, day)) <= until:
        if due > after:
            yield day
        day += DAY


def weeks(schedule: Schedule, after: datetime, until: datetime) -> Iterator[str]:
    """List the weeks whose digests became due after one moment and up to another, the earliest first."""
    day = local_day(schedule, after) - WEEK
    while (due := digest_due(schedule, week_of(day))) <= until:
        if due > after:
            yield week_of(day)
        day += WEEK


def next_night(schedule: Schedule, after: datetime) -> datetime:
    """Give the first moment after this one at which a night is due."""
    day = local_day(schedule, after) - DAY
    while (due := night_due(schedule, day)) <= after:
        day += DAY
    return due


def next_digest(schedule: Schedule, after: datetime) -> datetime:
    """Give the first moment after this one at which a digest is due."""
    day = local_day(schedule, after) - WEEK
    while (due := digest_due(schedule, week_of(day))) <= after:
        day += WEEK
    return due


def _moment(schedule: Schedule, day: date, at: time) -> datetime:
    """Turn a time of the wall clock into UTC; the first fold, and the offset from before a gap."""
    return datetime.combine(day, at, ZoneInfo(schedule.timezone)).astimezone(UTC)
