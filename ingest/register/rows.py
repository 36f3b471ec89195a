"""The rows of the register: a deal and what of it was delivered in a year. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from ingest.register import cells
from ingest.register.countries import party
from ingest.register.values import Deal, Delivery
from ingest.tables import Form, Problems, Row
from model.errors import InvalidValue

ID, SUPPLIER, RECIPIENT = "SIPRI AT Database ID", "Supplier", "Recipient"
DESIGNATION, DESCRIPTION, CATEGORY = "Designation", "Description", "Armament category"
ORDERED, ORDERED_IS_ESTIMATE = "Order date", "Order date is estimate"
NUMBER, NUMBER_IS_ESTIMATE = "Numbers delivered", "Numbers delivered is estimate"
YEAR, YEAR_IS_ESTIMATE = "Delivery year", "Delivery year is estimate"
STATUS, ESTIMATE, UNIT, TIV, LOCAL = (
    *("Status", "SIPRI estimate", "TIV deal unit", "TIV delivery values", "Local production"),
)
NUMBER_ORDERED = "Number ordered"  # a column that some exports have besides

FORM = Form(
    what="trade register of SIPRI",
    columns=(
        *(ID, SUPPLIER, RECIPIENT, DESIGNATION, DESCRIPTION, CATEGORY, ORDERED, ORDERED_IS_ESTIMATE),
        *(NUMBER, NUMBER_IS_ESTIMATE, YEAR, YEAR_IS_ESTIMATE, STATUS, ESTIMATE, UNIT, TIV, LOCAL),
    ),
    advice=(
        "download it anew from the SIPRI Arms Transfers Database, https://www.sipri.org/databases/armstransfers:"
        " the trade register, a row per delivery year, as CSV; and do not save it with a spreadsheet"
    ),
)
_category = cells.one_of(cells.CATEGORIES, "armament category")
_status = cells.one_of(cells.STATUSES, "status")
_order_year, _delivery_year = cells.year(cells.FIRST_ORDER), cells.year(cells.FIRST_DELIVERY)


@dataclass(frozen=True, slots=True)
class Line:
    """A row that was read; without a delivery where nothing was delivered yet."""

    deal: Deal
    delivery: Delivery | None


def read_row(row: Row, problems: Problems) -> Line | None:
    """Read a row; None where something is wrong with it, all of which is a problem."""
    form = _Form(row, problems)
    deal = form.deal()
    delivery = form.delivery()
    return None if form.failed or deal is None else Line(deal, delivery)


class _Form:
    """A row being read: hands out its cells, and collects what is wrong with them."""

    def __init__(self, row: Row, problems: Problems) -> None:
        self.row, self.problems = row, problems
        self.failed = False

    def take[T](self, column: str, read: Callable[[str], T]) -> T | None:
        """Read a cell; what is wrong with it is kept."""
        try:
            return read(self.row.cells.get(column, ""))
        except InvalidValue as error:
            self.wrong(column, str(error))
            return None

    def wrong(self, column: str, text: str) -> None:
        """Keep a problem."""
        self.failed = True
        self.problems.add(self.row.line, text, column)

    def year(
        self, column: str, flag: str, read: Callable[[str], tuple[int | None, bool]]
    ) -> tuple[int | None, bool]:
        """Read a year or a number, and whether it is an estimate: by its flag, or a question mark."""
        value, uncertain = self.take(column, read) or (None, False)
        return value, bool(self.take(flag, cells.flag)) or uncertain

    def deal(self) -> Deal | None:
        """Read the deal."""
        identity = self.take(ID, cells.identity)
        supplier, recipient = self.take(SUPPLIER, cells.party), self.take(RECIPIENT, cells.party)
        ordered, is_estimate = self.year(ORDERED, ORDERED_IS_ESTIMATE, _order_year)
        number, _ = self.take(NUMBER_ORDERED, cells.count) or (None, False)
        self.take(ESTIMATE, cells.decimal)
        deal = Deal(
            id=identity or "",
            supplier=party(supplier or ""),
            recipient=party(recipient or ""),
            designation=self.take(DESIGNATION, cells.words),
            description=self.take(DESCRIPTION, cells.words),
            category=self.take(CATEGORY, _category),
            ordered=ordered,
            ordered_is_estimate=is_estimate,
            status=self.take(STATUS, _status),
            local_production=self.take(LOCAL, cells.local),
            number=number,
            tiv_unit=self.take(UNIT, cells.decimal),
            line=self.row.line,
        )
        return None if self.failed else deal

    def delivery(self) -> Delivery | None:
        """Read what was delivered; None where the row tells of no delivery."""
        year, year_is_estimate = self.year(YEAR, YEAR_IS_ESTIMATE, _delivery_year)
        number, number_is_estimate = self.year(NUMBER, NUMBER_IS_ESTIMATE, cells.count)
        tiv = self.take(TIV, cells.decimal)
        if year is None:
            if not self.failed and (number or tiv):
                self.wrong(YEAR, "is empty, though the row tells of a delivery")
            return None
        return Delivery(
            deal=self.row.cells.get(ID, ""),
            year=year,
            year_is_estimate=year_is_estimate,
            number=number,
            number_is_estimate=number_is_estimate,
            tiv=tiv,
            line=self.row.line,
        )
