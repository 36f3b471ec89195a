"""When nights and digests are due, whatever clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.calendar import (
    digest_due,
    local_day,
    next_digest,
    next_night,
    night_due,
    nights,
    week_of,
    weeks,
)
from service.sections import Schedule
from service.toml_values import DAYS

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
]
moments = st.integers(0, 28 * 365 * 24 * 60).map(
    lambda minutes: datetime(2009, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
times = st.times().map(lambda at: time(at.hour, at.minute))
schedules = st.builds(
    Schedule,
    timezone=st.sampled_from(ZONES),
    nightly=times.map(lambda at: f"{at:%H:%M}"),
    digest=st.builds(lambda day, at: f"{day} {at:%H:%M}", st.sampled_from(DAYS), times),
)


def berlin(nightly: str) -> Schedule:
    return Schedule.model_validate({"timezone": "Europe/Berlin", "nightly": nightly})


def test_a_night_that_the_change_to_summer_time_skips_is_due_once_right_after() -> None:
    schedule = berlin("02:30")
    due = night_due(schedule, date(2026, 3, 29))
    assert due == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert due.astimezone(ZoneInfo("Europe/Berlin")).time() == time(3, 30)


def test_a_time_that_comes_twice_is_due_the_first_time_only() -> None:
    schedule = berlin("02:30")
    after = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert night_due(schedule, date(2026, 10, 25)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert list(nights(schedule, after, after + timedelta(days=1))) == [date(2026, 10, 25)]


@given(schedules, moments, st.integers(0, 40 * 24))
def test_every_day_has_one_night_and_no_day_is_left_out(
    schedule: Schedule, after: datetime, hours: int
) -> None:
    until = after + timedelta(hours=hours)
    found = list(nights(schedule, after, until))
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(found))
    assert all(after < night_due(schedule, day) <= until for day in found)
    assert abs(len(found) - hours / 24) <= 1.1


@given(schedules, moments, st.integers(0, 400), st.integers(0, 400))
def test_nights_of_two_spans_are_those_of_the_whole(
    schedule: Schedule, after: datetime, first: int, second: int
) -> None:
    middle, end = after + timedelta(hours=first), after + timedelta(hours=first + second)
    assert [*nights(schedule, after, middle), *nights(schedule, middle, end)] == list(
        nights(schedule, after, end)
    )
    assert [*weeks(schedule, after, middle), *weeks(schedule, middle, end)] == list(
        weeks(schedule, after, end)
    )


@given(schedules, moments)
def test_the_next_night_and_the_next_digest_are_the_first_of_those_to_come(
    schedule: Schedule, now: datetime
) -> None:
    night, digest = next_night(schedule, now), next_digest(schedule, now)
    assert night > now
    assert digest > now
    assert len(list(nights(schedule, now, night))) == 1
    assert len(list(weeks(schedule, now, digest))) == 1


@given(schedules, moments)
def test_a_digest_is_due_on_its_day_at_its_time_once_a_week(schedule: Schedule, now: datetime) -> None:
    due = next_digest(schedule, now)
    local = due.astimezone(ZoneInfo(schedule.timezone))
    assert (
        DAYS[local_day(schedule, due).weekday()] == schedule.digest.day or schedule.timezone == "Pacific/Apia"
    )
    assert abs((next_digest(schedule, due) - due) - timedelta(days=7)) <= timedelta(hours=25)
    skipped = datetime.combine(local.date(), schedule.digest.at, local.tzinfo).astimezone(UTC) == due
    assert skipped or schedule.timezone == "Pacific/Apia"


@pytest.mark.parametrize(
    ("day", "week"),
    [(date(2026, 11, 22), "2026-W47"), (date(2027, 1, 3), "2026-W53"), (date(2024, 12, 30), "2025-W01")],
)
def test_weeks_are_those_of_iso_8601(day: date, week: str) -> None:
    assert week_of(day) == week


def test_a_weeks_digest_of_a_sunday_is_due_at_the_end_of_that_week() -> None:
    schedule = Schedule.model_validate({"digest": "sun 18:00"})
    assert digest_due(schedule, "2026-W47") == datetime(2026, 11, 22, 18, tzinfo=UTC)
