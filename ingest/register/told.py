"""Deals and deliveries of the register told as news: items of a year's precision. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from ingest.items import NewsItem
from ingest.register.values import Deal, Delivery
from model.dates import CoarseDate

PUBLISHER = "sipri.org"
_UNCOUNTED = ("aircraft", "spacecraft", "equipment")  # the same for one and for many


@dataclass(frozen=True, slots=True)
class Telling:
    """An occasion of the register: an order, or what was delivered of a deal in a year.

    Parameters
    ----------
    key
        The same in every later export: ``36452:order``, ``36452:2010``.
    """

    key: str
    deal: Deal
    delivery: Delivery | None = None

    @property
    def year(self) -> int | None:
        """The year in which it happened; None for an order whose year is not known."""
        return self.delivery.year if self.delivery else self.deal.ordered

    @property
    def line(self) -> int:
        """Where it stands."""
        return self.delivery.line if self.delivery else self.deal.line

    @property
    def headline(self) -> str:
        """One line that says it, estimates as such."""
        if self.delivery is None:
            arms = _arms(self.deal, self.deal.number, is_estimate=False)
            said = f"{self.deal.recipient.name} orders {arms} from {self.deal.supplier.name}"
            return f"{said} ({_year(self.deal.ordered, is_estimate=self.deal.ordered_is_estimate)})"
        one = self.delivery
        arms = _arms(self.deal, one.number, is_estimate=one.number_is_estimate)
        said = f"{self.deal.supplier.name} delivers {arms} to {self.deal.recipient.name}"
        return f"{said} ({_year(one.year, is_estimate=one.year_is_estimate)})"

    def item(self, *, tag: str, published: CoarseDate) -> NewsItem:
        """Make an item of it, with an event of its own."""
        event = f"sipri-{self.deal.id}-{f'delivery-{self.year}' if self.delivery else 'order'}"
        return NewsItem(
            key=self.key,
            line=self.line,
            published=published,
            occurred=CoarseDate.parse(str(self.year)),
            headline=self.headline,
            publisher=PUBLISHER,
            lang="en",
            tag=tag,
            country=self.deal.recipient.code,
            why=f"deal {self.deal.id} of SIPRI's trade register",
            extra=MappingProxyType({"event": event, "sipri": dict(self._figures())}),
        )

    def _figures(self) -> Iterator[tuple[str, object]]:
        """Give what the register says besides, as far as it does."""
        deal, one = self.deal, self.delivery
        figures = {
            "deal": deal.id,
            "supplier": str(deal.supplier),
            "category": deal.category,
            "status": deal.status,
            "local_production": deal.local_production,
            "year_is_estimate": one.year_is_estimate if one else deal.ordered_is_estimate,
            "number": one.number if one else deal.number,
            "number_is_estimate": one.number_is_estimate if one else None,
            "tiv": one.tiv if one else None,
        }
        yield from ((name, value) for name, value in figures.items() if value is not None)


def order(deal: Deal) -> Telling:
    """Tell of the order of a deal."""
    return Telling(f"{deal.id}:order", deal)


def delivery(deal: Deal, one: Delivery) -> Telling:
    """Tell of a delivery."""
    return Telling(f"{deal.id}:{one.year}", deal, one)


def _arms(deal: Deal, number: int | None, *, is_estimate: bool) -> str:
    count = "" if number is None else f"about {number:,}" if is_estimate else f"{number:,}"
    used = "second-hand" if deal.status and deal.status.startswith("Second hand") else ""
    what = deal.description or ("" if deal.designation else "arms")
    named = (deal.designation or "").removesuffix("-").strip()
    return " ".join(filter(None, (count, used, named, what if number == 1 else _plural(what))))


def _plural(what: str) -> str:
    if not what or what == "arms" or what.endswith(_UNCOUNTED):
        return what
    if what.endswith("y") and not what.endswith(("ay", "ey", "oy")):
        return f"{what[:-1]}ies"
    return f"{what}{'es' if what.endswith(('s', 'x', 'ch', 'torpedo')) else 's'}"


def _year(year: int | None, *, is_estimate: bool) -> str:
    return f"{year}, year estimated" if is_estimate else str(year)
