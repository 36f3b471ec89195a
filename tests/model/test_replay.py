from datetime import date

import pytest

from model.errors import UsageError
from model.replay import cutoffs, every


def days(first: str, last: str, step: str) -> list[str]:
    found = cutoffs(date.fromisoformat(first), date.fromisoformat(last), every(step))
    return [day.isoformat() for day in found]


def test_every_day_of_a_span_is_a_cutoff_both_ends_included() -> None:
    assert days("2024-02-28", "2024-03-01", "1d") == ["2024-02-28", "2024-02-29", "2024-03-01"]


def test_a_step_that_passes_the_end_stops_before_it() -> None:
    assert days("2025-01-01", "2025-01-20", "7d") == ["2025-01-01", "2025-01-08", "2025-01-15"]
    assert days("2025-01-01", "2025-01-20", "2w") == ["2025-01-01", "2025-01-15"]


def test_months_end_where_a_shorter_one_ends_and_come_back_to_their_day() -> None:
    assert days("2013-01-31", "2013-05-31", "1mo") == [
        *("2013-01-31", "2013-02-28", "2013-03-31", "2013-04-30", "2013-05-31"),
    ]
    assert days("2012-11-30", "2013-12-01", "3mo") == [
        *("2012-11-30", "2013-02-28", "2013-05-30", "2013-08-30", "2013-11-30"),
    ]


def test_the_end_of_the_calendar_ends_a_span() -> None:
    assert days("9999-12-30", "9999-12-31", "1d") == ["9999-12-30", "9999-12-31"]
    assert days("9999-12-31", "9999-12-31", "1mo") == ["9999-12-31"]


@pytest.mark.parametrize("text", ["", "d", "0d", "1", "1y", "-1d", "1.5d", "1mo ", "99999d", "１d"])
def test_what_is_no_step_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write 1d, 7d, 2w or 1mo"):
        every(text)
