"""Base rates: what the record says of how many occasions a forecast's window will see."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from ingest.register import Register, What, read_register
from model.base_rates import BaseRate, BaseRates, History, fit
from model.digests import digest
from model.domain import Forecast
from model.errors import ConfigurationError, Unavailable, UsageError
from service import base_rate_file, toml_values
from service.base_rate_file import Rate
from service.base_rate_keys import window
from service.composition import Service
from service.panel_question import chosen
from service.sections import BaseRateTable
from storage.events import found_events, summaries

_YEAR = 365.25
_LATE = 4  # years within which nine in ten orders appear in the register, by their first delivery
_EVENTS = "events:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked of the records.

    Parameters
    ----------
    asked
        Kinds of record and groups of countries, in order.
    countries
        All whose histories are looked at together.
    referring
        The forecast's indicators that refer to a base rate.
    first, last
        Years of the record; where None, all that it tells, up to the year before the forecast opened.
    """

    forecast: Forecast
    asked: tuple[tuple[str, tuple[str, ...]], ...]
    countries: tuple[str, ...]
    first: int | None
    last: int | None
    supplier: str
    referring: Mapping[str, BaseRateTable]

    @property
    def days(self) -> int:
        """Length of the window, both ends included."""
        return window(self.forecast)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A base rate, the record that it is from, and the fit."""

    rate: BaseRate
    fitted: BaseRates
    days: int

    @property
    def occasions(self) -> int:
        """Occasions of the group in the record."""
        rows = [self.fitted.history.countries.index(one) for one in self.rate.countries]
        return int(self.fitted.history.counts[rows].sum())

    @property
    def years(self) -> str:
        """Years of the record."""
        return f"{self.fitted.history.years[0]} to {self.fitted.history.years[-1]}"

    def stored(self) -> Rate:
        """Give it as the file of base rates holds it."""
        return Rate(
            **{"from": self.rate.kind},
            countries=self.rate.countries,
            days=self.days,
            expected=round(self.rate.expected, 4),
            low=self.rate.low,
            high=self.rate.high,
            spread=round(self.rate.spread, 3),
            history=f"{self.occasions} occasions from {self.years}",
        )


def question(  # noqa: PLR0913 - what may be asked
    service: Service,
    identity: str | None,
    *,
    kinds: Sequence[str],
    countries: Sequence[str],
    first: int | None,
    last: int | None,
    supplier: str,
) -> Question:
    """Ask for what the indicators refer to; or, where kinds are named, for each group and each country.

    Parameters
    ----------
    identity
        Of the forecast; None where there is only one.

    Raises
    ------
    UsageError
        There is nothing to ask for, or something is named that there is not.
    """
    forecast, kinds, countries = chosen(service, identity), _kinds(kinds), _named(countries)
    referring = service.configuration.referring[forecast.id]
    groups = [tuple(countries)] if countries else [one.countries for one in forecast.indicators]
    groups = [group for group in dict.fromkeys(groups) if group]
    each = [(one,) for one in dict.fromkeys(country for group in groups for country in group)]
    stated = [(referring[one.id].kind, one.countries) for one in forecast.indicators if one.id in referring]
    asked = [] if kinds else stated
    asked += [(kind, group) for kind in kinds for group in dict.fromkeys([*groups, *each])]
    if not asked:
        advice = "name a record, such as --from register:orders, and --country where they name none"
        raise UsageError(f"no indicator of {forecast.id} has a base_rate; {advice}")
    everyone = dict.fromkeys(country for _, group in asked for country in group)
    everyone |= dict.fromkeys(country for one in forecast.indicators for country in one.countries)
    return Question(
        forecast=forecast,
        asked=tuple(dict.fromkeys(asked)),
        countries=tuple(everyone),
        first=first,
        last=last,
        supplier=supplier,
        referring=referring,
    )


def _kinds(typed: Iterable[str]) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(map(toml_values.history, typed)))
    except ValueError as error:
        raise UsageError(f"--from {error}") from error


def _named(typed: Iterable[str]) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(map(toml_values.country, typed)))
    except ValueError as error:
        raise UsageError(f"--country {error}") from error


def answers(
    service: Service, asked: Question, register: Path | None, *, say: Callable[[str], None]
) -> Iterator[Answer]:
    """Fit each record once, and answer in the order asked.

    Raises
    ------
    UsageError
        A record is needed that was not named, or tells nothing of these years.
    InputRefused
        The register makes no sense.
    """
    read = read_register(register) if register else None
    fitted: dict[str, BaseRates] = {}
    for kind, group in asked.asked:
        if kind not in fitted:
            history = _history(service, asked, kind, read)
            fitted[kind] = fit(history, seed=_seed(history), say=say)
        found = fitted[kind]
        gap = (asked.forecast.opened - date(found.history.years[-1] + 1, 1, 1)).days
        rate = found.expected(group, asked.days / _YEAR, after=max(0, gap) / _YEAR)
        yield Answer(rate=rate, fitted=found, days=asked.days)


def _history(service: Service, asked: Question, kind: str, register: Register | None) -> History:
    if kind.startswith(_EVENTS):
        return _of_events(service, asked, kind)
    if register is None:
        raise UsageError(
            f"{kind} needs --register FILE: download the trade register (SIPRI Arms Transfers Database, "
            "all the recipients, as CSV); its terms leave that to you"
        )
    what: What = "orders" if kind == "register:orders" else "deliveries"
    told = register.span or _told(register)
    late = _LATE if what == "orders" else 0
    first, last = _years(asked, told[0], told[1] - late)
    counted = register.counted(
        what, supplier=asked.supplier, recipients=asked.countries, first=first, last=last
    )
    return _made(kind, asked.countries, first, [counted[one] for one in asked.countries])


def _told(register: Register) -> tuple[int, int]:
    """Give the years in a register that does not say for which it was made."""
    years = [one.year for one in register.deliveries]
    if not years:
        raise UsageError("the register holds no delivery; download it for all the recipients")
    return min(years), max(years)


def _of_events(service: Service, asked: Question, kind: str) -> History:
    tag = kind.removeprefix(_EVENTS)
    with service.database.reading() as session:
        keys = found_events(session, tag=tag)
        found = [one for one in summaries(session, keys) if one.tag == tag and one.asserting]
    if not found:
        raise UsageError(f"no event of {tag} is stored; take reports of it in, or name another record")
    first, last = _years(asked, min(one.first.year for one in found), asked.forecast.opened.year)
    years = range(first, last + 1)
    cells = [
        [sum(country in one.countries and one.first.year == year for one in found) for year in years]
        for country in asked.countries
    ]
    return _made(kind, asked.countries, first, cells)


def _years(asked: Question, first: int, last: int) -> tuple[int, int]:
    """Choose the years of the record: those asked for, and none that the forecast itself is about."""
    first = asked.first if asked.first is not None else first
    last = asked.last if asked.last is not None else min(last, asked.forecast.opened.year - 1)
    if first > last:
        raise UsageError(f"the record has no years from {first} to {last}; ask for others")
    return first, last


def _made(kind: str, countries: tuple[str, ...], first: int, cells: Sequence[Sequence[int]]) -> History:
    counts = np.array(cells, dtype=np.int64)
    years = tuple(range(first, first + counts.shape[1]))
    exposure = np.ones(counts.shape)
    return History(kind=kind, countries=countries, years=years, counts=counts, exposure=exposure)


def _seed(history: History) -> int:
    stated = [history.kind, list(history.countries), list(history.years), history.counts.tolist()]
    return int(digest(stated).rpartition(":")[2][:8], 16)


def saved(service: Service, found: Iterable[Answer]) -> Path:
    """Keep base rates in the file where indicators look, in the place of those that answer the same.

    Raises
    ------
    UsageError
        A check of a fit failed: such numbers are not to be relied on.
    ConfigurationError
        There is a file that is none of base rates.
    Unavailable
        It cannot be written.
    """
    found = list(found)
    if unsound := [one.rate.kind for one in found if not one.rate.sound]:
        advice = "nothing was saved; ask for other years"
        raise UsageError(f"the fit of {unsound[0]} failed its checks: {advice}")
    path = service.configuration.base_rates.file
    try:
        before = base_rate_file.read(path)
    except ValueError as error:
        raise ConfigurationError([str(error)]) from error
    try:
        base_rate_file.write(path, base_rate_file.merged(before, [one.stored() for one in found]))
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}; make its folder writable") from error
    return path
