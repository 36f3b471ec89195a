"""The picture of a panel: small multiples, a column for each country, all of a row on one scale."""

import struct
import zlib
from collections.abc import Callable, Iterator

import altair as alt

from model.errors import UsageError
from service.charts import FONT, GRID, INK, png
from service.curves import Style, style
from service.panel_marks import AXIS, END, GAP, Cell, Key, Pen
from service.panel_question import KINDS
from service.panel_values import Panel, Row, Transfers, years_of
from service.printing import count, percent, visible

WIDTH = 1600  # pixels

_SCALE = 1.6  # pixels of a unit: in units, letters of 11 can be read
_PADDING = 10
_NARROWEST = 72  # of a country's column: more countries make a wider picture
_ESTIMATED = 0.4  # how much of its colour is left of what SIPRI estimates

_ORDERS, _DELIVERIES = style(1), style(0)
_OF_KIND = {kind: style(place) for kind, place in zip(KINDS, (2, 3, 4), strict=True)}
_PARTNER, _AGAINST = style(0), style(1)


def picture(found: Panel) -> bytes:
    """Draw a panel as a PNG, which says in words what it shows (``Description``).

    Raises
    ------
    UsageError
        Nothing is known that could be drawn.
    """
    if not (found.register_years or found.has_votes or _kinds(found)):
        raise UsageError("nothing is known that could be drawn; give --register FILE or --votes FILE")
    chart = panel_chart(found)
    return _with_words(png(chart, scale=_SCALE), described(found))


def panel_chart(found: Panel) -> alt.VConcatChart:
    """Draw transfers, stored events and votes of each country by year; what is not known is left out."""
    pen = _pen(found)
    strips = [pen.title(_title(found)), *_strips(found, pen), pen.captions(_captions(found))]
    lines = {"gridColor": GRID, "domainColor": GRID, "tickColor": GRID, "labelColor": INK}
    return alt.VConcatChart(
        vconcat=strips,
        spacing=4,
        padding=_PADDING,
        description=described(found),
        config={"font": FONT, "background": "white", "view": {"stroke": None}, "axis": lines},
    )


def described(found: Panel) -> str:
    """Say in words what the picture shows, for whoever does not see it."""
    sentences = "; ".join(_said(found, row) for row in found.rows)
    return f"{_title(found)}. {sentences}. {_source(found)}"


def _pen(found: Panel) -> Pen:
    """Share the picture's width among the columns."""
    columns, inner = len(found.rows), round(WIDTH / _SCALE) - 2 * _PADDING - AXIS
    gaps = (columns - 1) * GAP + END
    width = max(_NARROWEST, (inner - gaps) // columns)
    return Pen(years=found.years, width=width, whole=max(inner, columns * width + gaps))


# ---- words ---------------------------------------------------------------------------------------------


def _title(found: Panel) -> str:
    return f"Ties with {visible(found.names[found.partner])} side by side, {years_of(found.years)}"


def _source(found: Panel) -> str:
    made = f" (exported {visible(found.generated)})" if found.generated else ""
    sources = [f"SIPRI Arms Transfers Database{made}"] if found.register_years else []
    sources += ["UN General Assembly votes (Voeten)"] if found.has_votes else []
    return f"Source: {'; '.join(sources)}." if sources else "Source: stored reports."


def _captions(found: Panel) -> Iterator[str]:
    yield _source(found)
    yield (
        "Stored events are what was searched for and reported, not a census."
        " No bar stands for none; grey stands for years that are not known."
    )


def _said(found: Panel, row: Row) -> str:
    parts = [*_said_transfers(row), *_said_events(row)]
    for one, voting in row.voting.items():
        if voting:
            agreed = f"agreement with {visible(found.names[one])} {percent(voting.agreement, 0)}"
            parts.append(f"{agreed} in {voting.first}–{voting.last}")
    return f"{visible(row.name)}: {', '.join(parts) or 'nothing is known'}"


def _said_transfers(row: Row) -> Iterator[str]:
    if row.orders:
        yield count(row.orders.total, "order")
    if row.deliveries:
        yield f"{row.deliveries.total or 'no'} {'delivery' if row.deliveries.total == 1 else 'deliveries'}"


def _said_events(row: Row) -> Iterator[str]:
    for kind, one in row.occurrences.items():
        if one:
            yield count(one.total, kind.removesuffix("s"))


# ---- rows of plots -------------------------------------------------------------------------------------


def _strips(found: Panel, pen: Pen) -> Iterator[alt.Chart | alt.LayerChart | alt.HConcatChart]:
    names = [visible(row.name) for row in found.rows]
    yield pen.names(names)
    if found.register_years:
        yield from _transfers(found, pen, "Orders", _ORDERS, lambda row: row.orders)
        yield from _transfers(found, pen, "Deliveries", _DELIVERIES, lambda row: row.deliveries)
    if shown := _kinds(found):
        yield pen.heading("Stored events", [(kind, _OF_KIND[kind].colour) for kind in shown])
        cells = [list(_events(row)) if any(row.occurrences.values()) else None for row in found.rows]
        yield pen.bars(cells, found.years)
    if found.has_votes:
        yield pen.heading("Agreement in the UN General Assembly", _voting_keys(found))
        yield pen.lines([list(_votes(found, row)) for row in found.rows])


def _kinds(found: Panel) -> list[str]:
    """Give the kinds of events that some are stored of."""
    return [kind for kind in KINDS if any(row.occurrences[kind] for row in found.rows)]


def _transfers(
    found: Panel, pen: Pen, heading: str, drawn: Style, of: Callable[[Row], Transfers | None]
) -> Iterator[alt.LayerChart | alt.HConcatChart]:
    keys = [
        ("year known", drawn.colour),
        ("year estimated by SIPRI", _lighter(drawn.colour)),
    ]
    yield pen.heading(heading, keys)
    known = [list(_bars(one, drawn.colour)) if (one := of(row)) else None for row in found.rows]
    yield pen.bars(known, found.register_years or found.years)


def _bars(found: Transfers, colour: str) -> Iterator[Cell]:
    """Give certain years' bars, and on top of them what is estimated."""
    for year, number in found.counts.items():
        estimated = found.estimated[year]
        ends = ((0, number - estimated, colour), (number - estimated, number, _lighter(colour)))
        for low, high, drawn in ends:
            if low < high:
                yield {"year": year, "low": low, "high": high, "colour": drawn}


def _lighter(colour: str) -> str:
    """Mix a colour with white."""
    shades = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(255 - _ESTIMATED * (255 - shade)):02X}" for shade in shades)


def _events(row: Row) -> Iterator[Cell]:
    tops: dict[int, int] = {}
    for kind, one in row.occurrences.items():
        for year, number in one.counts.items() if one else ():
            low = tops.get(year, 0)
            tops[year] = low + number
            if number:
                colour = _OF_KIND[kind].colour
                yield {"year": year, "low": low, "high": low + number, "colour": colour}


def _voting_keys(found: Panel) -> list[Key]:
    both = ((found.partner, _PARTNER), (found.against, _AGAINST))
    keys: list[Key] = [(f"with {visible(found.names[one])} ({one})", drawn.colour) for one, drawn in both]
    recent = [one for row in found.rows for one in row.voting.values() if one and one.trend]
    if recent:
        years = years_of(range(min(one.first for one in recent), max(one.last for one in recent) + 1))
        keys.append((f"in figures: trend of {years}, percentage points a year ± standard error", None))
    return keys


def _votes(found: Panel, row: Row) -> Iterator[Cell]:
    """Give a point for each year; those without votes break the line."""
    for one, drawn in ((found.partner, _PARTNER), (found.against, _AGAINST)):
        voting = row.voting[one]
        if voting is None:
            continue
        for year in range(min(voting.by_year), max(voting.by_year) + 1):
            share = voting.by_year[year].agreement if year in voting.by_year else None
            yield {"year": year, "share": share, "who": one, "colour": drawn.colour, "ink": drawn.ink}
        if voting.trend:
            figures = f"{voting.trend.slope:+.1f} ± {voting.trend.standard_error:.1f}".replace("-", "−")
            yield {"text": f"{one} {figures}", "ink": drawn.ink, "below": drawn is _AGAINST}


def _with_words(content: bytes, text: str) -> bytes:
    """Put a description into a PNG, before its pixels."""
    body = b"iTXt" + b"Description\0\0\0en\0\0" + text.encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    header = 8 + 25  # the signature, and the chunk that every PNG begins with
    return content[:header] + chunk + content[header:]
