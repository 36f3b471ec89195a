"""Dates as the world writes them, and which of them are refused."""

from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.moments import published
from model.dates import CoarseDate
from model.errors import InvalidValue

NOW = datetime(2026, 2, 18, 12, tzinfo=UTC)
MOMENTS = st.integers(631_300_000, 1_771_300_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
SPANISH = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
PORTUGUESE = "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
RUSSIAN = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"
ENGLISH = "January February March April May June July August September October November December"


def read(text: str) -> str:
    return str(published(text, now=NOW))


def wrong(text: str) -> str:
    with pytest.raises(InvalidValue) as caught:
        published(text, now=NOW)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Wed, 18 Feb 2026 01:55:06 +0000", "2026-02-18"),
        ("Tue, 17 Feb 2026 21:09:21 -0500", "2026-02-18"),
        ("Wed, 18 Feb 2026 00:30:00 +0300", "2026-02-17"),
        ("Wed, 18 Feb 2026 02:00:00 MSK", "2026-02-17"),
        ("Wed, 18 Feb 2026 02:00 GMT", "2026-02-18"),
        ("Tue, 17 Feb 2026 20:00:00 EST", "2026-02-18"),
        ("Wed, 18 Feb 2026 10:00:00 XYZ", "2026-02-18"),
        ("18 Feb 26 10:00:00 GMT", "2026-02-18"),
        ("18 Feb 98 10:00:00 GMT", "1998-02-18"),
        ("Wed, 19 jan 2026 00:00:00 GMT", "2026-01-19"),  # it was a Monday
        ("Wed Feb 18 01:55:06 2026", "2026-02-18"),
        ("Wed Feb 18 2026 01:55:06 GMT+0300 (Moscow Standard Time)", "2026-02-17"),
        ("Wed Feb 18 01:55:06 UTC 2026", "2026-02-18"),
        ("February 17, 2026 11:30 p.m. EST", "2026-02-18"),
        ("Feb 18, 2026 12:10 AM", "2026-02-18"),
        ("18-Feb-2026", "2026-02-18"),
        ("17 Feb 2026 24:00:00 GMT", "2026-02-18"),
        ("2026-02-18T01:55:06Z", "2026-02-18"),
        ("2026-02-18T01:55:06.123456+05:30", "2026-02-17"),
        ("2026-02-18 01:55:06 +0530", "2026-02-17"),
        ("2026-02-17T20:00:00-05:00[America/Lima]", "2026-02-18"),
        ("2026-02-17T23:59:60Z", "2026-02-17"),
        ("2026-02-18T01:55", "2026-02-18"),
        ("20260218T015506Z", "2026-02-18"),
        ("20260218015506", "2026-02-18"),
        ("20260218", "2026-02-18"),
        ("2026/02/18", "2026-02-18"),
        ("2026.2.8", "2026-02-08"),
        ("2026-02", "2026-02"),
        ("2025", "2025"),
        ("Lun, 09 feb 2026 10:00:00 -0500", "2026-02-09"),
        ("Mié, 18 feb. 2026 05:00:00 COT", "2026-02-18"),
        ("12 de febrero de 2026", "2026-02-12"),
        ("12 de Febrero del 2026, a las 10:30 hs", "2026-02-12"),
        ("Mar, 10 feb 2026", "2026-02-10"),
        ("mar, 10 mar 2025", "2025-03-10"),
        ("febrero de 2026", "2026-02"),
        ("quarta-feira, 18 de fevereiro de 2026, 10h30", "2026-02-18"),
        ("1º de março de 2025", "2025-03-01"),
        ("18 февраля 2026", "2026-02-18"),
        ("Среда, 18 февраля 2026 г., 02:30 МСК", "2026-02-17"),
        ("18 сент. 2025", "2025-09-18"),
        ("июль 2025", "2025-07"),
        ("25/12/2025", "2025-12-25"),
        ("12/25/2025", "2025-12-25"),
        ("25.12.2025 14:30", "2025-12-25"),
        ("02/02/2026", "2026-02-02"),
        ("  2026-02-18  ", "2026-02-18"),
        ("２０２６-02-18", "2026-02-18"),
    ],
)
def test_a_date_is_read_as_its_day_in_utc(text: str, day: str) -> None:
    assert read(text) == day


@pytest.mark.parametrize("names", [SPANISH, PORTUGUESE, RUSSIAN, ENGLISH])
@pytest.mark.parametrize("form", ["{day} {name} {year}", "{day} de {name} de {year}", "{name} {day}, {year}"])
def test_months_have_names_in_four_languages(names: str, form: str) -> None:
    for month, name in enumerate(names.split(), start=1):
        assert read(form.format(day=7, name=name, year=2025)) == f"2025-{month:02}-07"
        assert read(form.format(day=7, name=name.upper(), year=2025)) == f"2025-{month:02}-07"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("02/03/2026", "may mean either of two days"),
        ("03.02.2026", "may mean either of two days"),
        ("03-02-2026 10:00", "may mean either of two days"),
        ("25/12/25", "may mean several days"),
        ("10/11/12", "may mean several days"),
        ("2026-02-19T12:00:01Z", "lies in the future: today is 2026-02-18"),
        ("2026-02-20", "lies in the future"),
        ("March 2026", "lies in the future"),
        ("2027", "lies in the future"),
        ("0025-02-12", "lies before 1990"),
        ("Thu, 12 Feb 0025 10:00:00 GMT", "lies before 1990"),
        ("1970-01-01T00:00:00Z", "lies before 1990"),
        ("31 Dec 1989", "lies before 1990"),
        ("0000-01-01", "is not in the calendar"),
        ("2025-02-29", "is not in the calendar"),
        ("2025-13-01", "is not in the calendar"),
        ("31 de abril de 2025", "is not in the calendar"),
        ("18 Feb 2026 25:00", "has a time that no clock shows"),
        ("18 Feb 2026 10:61", "has a time that no clock shows"),
        ("18 Feb 2026 10:00 +9959", "has a zone that is nowhere on Earth"),
        ("Feb 2026 10:00", "has a time and no day"),
        ("18 Feb", "has no year"),
        ("18 19 Feb 2026", "is no date"),
        ("18 Feb Apr 2026", "names several months"),
        ("18 Foo 2026", "names no month that is known"),
        ("published on 18 Feb 2026", "holds 'published'"),
        ("soon", "names no month"),
        ("", "names no month"),
        ("1771380000", "names no month"),
        ("18 Feb 126", "is no date"),
        ("x" * 101, "is too long for a date"),
    ],
)
def test_a_date_that_is_none_or_cannot_be_is_refused_with_the_reason(text: str, said: str) -> None:
    assert said in wrong(text)


def test_a_publisher_may_be_a_day_ahead() -> None:
    assert read("2026-02-19T11:59:00Z") == "2026-02-19"
    assert read("2026-02-19") == "2026-02-19"


def test_what_is_quoted_of_a_wrong_date_is_short_and_in_one_line() -> None:
    said = wrong("18 Feb\n\u202e" + "2" * 60)
    assert "\n" not in said
    assert "\u202e" not in said
    assert len(said) < 160


@given(MOMENTS, st.integers(-840, 840))
def test_moments_come_back_whatever_their_zone_and_form(moment: datetime, minutes: int) -> None:
    told = moment.astimezone(timezone(timedelta(minutes=minutes)))
    day = CoarseDate(moment.date(), moment.date())
    for text in (format_datetime(told), told.isoformat(), told.isoformat(" "), f"{told:%Y-%m-%dT%H:%M:%S%z}"):
        assert published(text, now=NOW) == day


@given(
    st.dates(date(1990, 1, 1), date(2026, 2, 18)), st.sampled_from([SPANISH, PORTUGUESE, RUSSIAN, ENGLISH])
)
def test_days_come_back_whatever_the_language(day: date, names: str) -> None:
    text = f"{day.day} {names.split()[day.month - 1]} {day.year}"
    assert published(text, now=NOW) == CoarseDate(day, day)


PIECES = st.sampled_from(
    [
        *"0123456789",
        "18",
        "2026",
        "99",
        " ",
        ":",
        "-",
        "/",
        ".",
        "T",
        "Z",
        "+",
        "Feb",
        "mar",
        "de",
        "PM",
        "GMT",
        "ş",
        "٣",
    ]
)


@example("\u0130")
@example("½ feb 2026")
@given(st.one_of(st.text(max_size=120), st.lists(PIECES, max_size=20).map("".join)))
def test_any_text_is_a_day_that_can_be_or_is_refused(text: str) -> None:
    try:
        found = published(text, now=NOW)
    except InvalidValue as error:
        said = str(error)
    else:
        said = str(found)
        assert date(1990, 1, 1) <= found.first <= date(2026, 2, 19)
    assert said.isprintable()
