"""Event exports of GDELT 2.0 [1]_: a row of 61 columns for each event of each article. Pure.

References
----------
.. [1] The GDELT Project, "GDELT Event Database: data format codebook V2.0", 2015. Its data are free with
   citation of gdeltproject.org.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ingest.gdelt import cells
from ingest.gdelt.addresses import Source, source
from ingest.gdelt.places import is_unknown_actor, is_unknown_place
from ingest.gdelt.text import Line, lines
from ingest.records import Refused
from model.errors import InvalidValue

MAX_REFUSED = 2_000  # rows that are listed one by one
FARTHEST_EAST = timedelta(hours=14)  # where it is latest on Earth

_ID, _DAY, _ACTORS = 0, 1, (5, 15)
_LEADS, _CODE, _ROOT_CODE, _GOLDSTEIN, _MENTIONS = 25, 26, 28, 30, 31
_PLACE_TYPE, _PLACE, _PLACE_COUNTRY, _ADDED, _SOURCE = 51, 52, 53, 59, 60
_SHOWN = 20  # codes that are not known

_ZERO = "EventCode without the zero at its front, as spreadsheets write it: restored"
_COMMA = "figures with a decimal comma: read"
_LETTERS = "letters that were misread in names: put right"
_BY_FILE = "DATEADDED rounded by a spreadsheet: taken from the name of the file"
_BY_DAY = "DATEADDED rounded by a spreadsheet, and none in the name of the file: SQLDATE taken for it"

_three, _two = cells.letters(3), cells.letters(2)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, or is acted upon.

    Parameters
    ----------
    code, country, types
        In CAMEO's letters, empty where GDELT knows none: RUSMIL, RUS and (MIL,).
    name
        As GDELT has it, in capitals.
    """

    code: str
    name: str
    country: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """What a row tells of: who did what to whom, where and when.

    Parameters
    ----------
    code
        Of CAMEO.
    leads
        Whether the article tells of it in its first paragraph (``IsRootEvent``).
    place, place_country
        Of the action: from the place to its country, and that in FIPS 10-4.
    """

    day: date
    code: str
    leads: bool
    actor1: Actor
    actor2: Actor
    place: str
    place_country: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """An event as one article tells of it.

    Parameters
    ----------
    id
        ``GLOBALEVENTID``: another one each time that GDELT emits the event.
    mentions, goldstein
        None where they are not stated.
    added
        The day on which GDELT saw the article.
    """

    line: int
    id: str
    event: Event
    mentions: int | None
    goldstein: float | None
    added: date
    source: Source


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """The rows of a file, those that were refused, and what its reader should know."""

    rows: tuple[Row, ...]
    refused: tuple[Refused, ...]
    notes: tuple[str, ...]


def read_export(body: bytes, *, added: datetime | None, now: datetime) -> Export:
    """Read an export, as GDELT writes it or as a spreadsheet saved it.

    A spreadsheet writes semicolons for tabs, names the columns, takes the zero from the front of codes
    and rounds ``DATEADDED``: what can be read of that without doubt is read, and said in the notes.

    Parameters
    ----------
    added
        The moment in the name of the file, which stands for a ``DATEADDED`` that was rounded.
    now
        Nothing happened after it, wherever on Earth it is latest.

    Raises
    ------
    InputRefused
        None of its first lines has 61 columns: it is no such export.
    """
    split, notes = lines(body)
    reading = _Reading(added.date() if added else None, (now + FARTHEST_EAST).date())
    rows = tuple(reading.rows(split))
    return Export(rows=rows, refused=tuple(reading.refused), notes=(*notes, *reading.told()))


class _Reading:
    """A file being read: keeps what was refused, and counts what was repaired or is not known."""

    def __init__(self, added: date | None, latest: date) -> None:
        self.added, self.latest = added, latest
        self.refused: list[Refused] = []
        self.unlisted = 0
        self.repaired: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()

    def rows(self, split: Iterator[Line]) -> Iterator[Row]:
        """Give the rows that make sense, and keep what is wrong with the others."""
        for line in split:
            form = _Form(self, line)
            row = None if line.wrong else form.row()
            if row is not None:
                self.repaired.update(form.repairs)
                self._count_unknown(row.event)
                yield row
            elif len(self.refused) < MAX_REFUSED:
                reason = line.wrong or "; ".join(form.problems)
                self.refused.append(Refused(line=line.number, reason=reason, text=line.text))
            else:
                self.unlisted += 1

    def _count_unknown(self, event: Event) -> None:
        actors = event.actor1.country, event.actor2.country
        self.unknown.update({f"actor {code}" for code in actors if is_unknown_actor(code)})
        if is_unknown_place(event.place_country):
            self.unknown[f"place {event.place_country}"] += 1

    def told(self) -> Iterator[str]:
        """Say what the reader of the file should know."""
        for what, rows in sorted(self.repaired.items()):
            yield f"{what} ({counted(rows, 'row')})"
        if self.unknown:
            shown = [f"{code} ({counted(rows, 'row')})" for code, rows in self.unknown.most_common(_SHOWN)]
            yield f"codes of no known country: {', '.join(shown)}"
        if self.unlisted:
            yield f"{counted(self.unlisted, 'row')} more refused than the {MAX_REFUSED:,} that are listed"


class _Form:
    """A row being read: hands out its cells, and collects what is wrong with them and what was repaired."""

    def __init__(self, reading: _Reading, line: Line) -> None:
        self.reading, self.line = reading, line
        self.problems: list[str] = []
        self.repairs: set[str] = set()

    def row(self) -> Row | None:
        """Give the row, or None where there are problems."""
        identity = self.take("GLOBALEVENTID", _ID, cells.identity)
        event = self.event()
        goldstein = self.figure()
        mentions = self.take("NumMentions", _MENTIONS, cells.count)
        where = self.take("SOURCEURL", _SOURCE, source)
        added = self.added(event)
        if self.problems or identity is None or event is None or where is None or added is None:
            return None
        return Row(
            line=self.line.number,
            id=identity,
            event=event,
            mentions=mentions,
            goldstein=goldstein,
            added=added,
            source=where,
        )

    def take[T](self, name: str, column: int, read: Callable[[str], T]) -> T | None:
        """Read a cell; what is wrong with it is kept."""
        try:
            return read(self.line.cells[column].strip())
        except InvalidValue as error:
            self.problems.append(f"{name}: {error}")
            return None

    def event(self) -> Event | None:
        """Read what happened."""
        day = self.take("SQLDATE", _DAY, lambda text: cells.day(text, self.reading.latest))
        code = self.code()
        leads = self.take("IsRootEvent", _LEADS, cells.flag)
        first, second = (self.actor(f"Actor{number}", at) for number, at in enumerate(_ACTORS, start=1))
        place = self.name("ActionGeo_FullName", _PLACE)
        country = self.take("ActionGeo_CountryCode", _PLACE_COUNTRY, _two)
        if self.problems or day is None or code is None:
            return None
        return Event(day, code, bool(leads), first, second, place, country or "")

    def code(self) -> str | None:
        """Read the code of CAMEO."""
        root = self.line.cells[_ROOT_CODE].strip()
        found = self.take("EventCode", _CODE, lambda text: cells.code(text, root))
        if found is not None and found != self.line.cells[_CODE].strip():
            self.repairs.add(_ZERO)
        return found

    def actor(self, name: str, at: int) -> Actor:
        """Read one of the two actors: code, name and country, and seven columns on three types."""
        code = self.take(f"{name}Code", at, cells.actor_code)
        country = self.take(f"{name}CountryCode", at + 2, _three)
        types = [self.take(f"{name}Type{one}Code", at + 6 + one, _three) for one in (1, 2, 3)]
        known = tuple(one for one in types if one)
        return Actor(code or "", self.name(f"{name}Name", at + 1), country or "", known)

    def name(self, name: str, column: int) -> str:
        """Read a name, which may be blank."""
        found = self.take(name, column, cells.name) or ""
        if found and found != self.line.cells[column].strip():
            self.repairs.add(_LETTERS)
        return found

    def figure(self) -> float | None:
        """Read the figure on the scale of Goldstein."""
        found = self.take("GoldsteinScale", _GOLDSTEIN, cells.goldstein)
        if found is not None and "," in self.line.cells[_GOLDSTEIN]:
            self.repairs.add(_COMMA)
        return found

    def added(self, event: Event | None) -> date | None:
        """Read the day on which GDELT saw the article: not after today, and not before the event."""
        before = len(self.problems)
        found = self.take("DATEADDED", _ADDED, cells.moment)
        if len(self.problems) > before or event is None:
            return None
        if found is None:
            self.repairs.add(_BY_FILE if self.reading.added else _BY_DAY)
            found = self.reading.added or event.day
        if found > self.reading.latest:
            self.problems.append(f"DATEADDED: {found} lies after today, {self.reading.latest}")
        if event.day > found:
            self.problems.append(f"SQLDATE: {event.day} lies after DATEADDED, {found}")
        return found


def counted(number: int, what: str) -> str:
    """Write a number of things."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
