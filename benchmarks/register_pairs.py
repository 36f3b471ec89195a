"""Questions about pairs of countries: whether one will order more or less often from the other than before.

A pair is a supplier and a recipient. A question opens on 1 January of a year, about a pair with at least
three orders in the six years before, and asks how many the next six years will bring: fewer, similar or
more. All of it follows from the register's years of orders and from rules that look at no outcome.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ingest.register.values import Deal, Register
from model.errors import UsageError

WINDOW = 6  # years, of what was seen and of what is asked about
FEWEST_ORDERS = 3  # in the window before, for a pair to be asked about
LAG = 5  # years: an order stands in the register once something of it was delivered
FEWEST_PEERS = 10  # other pairs that must be known at the opening
FEWEST_QUESTIONS = 5
SCENARIOS = ("fewer", "similar", "more")

type Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Orders of each pair in each year, from `first` to `last`, of which the register tells all there is.

    Parameters
    ----------
    counts
        By pair; a number for each year.
    """

    first: int
    last: int
    counts: Mapping[Pair, tuple[int, ...]]

    def before(self, year: int) -> "Record":
        """Give what was ordered before a year: nothing else is there to be looked at."""
        years = max(0, year - self.first)
        return Record(
            first=self.first,
            last=min(self.last, year - 1),
            counts={pair: counts[:years] for pair, counts in self.counts.items() if any(counts[:years])},
        )

    def of(self, pair: Pair, first: int, last: int) -> tuple[int, ...]:
        """Give a pair's orders in each year, both ends included; the years lie within the record."""
        assert self.first <= first <= last <= self.last
        return self.counts[pair][first - self.first : last - self.first + 1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """What another pair ordered in a window, and in the next one, which is as long and ended in time."""

    pair: Pair
    years: int
    earlier: int
    later: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One forecast: a pair, the year it opens in, and what came.

    Parameters
    ----------
    earlier
        Orders in the six years before the opening.
    orders
        Of each year of the window, first to last.
    peers
        What was known of all other pairs at the opening.
    """

    pair: Pair
    year: int
    earlier: int
    orders: tuple[int, ...]
    peers: tuple[Peer, ...]

    @property
    def recipient(self) -> str:
        """The country that orders."""
        return self.pair[1]

    @property
    def opened(self) -> date:
        """The first day of the window."""
        return date(self.year, 1, 1)

    @property
    def horizon(self) -> date:
        """The last day of the window, on which the answer is there to be read."""
        return year_end(self.opened, WINDOW)

    @property
    def outcome(self) -> int:
        """The place of the scenario that came true."""
        return place(sum(self.orders), self.earlier)


def year_end(opened: date, years: int) -> date:
    """Give the last day of so many years of a window."""
    return date(opened.year + years - 1, 12, 31)


def similar(earlier: int) -> tuple[int, int]:
    """Say which counts are similar to an earlier one: those at most √n away, a Poisson count's sd.

    Returns
    -------
    least, most : int
        Of three: 2 and 4; of nine: 6 and 12.
    """
    apart = math.isqrt(earlier)
    return earlier - apart, earlier + apart


def place(count: int, earlier: int) -> int:
    """Give the place of a count's scenario: 0 fewer, 1 similar, 2 more."""
    least, most = similar(earlier)
    return (count >= least) + (count > most)


def record(register: Register, *, first: int | None = None, last: int | None = None) -> Record:
    """Count the orders between countries; who has no ISO code is no country, and not counted.

    Parameters
    ----------
    first
        The first year of which the register tells every order: by default the first that it was
        selected for, or the first of its deliveries.
    last
        The last one: by default five years before the last delivery.

    Raises
    ------
    UsageError
        The register does not tell of these years.
    """
    delivered = [one.year for one in register.deliveries]
    span = register.span or (min(delivered), max(delivered))
    first = span[0] if first is None else first
    last = max(delivered) - LAG if last is None else last
    if not span[0] <= first < last <= span[1]:
        told = f"tells of {span[0]} to {span[1]}, not of all of {first} to {last}"
        raise UsageError(f"the register {told}; ask for fewer years")
    counts: dict[Pair, list[int]] = defaultdict(lambda: [0] * (last - first + 1))
    for deal in register.deals:
        supplier, recipient = deal.supplier.code, deal.recipient.code
        if supplier and recipient and deal.ordered is not None and first <= deal.ordered <= last:
            counts[supplier, recipient][deal.ordered - first] += 1
    return Record(
        first=first, last=last, counts={pair: tuple(found) for pair, found in sorted(counts.items())}
    )


def uncounted(register: Register, of: Record) -> int:
    """Count the orders of these years that are between parties of which one is no country."""
    return sum(not (deal.supplier.code and deal.recipient.code) for deal in _ordered(register, of))


def estimated(register: Register, of: Record) -> float:
    """Say of what share of the orders of these years the year is an estimate."""
    found = [deal.ordered_is_estimate for deal in _ordered(register, of)]
    return sum(found) / len(found)


def _ordered(register: Register, of: Record) -> Iterator[Deal]:
    for deal in register.deals:
        if deal.ordered is not None and of.first <= deal.ordered <= of.last:
            yield deal


def late(register: Register, of: Record) -> float | None:
    """Say what share of orders brought nothing for more than five years: as many of the last are missing.

    Of the orders that are at least ten years older than the last delivery; None if there are none.
    """
    began: dict[str, int] = {}
    for one in register.deliveries:
        began[one.deal] = min(one.year, began.get(one.deal, one.year))
    old = range(of.first, max(began.values()) - 2 * LAG + 1)
    lags = [
        began[deal.id] - deal.ordered
        for deal in register.deals
        if deal.ordered is not None and deal.ordered in old and deal.id in began
    ]
    return sum(lag > LAG for lag in lags) / len(lags) if lags else None


def peers(known: Record, *, without: Pair) -> Iterator[Peer]:
    """Yield what all other pairs ordered in two adjoining windows that ended before an opening.

    Windows have six years, or as many as the record has room for twice. Pairs without an order in the
    earlier one are left out: nobody knows how many of those there are.

    Parameters
    ----------
    known
        What was ordered before the opening.
    without
        The pair that is asked about.
    """
    length = min(WINDOW, (known.last - known.first + 1) // 2)
    for end in range(known.first + 2 * length - 1, known.last + 1):
        for pair in known.counts:
            earlier = sum(known.of(pair, end - 2 * length + 1, end - length))
            if pair != without and earlier:
                later = sum(known.of(pair, end - length + 1, end))
                yield Peer(pair=pair, years=length, earlier=earlier, later=later)


def openings(of: Record) -> range:
    """Give the years in which a question can open: the six before and the six from it on are known."""
    return range(of.first + WINDOW, of.last - WINDOW + 2)


def questions(of: Record, years: Sequence[int] | None = None) -> list[Question]:
    """Ask about every pair that qualifies, in the given years or in all that are possible.

    Raises
    ------
    UsageError
        A year is not possible, or too few pairs qualify for anything to be said.
    """
    possible = openings(of)
    if impossible := ", ".join(str(year) for year in years or () if year not in possible):
        needed = f"{WINDOW} years before and {WINDOW} from then on must lie within {of.first} to {of.last}"
        raise UsageError(f"no question can open in {impossible}: {needed}")
    found = [question for year in sorted({*(years or possible)}) for question in _opening_in(of, year)]
    if len(found) < FEWEST_QUESTIONS:
        asked = f"{len(found)} questions can be asked of {of.first} to {of.last}, too few to score"
        needed = f"{FEWEST_ORDERS} orders of a pair in {WINDOW} years and {WINDOW} years more"
        others = f"{FEWEST_PEERS} other pairs known at its opening"
        raise UsageError(
            f"{asked}: each needs {needed}, and {others}; give a register of more countries or years"
        )
    return found


def _opening_in(of: Record, year: int) -> Iterator[Question]:
    known = of.before(year)
    for pair in known.counts:
        earlier = sum(known.of(pair, year - WINDOW, year - 1))
        others = tuple(peers(known, without=pair)) if earlier >= FEWEST_ORDERS else ()
        if len({one.pair for one in others}) >= FEWEST_PEERS:
            orders = of.of(pair, year, year + WINDOW - 1)
            yield Question(pair=pair, year=year, earlier=earlier, orders=orders, peers=others)
