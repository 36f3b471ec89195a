"""When a source says that it published something: the day on which it was in UTC. Pure.

Days and months may have English, Spanish, Portuguese or Russian names. A moment without a zone, or in one of
a name that we do not know, is taken to be in UTC.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from model.dates import CoarseDate
from model.errors import InvalidValue

EARLIEST_YEAR = 1990  # there was no web before
_AHEAD = timedelta(days=1)  # how far a publisher's clock, or a zone that was left out, may be ahead of ours
_LONGEST = 100  # characters
_PIVOT = 50  # two digits below it are a year from 2000 on, as RFC 5322 says
_FARTHEST_ZONE = timedelta(hours=15)


def _folded(text: str) -> str:
    """Give a text in small letters without accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


_MONTHS = MappingProxyType({
    _folded(name): number
    for number, names in enumerate(
        (
            "jan january ene enero janeiro янв январь января январе",
            "feb february febrero fev fevereiro фев февр февраль февраля феврале",
            "mar march marzo março мар март марта марте",
            "apr april abr abril апр апрель апреля апреле",
            "may mayo mai maio май мая мае",
            "jun june junio junho июн июнь июня июне",
            "jul july julio julho июл июль июля июле",
            "aug august ago agosto авг август августа августе",
            "sep sept september septiembre setiembre set setembro сен сент сентябрь сентября сентябре",
            "oct october octubre out outubro окт октябрь октября октябре",
            "nov november noviembre novembro ноя нояб ноябрь ноября ноябре",
            "dec december dic diciembre dez dezembro дек декабрь декабря декабре",
        ),
        start=1,
    )
    for name in names.split()
})  # fmt: skip
_WEEKDAYS = frozenset(
    _folded(
        "mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday sat saturday sun sunday"
        " lun lunes mar martes mié mier miércoles jue jueves vie viernes sáb sábado dom domingo"
        " seg segunda ter terça qua quarta qui quinta sex sexta feira"
        " пн пон понедельник вт втр вторник ср сре среда среду чт чет чтв четверг"
        " пт птн пят пятница пятницу сб суб суббота субботу вс вск воскресенье"
    ).split()
)
_FILLERS = frozenset(
    _folded("of the at st nd rd th de del a las às ás o el hs hrs h г года год в го").split()
)
_ZONES = MappingProxyType({  # hours ahead of UTC
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "eet": 2,
    "eest": 3, "msk": 3, "мск": 3, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6,
    "pst": -8, "pdt": -7, "brt": -3, "brst": -2, "art": -3, "uyt": -3, "clst": -3, "clt": -4, "bot": -4,
    "vet": -4, "pet": -5, "cot": -5, "ect": -5,
})  # fmt: skip
_LONGEST_ZONE = 5  # letters of a zone's name that we need not know

_TIME = re.compile(
    r"(?:(?<=\d)t|(?<![\d:.]))(?P<hour>\d{1,2})\s?[:h]\s?(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,12})?)?"
    r"(?!\d|:)(?:\s?(?P<half>[ap])\.?\s?m\b\.?)?"
    r"(?:\s?(?:gmt|utc|ut|z)?\s?(?P<sign>[-+])(?P<hours>\d{1,2}):?(?P<minutes>\d{2})?(?!\d))?",
    re.ASCII,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:t?(\d{2})(\d{2})(\d{2})?z?)?", re.ASCII)
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)", re.ASCII)
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})\2(\d{2}|\d{4})(?!\d)", re.ASCII)
_NO_DAY = re.compile(r"\s*(\d{4})(?:-(\d{2}))?\s*", re.ASCII)
_TOKEN = re.compile(r"\d+|[^\W\d_]+")
_ASIDE = re.compile(r"\([^()]*\)|\[[^][]*\]")

type _Day = tuple[int, int | None, int | None]  # year, month, day


def published(text: str, *, now: datetime) -> CoarseDate:
    """Read when something was published.

    Parameters
    ----------
    text
        As mail, the web or people write it: ``Mon, 09 Feb 2026 10:00:00 -0500``, ``2026-02-09T10:00Z``,
        ``9 de febrero de 2026``, ``февраль 2026``.
    now
        Nothing can have been published more than a day later.

    Raises
    ------
    InvalidValue
        It is no date, may be either of two, or lies in the future or before the web.
    """
    shown = repr(text.strip()[:40])
    if len(text) > _LONGEST:
        raise InvalidValue(f"{shown} is too long for a date")
    try:
        found = _read(_folded(text).strip())
    except InvalidValue as error:
        raise InvalidValue(f"{shown} {error}") from None
    except (ValueError, OverflowError):
        raise InvalidValue(f"{shown} is not in the calendar") from None
    latest = now.astimezone(UTC) + _AHEAD
    if found > latest if isinstance(found, datetime) else found.first > latest.date():
        raise InvalidValue(f"{shown} lies in the future: today is {now.astimezone(UTC):%Y-%m-%d}")
    day = CoarseDate(found.date(), found.date()) if isinstance(found, datetime) else found
    if day.first.year < EARLIEST_YEAR:
        raise InvalidValue(f"{shown} lies before {EARLIEST_YEAR}, when there was no web")
    return day


def _read(text: str) -> datetime | CoarseDate:
    """Read a moment, in UTC, or a date without a time."""
    if compact := _COMPACT.fullmatch(text):
        return _compact(*(int(part or 0) for part in compact.groups()), has_time=bool(compact[4]))
    time_of_day = _TIME.search(text)
    if not time_of_day:
        return _coarse(*_day(text)[0])
    rest = f"{text[: time_of_day.start()]} {text[time_of_day.end() :]}"
    (year, month, day), zone = _day(_ASIDE.sub(" ", rest) if time_of_day["sign"] else rest)
    if month is None or day is None:
        raise InvalidValue("has a time and no day")
    offset = _offset(time_of_day)
    midnight = datetime(year, month, day, tzinfo=UTC)
    return midnight + _since_midnight(time_of_day) - (zone if offset is None else offset)


def _compact(  # noqa: PLR0913, PLR0917 - the parts of a moment
    year: int, month: int, day: int, hour: int, minute: int, second: int, *, has_time: bool
) -> datetime | CoarseDate:
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return moment if has_time else CoarseDate(moment.date(), moment.date())


def _coarse(year: int, month: int | None, day: int | None) -> CoarseDate:
    if month and day:
        return CoarseDate(date(year, month, day), date(year, month, day))
    return CoarseDate.parse(f"{year:04}-{month:02}" if month else f"{year:04}")


def _since_midnight(found: re.Match[str]) -> timedelta:
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and minute + second):
        raise InvalidValue("has a time that no clock shows")
    if found["half"] and hour <= 12:
        hour = hour % 12 + (12 if found["half"] == "p" else 0)
    return timedelta(hours=hour, minutes=minute, seconds=min(second, 59))


def _offset(found: re.Match[str]) -> timedelta | None:
    """Give how far the zone is ahead of UTC, where it is told in figures."""
    if not found["sign"]:
        return None
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    if offset > _FARTHEST_ZONE:
        raise InvalidValue("has a zone that is nowhere on Earth")
    return offset if found["sign"] == "+" else -offset


def _day(text: str) -> tuple[_Day, timedelta]:
    """Read year, month and day out of what is left without the time, and the zone by its name."""
    for form in (_YEAR_FIRST, _YEAR_LAST):
        if found := form.search(text):
            words = _TOKEN.findall(f"{text[: found.start()]} {text[found.end() :]}")
            return _in_figures(found, form is _YEAR_FIRST), _zone(words)
    if found := _NO_DAY.fullmatch(text):
        return (int(found[1]), int(found[2]) if found[2] else None, None), timedelta()
    return _in_words(_TOKEN.findall(text))


def _in_figures(found: re.Match[str], year_first: bool) -> _Day:
    if year_first:
        return int(found[1]), int(found[3]), int(found[4])
    one, other = int(found[1]), int(found[3])
    if len(found[4]) == 2:
        raise InvalidValue("may mean several days; the year needs four digits, and the month a name")
    if one <= 12 and other <= 12 and one != other:
        raise InvalidValue("may mean either of two days; the month needs a name, or the year to come first")
    return int(found[4]), min(one, other), max(one, other)


def _in_words(tokens: Sequence[str]) -> tuple[_Day, timedelta]:
    """Read a date whose month has a name."""
    numbers = [token for token in tokens if token.isdecimal()]
    words = [token for token in tokens if not token.isdecimal()]
    month = _month(words)
    zone = _zone([word for word in words if word not in _MONTHS])
    years = [number for number in numbers if len(number) == 4]
    days = [number for number in numbers if len(number) <= 2]
    if len(numbers) != len(years) + len(days) or len(years) > 1 or not 1 <= len(numbers) <= 2:
        raise InvalidValue("is no date that can be read")
    if years:
        return (int(years[0]), month, int(days[0]) if days else None), zone
    if len(days) < 2:
        raise InvalidValue("has no year")
    return (_century(int(days[1])), month, int(days[0])), zone


def _month(words: Sequence[str]) -> int:
    """Tell the month; "mar" is March, or a Tuesday beside another month."""
    named = [word for word in words if word in _MONTHS]
    surely = [word for word in named if word not in _WEEKDAYS] or named[-1:]
    months = {_MONTHS[word] for word in surely}
    if len(months) != 1:
        raise InvalidValue("names no month that is known" if not months else "names several months")
    return months.pop()


def _century(year: int) -> int:
    return year + (2000 if year < _PIVOT else 1900)


def _zone(words: Sequence[str]) -> timedelta:
    """Tell the zone by its name; a short word that is nothing else may be that of a zone unknown to us."""
    zone, unknown = timedelta(), 0
    for word in words:
        if word in _ZONES:
            zone = timedelta(hours=_ZONES[word])
        elif word not in _WEEKDAYS and word not in _FILLERS:
            unknown += 1
            if unknown > 1 or len(word) > _LONGEST_ZONE or not word.isascii():
                raise InvalidValue(f"holds {word[:20]!r}, which no date does")
    return zone
