"""The plots of the page of countries: where bars, lines and words stand. What is not known is grey, never 0.

All plots of a kind share one scale, so that countries can be compared. Coordinates are in pixels of a plot.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.curves import spaced
from service.panel_question import KINDS
from service.panel_values import Occurrences, Panel, Row, Transfers, Voting, years_of
from service.printing import percent

WIDTH, HEIGHT = 320, 92
LEFT, RIGHT, TOP, BOTTOM = 4, 26, 16, 16
_APART = 12  # pixels between two names at the lines' ends
ORDERS, DELIVERIES, EVENTS, VOTES = "orders", "deliveries", "events", "votes"
PLOTS = (ORDERS, DELIVERIES, EVENTS, VOTES)
_PLACES = {ORDERS: 1, DELIVERIES: 0, KINDS[0]: 2, KINDS[1]: 3, KINDS[2]: 4}  # of colours, as `curves.style`


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A rectangle; `looks` are the names of its style."""

    x: float
    y: float
    width: float
    height: float
    looks: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line through years, broken where one is not known, and the years that stand alone."""

    path: str
    dots: tuple[tuple[float, float], ...]
    place: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """A word in a plot; `looks` as a mark's."""

    x: float
    y: float
    text: str
    looks: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plot:
    """A plot: its heading, its total, and the same in a sentence for whoever does not see it."""

    kind: str
    total: str
    sentence: str
    marks: tuple[Mark, ...] = ()
    lines: tuple[Line, ...] = ()
    words: tuple[Word, ...] = ()


def plots(found: Panel, shown: Iterable[str]) -> list[list[Plot]]:
    """Draw each country's plots of these kinds, where anything at all is known of a kind."""
    makers = [_MAKERS[kind](found) for kind in PLOTS if kind in set(shown) and _known(found, kind)]
    return [[make(row) for make in makers] for row in found.rows]


def _known(found: Panel, kind: str) -> bool:
    if kind in {ORDERS, DELIVERIES}:
        return found.register_years is not None
    if kind == VOTES:
        return found.has_votes
    return any(one for row in found.rows for one in row.occurrences.values())


# ---- bars ----------------------------------------------------------------------------------------------


type _Segment = tuple[int, int, str]  # from, to, looks


def _transfers(found: Panel, kind: str, of: Callable[[Row], Transfers | None]) -> Callable[[Row], Plot]:
    known = [one for row in found.rows if (one := of(row))]
    most = max((number for one in known for number in one.counts.values()), default=0)

    def make(row: Row) -> Plot:
        one = of(row)
        if one is None:
            return _unknown(found, kind)
        bars = {year: _segments(one, year, _PLACES[kind]) for year in one.counts}
        estimated = f", {one.of_estimated_years} of estimated years" if one.of_estimated_years else ""
        years = years_of(found.register_years)
        return Plot(
            kind=kind,
            total=f"{one.total}{estimated}",
            sentence=f"{one.total} {kind} in {years}{estimated}{_peak(one.counts)}",
            marks=(*_gaps(found.years, found.register_years), *_bars(found.years, bars, most)),
            words=(*_ends(found.years), *_top(found.years, one.counts, most)),
        )

    return make


def _segments(one: Transfers, year: int, place: int) -> list[_Segment]:
    number, estimated = one.counts[year], one.estimated.get(year, 0)
    ends = ((0, number - estimated, f"s{place}"), (number - estimated, number, f"s{place} estimated"))
    return [segment for segment in ends if segment[0] < segment[1]]


def _events(found: Panel) -> Callable[[Row], Plot]:
    heights = [sum(_in(row, year).values()) for row in found.rows for year in found.years]
    most = max(heights, default=0)

    def make(row: Row) -> Plot:
        known = {kind: one for kind, one in row.occurrences.items() if one}
        if not known:
            return _unknown(found, EVENTS)
        sums = {year: sum(_in(row, year).values()) for year in found.years}
        told = ", ".join(_counted(one.total, kind) for kind, one in known.items())
        return Plot(
            kind=EVENTS,
            total=told,
            sentence=f"{told} stored of {years_of(found.years)}{_peak(sums)}",
            marks=tuple(_bars(found.years, {year: _stack(_in(row, year)) for year in found.years}, most)),
            words=(*_ends(found.years), *_top(found.years, sums, most)),
        )

    return make


def _counted(number: int, kind: str) -> str:
    return f"{number} {kind.removesuffix('s') if number == 1 else kind}"


def _in(row: Row, year: int) -> dict[str, int]:
    known: Mapping[str, Occurrences | None] = row.occurrences
    return {kind: one.counts.get(year, 0) for kind, one in known.items() if one}


def _stack(numbers: Mapping[str, int]) -> list[_Segment]:
    found, low = [], 0
    for kind, number in numbers.items():
        if number:
            found.append((low, low + number, f"s{_PLACES[kind]}"))
        low += number
    return found


def _bars(years: range, bars: Mapping[int, Sequence[_Segment]], most: int) -> Iterator[Mark]:
    step = _step(years)
    for year, segments in bars.items():
        for low, high, looks in segments:
            top = _y(high / max(1, most))
            height = _y(low / max(1, most)) - top
            yield _mark(_x(years, year) - 0.41 * step, top, 0.82 * step, height, looks)


def _top(years: range, counts: Mapping[int, int], most: int) -> Iterator[Word]:
    """Say the highest bar's number above it."""
    year = max(counts, key=lambda one: counts[one], default=None)
    if year is not None and counts[year]:
        y = _y(counts[year] / max(1, most)) - 3
        yield Word(x=round(_x(years, year), 1), y=round(y, 1), text=str(counts[year]), looks="middle")


def _peak(counts: Mapping[int, int]) -> str:
    year = max(counts, key=lambda one: counts[one], default=None)
    return f", most in {year}: {counts[year]}" if year is not None and counts[year] else ""


# ---- lines ---------------------------------------------------------------------------------------------


def _votes(found: Panel) -> Callable[[Row], Plot]:
    def make(row: Row) -> Plot:
        known = [
            (code, place, voting)
            for place, code in enumerate((found.partner, found.against))
            if (voting := row.voting[code])
        ]
        if not known:
            return _unknown(found, VOTES)
        told = [
            f"with {found.names[code]} {percent(one.agreement, 0)} in {one.first}–{one.last}{_trend(one)}"
            for code, _, one in known
        ]
        years = [year for _, _, one in known for year in one.by_year]
        return Plot(
            kind=VOTES,
            total=", ".join(_total(code, one) for code, _, one in known),
            sentence=f"agreement {'; '.join(told)}",
            marks=tuple(_gaps(found.years, range(min(years), max(years) + 1))),
            lines=tuple(_line(found.years, one, place) for _, place, one in known),
            words=(*_ends(found.years), *_names(found.years, known)),
        )

    return make


def _total(code: str, one: Voting) -> str:
    return f"{code} {percent(one.agreement, 0)} in {one.first}–{one.last}"


def _trend(one: Voting) -> str:
    if one.trend is None:
        return ""
    return f", trend {one.trend.slope:+.2f} ± {one.trend.standard_error:.2f} percentage points a year"


def _line(years: range, one: Voting, place: int) -> Line:
    shares = {year: vote.agreement for year, vote in one.by_year.items()}
    path, dots = [], []
    for year in sorted(shares):
        x, y = round(_x(years, year), 1), round(_y(shares[year]), 1)
        path.append(f"{'L' if year - 1 in shares else 'M'}{x} {y}")
        if year - 1 not in shares and year + 1 not in shares:
            dots.append((x, y))
    return Line(path="".join(path), dots=tuple(dots), place=place)


def _names(years: range, known: Sequence[tuple[str, int, Voting]]) -> Iterator[Word]:
    """Name the lines where they end, apart from one another."""
    ends = sorted((one.by_year[max(one.by_year)].agreement, code, place, one) for code, place, one in known)
    heights = spaced([share for share, *_ in ends], _APART / (HEIGHT - TOP - BOTTOM))
    for (_, code, place, one), height in zip(ends, heights, strict=True):
        x = _x(years, max(one.by_year)) + 5
        yield Word(x=round(x, 1), y=round(_y(height) + 3.5, 1), text=code, looks=f"bold t{place}")


# ---- what all share ------------------------------------------------------------------------------------


def _unknown(found: Panel, kind: str) -> Plot:
    """Draw a plot of which nothing is known."""
    middle = Word(
        x=(LEFT + WIDTH - RIGHT) / 2, y=(TOP + HEIGHT - BOTTOM) / 2 + 4, text="not known", looks="middle"
    )
    return Plot(
        kind=kind,
        total="not known",
        sentence="not known",
        marks=tuple(_gaps(found.years, None)),
        words=(*_ends(found.years), middle),
    )


def _gaps(years: range, known: range | None) -> Iterator[Mark]:
    """Shade the years before and after what is known, all of them where nothing is."""
    step = _step(years)
    first, last = years[0], years[-1] + 1
    spans = [(first, last)] if known is None else [(first, known[0]), (known[-1] + 1, last)]
    for start, end in spans:
        if start < end:
            x = _x(years, start) - 0.5 * step
            yield _mark(x, TOP, (end - start) * step, HEIGHT - TOP - BOTTOM, "unknown")


def _ends(years: range) -> Iterator[Word]:
    yield Word(x=LEFT, y=HEIGHT - 3, text=str(years[0]), looks="year")
    if len(years) > 1:
        yield Word(x=WIDTH - RIGHT, y=HEIGHT - 3, text=str(years[-1]), looks="year end")


def _mark(x: float, y: float, width: float, height: float, looks: str) -> Mark:
    x, y, width, height = (round(one, 1) for one in (x, y, width, height))
    return Mark(x=x, y=y, width=width, height=height, looks=looks)


def _step(years: range) -> float:
    return (WIDTH - LEFT - RIGHT) / len(years)


def _x(years: range, year: int) -> float:
    return LEFT + (year - years[0] + 0.5) * _step(years)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


_MAKERS: Mapping[str, Callable[[Panel], Callable[[Row], Plot]]] = {
    ORDERS: lambda found: _transfers(found, ORDERS, lambda row: row.orders),
    DELIVERIES: lambda found: _transfers(found, DELIVERIES, lambda row: row.deliveries),
    EVENTS: _events,
    VOTES: _votes,
}
