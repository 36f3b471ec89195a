"""What the page of countries shows: the figures of `posterity panel`, kept until anything beneath changes."""

import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from model.domain import Forecast
from model.errors import InputRefused, Unavailable, UsageError
from service.base_rate_keys import orders_expected
from service.composition import Service
from service.files_read import stamp_of
from service.panel import panel
from service.panel_question import KINDS, Question
from service.panel_values import Panel, Row
from storage.nearby import Written, last_written

MOST_COUNTRIES = 30
_MOST = 32  # panels that are remembered
_DEAR, _REST = 1.0, 20  # seconds, and how many times as long as one took nobody need wait for the next


@dataclass(frozen=True, kw_only=True, slots=True)
class YearRow:
    """A year of a country, as figures; None is what is not known."""

    year: int
    orders: int | None
    estimated_orders: int | None
    deliveries: int | None
    estimated_deliveries: int | None
    tiv: float | None
    events: tuple[int | None, ...]
    agreement: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A panel, when it was put together, and how long that took; `written` is what was stored by then."""

    panel: Panel
    at: datetime
    written: Written
    clock: float
    took: float

    def holds(self, written: Written) -> bool:
        """Whether it may be shown still: nothing was stored since, or making it again costs too much."""
        if written == self.written:
            return True
        return self.took > _DEAR and time.monotonic() - self.clock < _REST * self.took


class Panels:
    """The panels that were asked for last; safe to share between threads, and made one at a time."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._kept: OrderedDict[object, Made] = OrderedDict()
        self._lock = Lock()

    def of(self, forecast: Forecast, question: Question) -> Made:
        """Put a panel together, unless it is known as things stand.

        Raises
        ------
        UsageError
            The question cannot be asked, or a file cannot be used; the message names no folder.
        """
        if len(question.countries) > MOST_COUNTRIES:
            raise UsageError(f"these are more than {MOST_COUNTRIES} countries; choose fewer")
        key = self._key(forecast, question)
        with self._lock:
            with self._service.database.reading() as session:
                written = last_written(session)
            before = self._kept.get(key)
            if before is None or not before.holds(written):
                began = time.monotonic()
                found = self._made(forecast, question)
                ended = time.monotonic()
                before = Made(
                    panel=found, at=self._service.clock(), written=written, clock=ended, took=ended - began
                )
            self._kept[key] = before
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
            return before

    def _key(self, forecast: Forecast, question: Question) -> object:
        rates = self._service.configuration.base_rates.file
        stamps = tuple(map(stamp_of, (question.register, question.votes, rates)))
        return (forecast.id, _hashable(question), stamps, self._service.today())

    def _made(self, forecast: Forecast, question: Question) -> Panel:
        try:
            return panel(self._service, forecast, question, orders_expected(self._service, forecast))
        except (InputRefused, UsageError) as error:
            raise UsageError(plain(question, str(error))) from error
        except Unavailable as error:
            said = plain(question, str(error))
            if said == str(error):  # it is not a file of the question that is out of reach
                raise
            raise UsageError(said) from error


def plain(question: Question, text: str) -> str:
    """Name files without their folders, which are of no use to who is not at this machine."""
    for path in (question.register, question.votes):
        text = text.replace(str(path), path.name) if path else text
    return text


def _hashable(question: Question) -> object:
    tags = tuple((kind, question.tags[kind]) for kind in KINDS)
    return (question.partner, question.against, question.countries, question.first, question.last, tags)


def years(found: Panel, row: Row) -> Iterator[YearRow]:
    """Give a country's figures year by year."""
    for year in found.years:
        yield YearRow(
            year=year,
            orders=row.orders.counts.get(year) if row.orders else None,
            estimated_orders=row.orders.estimated.get(year) if row.orders else None,
            deliveries=row.deliveries.counts.get(year) if row.deliveries else None,
            estimated_deliveries=row.deliveries.estimated.get(year) if row.deliveries else None,
            tiv=row.deliveries.tiv.get(year) if row.deliveries else None,
            events=tuple(one.counts.get(year) if one else None for one in row.occurrences.values()),
            agreement=tuple(
                one.by_year[year].agreement if one and year in one.by_year else None
                for one in row.voting.values()
            ),
        )
