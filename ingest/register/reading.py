"""Reading an export of SIPRI's trade register: all of it makes sense, or none of it is read."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

from ingest import tables
from ingest.register import rows
from ingest.register.countries import is_expected
from ingest.register.preamble import Preamble, read_preamble
from ingest.register.rows import FORM, Line, read_row
from ingest.register.values import Deal, Delivery, Register
from ingest.tables import Problems
from model.errors import InputRefused

MAX_BYTES = 64_000_000  # the whole register since 1950 has some 8 MB

_COLUMNS = {
    "supplier": rows.SUPPLIER,
    "recipient": rows.RECIPIENT,
    "designation": rows.DESIGNATION,
    "description": rows.DESCRIPTION,
    "category": rows.CATEGORY,
    "ordered": rows.ORDERED,
    "ordered_is_estimate": rows.ORDERED_IS_ESTIMATE,
    "status": rows.STATUS,
    "local_production": rows.LOCAL,
    "number": rows.NUMBER_ORDERED,
    "tiv_unit": rows.UNIT,
}
_OTHER_FORM = ("weapon designation", "year of order")


def read_register(path: Path) -> Register:
    """Read an export of the trade register, with its preamble or without.

    Raises
    ------
    Unavailable
        The file cannot be read.
    InputRefused
        Something is wrong with it. Every problem is a line of its own, with the line and the column
        where it stands; nothing of the file is used then.
    """
    try:
        return parse_register(tables.content(path, MAX_BYTES, FORM))
    except InputRefused as error:
        raise tables.named(path, error) from None


def parse_register(body: bytes) -> Register:
    """Read an export of the trade register out of its bytes.

    Raises
    ------
    InputRefused
        As `read_register`.
    """
    _check_form(body)
    table = tables.table(body, FORM)
    preamble, problems = read_preamble(table.preamble), Problems()
    gathered = _Gathered(preamble, problems)
    for row in table.rows(problems):
        line = read_row(row, problems)
        if line is not None:
            gathered.add(line)
    if not problems.count and not gathered.deals:
        problems.add(table.header + 1, "no row follows the header")
    problems.refuse(FORM)
    return gathered.register()


def _check_form(body: bytes) -> None:
    """Say so where it is the other form of the register, which has a row per deal."""
    start = body[:8_000].decode("ascii", "replace").lower()
    if rows.ID.lower() not in start and all(name in start for name in _OTHER_FORM):
        tables.refused(
            FORM, "is the form of the register that has a row per deal, without years of each delivery"
        )


class _Gathered:
    """The deals and deliveries of a file, and what of them contradicts each other."""

    def __init__(self, preamble: Preamble, problems: Problems) -> None:
        self.preamble, self.problems = preamble, problems
        self.deals: dict[str, Deal] = {}
        self.deliveries: dict[tuple[str, int], Delivery] = {}
        self.open: set[str] = set()
        self.twice = self.early = 0

    def add(self, line: Line) -> None:
        """Add a row; the deal must be the same on all of its rows, and each year must stand once."""
        deal = self.deals.setdefault(line.deal.id, line.deal)
        if deal is line.deal:
            self._check_past(deal.ordered, deal.line, rows.ORDERED)
        if deal != line.deal:
            differing = ", ".join(_differing(deal, line.deal))
            self._wrong(
                line.deal.line, f"deal {deal.id} is another one than on line {deal.line}: {differing}"
            )
        elif line.delivery is None:
            self.twice += deal.id in self.open
            self.open.add(deal.id)
        else:
            self._deliver(deal, line.delivery)

    def _deliver(self, deal: Deal, one: Delivery) -> None:
        before = self.deliveries.setdefault((deal.id, one.year), one)
        if before != one:
            there = f"the delivery of {one.year} on line {before.line}"
            self._wrong(one.line, f"deal {deal.id} contradicts {there}; only one row of a year can hold")
        elif before is not one:
            self.twice += 1
        self._check_past(one.year, one.line, rows.YEAR)
        self._check_order(deal, one)

    def _check_past(self, year: int | None, line: int, column: str) -> None:
        made = self.preamble.generated_on
        if made is not None and year is not None and year > made.year:
            self.problems.add(line, f"{year} lies after {made}, when the file was made", column)

    def _check_order(self, deal: Deal, one: Delivery) -> None:
        if deal.ordered is None or one.year >= deal.ordered:
            return
        if deal.ordered_is_estimate or one.year_is_estimate:
            self.early += 1
        else:
            text = f"{one.year} lies before {deal.ordered}, the year of the order; are the cells shifted?"
            self.problems.add(one.line, text, rows.YEAR)

    def _wrong(self, line: int, text: str) -> None:
        self.problems.add(line, text)

    def register(self) -> Register:
        """Make the register of what was gathered."""
        return Register(
            deals=tuple(self.deals.values()),
            deliveries=tuple(self.deliveries.values()),
            years=self.preamble.years,
            generated=self.preamble.generated,
            generated_on=self.preamble.generated_on,
            supplier=self.preamble.supplier,
            recipient=self.preamble.recipient,
            notes=tuple(self._notes()),
        )

    def _notes(self) -> Iterator[str]:
        if self.twice:
            yield f"{_counted(self.twice, 'row')} the same as another: read once"
        if self.early:
            before = "in a year before the order's, one of the two estimated: read"
            yield f"{_counted(self.early, 'delivery')} {before}"
        strange = Counter(
            side.name
            for deal in self.deals.values()
            for side in (deal.supplier, deal.recipient)
            if not is_expected(side)
        )
        if strange:
            yield f"of no known country, and kept by name: {', '.join(_named(strange.most_common(10)))}"
        if self.preamble.generated is not None and self.preamble.generated_on is None:
            yield f"made on a day that cannot be read: {self.preamble.generated!r}"


def _differing(one: Deal, other: Deal) -> Iterator[str]:
    for each in fields(Deal):
        was, now = getattr(one, each.name), getattr(other, each.name)
        if each.compare and was != now:
            yield f"{_COLUMNS[each.name]} {_shown(was)} there, {_shown(now)} here"


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    return (
        {True: "Yes", False: "No"}[value] if isinstance(value, bool) else str(getattr(value, "name", value))
    )


def _named(names: Sequence[tuple[str, int]]) -> Iterator[str]:
    for name, deals in names:
        yield f"{name} ({_counted(deals, 'deal')})"


def _counted(number: int, what: str) -> str:
    plural = what.removesuffix("y") + "ies" if what.endswith("y") else f"{what}s"
    return f"{number:,} {what if number == 1 else plural}"
