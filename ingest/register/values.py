"""Deals and deliveries of the register, and how they are counted. Pure.

References
----------
.. [1] SIPRI Arms Transfers Database, sources and methods,
   https://www.sipri.org/databases/armstransfers/sources-and-methods
"""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from ingest.register.countries import Party, asked, same
from model.errors import UsageError

type What = Literal["orders", "deliveries"]

_RELEASED = (4, 1)  # the year that has ended comes with the release of March


@dataclass(frozen=True, kw_only=True, slots=True)
class Deal:
    """An agreement to transfer arms.

    Parameters
    ----------
    id
        SIPRI's own (``SIPRI AT Database ID``).
    ordered, ordered_is_estimate
        The year of the order, and whether SIPRI estimates it.
    number
        How many were ordered, where the export says so.
    tiv_unit
        Trend-indicator value of one, in millions.
    line
        Where it first stands.
    """

    id: str
    supplier: Party
    recipient: Party
    designation: str | None
    description: str | None
    category: str | None
    ordered: int | None
    ordered_is_estimate: bool
    status: str | None
    local_production: bool | None
    number: int | None = None
    tiv_unit: float | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What of a deal was delivered in a year.

    Parameters
    ----------
    deal
        Id of the deal.
    number, number_is_estimate
        None where the number is not known; a number with ``?`` is an estimate.
    tiv
        Trend-indicator value, in millions: 0 stands for less than 0.5, None for no value.
    """

    deal: str
    year: int
    year_is_estimate: bool
    number: int | None
    number_is_estimate: bool
    tiv: float | None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class YearlyCounts(Mapping[str, tuple[int, ...]]):
    """Occasions of each recipient in each year: ``counts["PE"]`` has a number for each of `years`.

    Parameters
    ----------
    estimated
        How many of them are of a year that SIPRI estimates, laid out alike.
    undated
        Orders that are not counted, for the register gives no year of them.
    """

    what: What
    years: range
    counts: Mapping[str, tuple[int, ...]]
    estimated: Mapping[str, tuple[int, ...]]
    undated: Mapping[str, int]

    def __getitem__(self, recipient: str) -> tuple[int, ...]:
        return self.counts[recipient]

    def __iter__(self) -> Iterator[str]:
        return iter(self.counts)

    def __len__(self) -> int:
        return len(self.counts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Register:
    """An export of SIPRI's trade register.

    A deal stands in it once something of it was delivered, so the orders of the last years are incomplete.

    Parameters
    ----------
    deals, deliveries
        In the order of the file.
    years
        The first and last year selected; None without a preamble, as what follows.
    generated, generated_on
        When the export was made: as it is written, and the day.
    supplier, recipient
        Whom the selection is limited to, where the preamble says so.
    notes
        What the reader of the file should know.
    """

    deals: tuple[Deal, ...]
    deliveries: tuple[Delivery, ...]
    years: tuple[int, int] | None = None
    generated: str | None = None
    generated_on: date | None = None
    supplier: str | None = None
    recipient: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def span(self) -> tuple[int, int] | None:
        """The years of which the export tells all that was known; None without a preamble.

        SIPRI releases a year in the March after it. What the file tells of a later year counts as well.
        """
        if self.years is None:
            return None
        first, last = self.years
        if self.generated_on is not None:
            made = self.generated_on
            ended = made.year - (1 if (made.month, made.day) >= _RELEASED else 2)
            last = min(last, max([ended, *(one.year for one in self.deliveries)]))
        return first, max(first, last)

    def by_id(self) -> dict[str, Deal]:
        """Give the deals by their ids."""
        return {deal.id: deal for deal in self.deals}

    def counted(
        self, what: What, *, supplier: str | None, recipients: Collection[str], first: int, last: int
    ) -> YearlyCounts:
        """Count occasions: each deal is one order; each year in which something of it came, one delivery.

        A recipient without a row counts 0, and an order without a year is not counted (`undated`).

        Parameters
        ----------
        supplier
            ISO code, name, or SIPRI's name, such as ``"RU"`` or ``"Soviet Union"``; None for all.
        recipients
            Likewise. The result has their ISO codes, or SIPRI's names where they have none. Without a
            preamble nothing tells whether the export was made for them: that is the caller's to know.
        first, last
            Years, both included.

        Raises
        ------
        UsageError
            The export says nothing of such years or such a supplier: that is not the same as 0.
        """
        years = self._asked_years(first, last)
        chosen = self._chosen(supplier, recipients)
        found = list(self._occasions(what, {deal.id: name for deal, name in chosen}))
        names = dict.fromkeys(str(asked(one)) for one in recipients)
        every = Counter((name, year) for name, year, _ in found)
        estimated = Counter((name, year) for name, year, is_estimate in found if is_estimate)
        undated = Counter(name for deal, name in chosen if what == "orders" and deal.ordered is None)
        return YearlyCounts(
            what=what,
            years=years,
            counts={name: tuple(every[name, year] for year in years) for name in names},
            estimated={name: tuple(estimated[name, year] for year in years) for name in names},
            undated={name: undated[name] for name in names},
        )

    def volume(
        self, *, supplier: str | None, recipients: Collection[str], first: int, last: int
    ) -> Mapping[str, tuple[float | None, ...]]:
        """Sum the trend-indicator values of what was delivered, in millions, for each recipient and year.

        None where a delivery has no value: then the sum is not known. Otherwise as `counted`; a value of
        0 stands for less than 0.5.

        Raises
        ------
        UsageError
            As `counted`.
        """
        years = self._asked_years(first, last)
        of = {deal.id: name for deal, name in self._chosen(supplier, recipients)}
        values: dict[tuple[str, int], list[float | None]] = {}
        for one in self.deliveries:
            if one.deal in of:
                values.setdefault((of[one.deal], one.year), []).append(one.tiv)
        names = dict.fromkeys(str(asked(one)) for one in recipients)
        return {name: tuple(_total(values.get((name, year), [])) for year in years) for name in names}

    def _asked_years(self, first: int, last: int) -> range:
        if first > last:
            raise UsageError(f"the years {first} to {last} are none; write the earlier one first")
        span = self.span
        if span and not span[0] <= first <= last <= span[1]:
            told = f"tells of {span[0]} to {span[1]}, not of all of {first} to {last}"
            raise UsageError(f"the trade register {told}; ask for fewer years, or download a newer one")
        return range(first, last + 1)

    def _chosen(self, supplier: str | None, recipients: Collection[str]) -> list[tuple[Deal, str]]:
        """Find the deals that are asked for, each with the name of its recipient in the result."""
        parties = {one: asked(one) for one in recipients}
        whose = asked(supplier) if supplier is not None else None
        self._check(whose, list(parties.values()))
        return [
            (deal, str(one))
            for deal in self.deals
            if whose is None or same(deal.supplier, whose)
            for one in parties.values()
            if same(deal.recipient, one)
        ]

    def _check(self, supplier: Party | None, recipients: Collection[Party]) -> None:
        """Refuse to count what the export was not made for."""
        if supplier is not None and not self._tells_of(supplier):
            raise UsageError(
                f"the trade register has no deal of the supplier {supplier.name!r};"
                " download it for this supplier, or correct the name"
            )
        only = asked(self.recipient) if self.recipient else None
        for one in recipients:
            if only and (only.code or _stands(only, self.deals)) and not same(only, one):
                told = f"is of transfers to {only.name}, not to {one.name}"
                raise UsageError(f"the trade register {told}; download it for all of them")

    def _tells_of(self, supplier: Party) -> bool:
        if any(same(deal.supplier, supplier) for deal in self.deals):
            return True
        return self.years is not None and self.supplier is None and supplier.code is not None

    def _occasions(self, what: What, of: Mapping[str, str]) -> Iterator[tuple[str, int, bool]]:
        """Give recipient and year of each occasion, and whether the year is an estimate."""
        if what == "orders":
            for deal in self.deals:
                if deal.id in of and deal.ordered is not None:
                    yield of[deal.id], deal.ordered, deal.ordered_is_estimate
            return
        for one in self.deliveries:
            if one.deal in of:
                yield of[one.deal], one.year, one.year_is_estimate


def _total(values: Collection[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) if len(known) == len(values) else None


def _stands(one: Party, deals: Collection[Deal]) -> bool:
    return any(same(one, deal.recipient) for deal in deals)
