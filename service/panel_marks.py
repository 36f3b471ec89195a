"""The marks of a panel's picture: strips of words, and rows of plots that share their columns and years."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

from service.charts import INK
from service.curves import spaced

AXIS, GAP, END = (
    44,
    22,
    20,
)  # before the first column, between columns, after the last; in units of the picture
LETTERS = 11  # a letter's height

_PALE, _UNKNOWN = "#57606a", "#eaedf0"
_NARROW, _BROAD = frozenset(" ,.;:'!|()[]fijlrtI"), frozenset("mwMW%@")  # letters, by their widths
_BOLD = 1.07  # how much wider bold ones are
_HEIGHT, _SHARES_HEIGHT = 84, 150
_ABOVE, _BELOW = 1.06, -0.06  # where words stand over and under shares
_STEPS = (1, 2, 5, 10, 20, 25, 50, 100)
_PERCENTS = "format(100 * datum.value, '.0f') + ' %'"

type Cell = Mapping[str, Any]
type Weight = Literal["normal", "bold"]
type Key = tuple[str, str | None]  # words, and the colour that they explain


@dataclass(frozen=True, kw_only=True, slots=True)
class Pen:
    """Draws rows of plots, and the words between them.

    Parameters
    ----------
    years
        Of every plot.
    width
        Of a plot.
    whole
        Of all that stands to the right of the first axis.
    """

    years: range
    width: int
    whole: int

    def title(self, text: str) -> alt.LayerChart:
        """Write what the whole picture shows."""
        return self._strip([(0.0, text, INK)], 22, size=LETTERS + 4, weight="bold")

    def names(self, names: Sequence[str]) -> alt.LayerChart:
        """Write the countries above their columns."""
        step = self.width + GAP
        cells = [(place * step, _cut(name, step - 6, LETTERS + 2), INK) for place, name in enumerate(names)]
        return self._strip(cells, 20, size=LETTERS + 2, weight="bold")

    def captions(self, lines: Iterable[str]) -> alt.VConcatChart:
        """Write lines below."""
        strips = [self._strip([(0.0, line, _PALE)], 15, size=LETTERS, weight="normal") for line in lines]
        return alt.VConcatChart(vconcat=strips, spacing=0)

    def heading(self, text: str, keys: Sequence[Key]) -> alt.LayerChart:
        """Write what a row shows, and what its colours stand for."""
        x = _BOLD * _wide(text) + 16
        squares, words = [], []
        for name, colour in keys:
            squares += [{"x": x + 5, "colour": colour}] if colour else []
            x += 14 if colour else 0
            words.append({"x": x, "text": name, "ink": INK})
            x += _wide(name) + 16
        marks = _encoded(
            _chart(squares).mark_point(shape="square", size=90, filled=True, strokeWidth=0, opacity=1),
            x=self._across(),
            color=_as_it_is("colour"),
        )
        bold = self._letters([{"x": 0.0, "text": text, "ink": INK}], LETTERS, "bold")
        layers = [bold, self._letters(words, LETTERS, "normal"), marks]
        return alt.LayerChart(layer=layers, width=self.whole, height=20)

    def bars(self, columns: Sequence[Sequence[Cell] | None], known: range) -> alt.HConcatChart:
        """Draw stacked bars of whole numbers, from `low` to `high` of a `year`.

        Parameters
        ----------
        columns
            None for a country of which nothing is known.
        known
            The years of which something is known of the others.
        """
        most = max((cell["high"] for cells in columns for cell in cells or ()), default=1)
        scale = alt.Scale(domain=[0, most], nice=False)
        axis = alt.Axis(values=list(range(0, most + 1, _step(most, 4))), format="d")
        plots = [
            [*self._unknown(None if cells is None else known, most), self._stack(cells or ())]
            for cells in columns
        ]
        return self._row(plots, _HEIGHT, scale, axis)

    def lines(self, columns: Sequence[Sequence[Cell]]) -> alt.HConcatChart:
        """Draw each one's (`who`) shares from 0 to 100 % by `year`, with the name at the line's end.

        Cells without a year are words (`text`) that stand above the shares or (`below`) below them.
        """
        axis = alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], labelExpr=_PERCENTS)
        plots = [[*self._unknown(_told(cells), 1), *self._shares(cells)] for cells in columns]
        scale = alt.Scale(domain=[2 * _BELOW, 2 * _ABOVE - 1], nice=False)
        return self._row(plots, _SHARES_HEIGHT, scale, axis)

    def _stack(self, cells: Sequence[Cell]) -> alt.Chart:
        return _encoded(
            _chart(cells).mark_bar(size=max(1.0, 0.82 * self.width / len(self.years))),
            x=self._x("year"),
            y=alt.Y("low:Q"),
            y2="high:Q",
            color=_as_it_is("colour"),
        )

    def _shares(self, cells: Sequence[Cell]) -> Iterator[alt.Chart]:
        x, y = self._x("year"), alt.Y("share:Q")
        dots = alt.OverlayMarkDef(size=7, filled=True)  # a year that stands alone is seen
        yearly = [cell for cell in cells if "year" in cell]
        line = _chart(yearly).mark_line(strokeWidth=1.8, strokeJoin="round", point=dots)
        yield _encoded(line, x=x, y=y, color=_as_it_is("colour"), detail=alt.Detail("who:N"))
        ends = _chart(list(_ends(yearly)))
        names = ends.mark_text(align="left", dx=4, fontSize=LETTERS, fontWeight="bold")
        yield _encoded(names, x=x, y=y, text="who:N", color=_as_it_is("ink"))
        words = [
            {**cell, "year": self.years[0], "share": _BELOW if cell["below"] else _ABOVE}
            for cell in cells
            if "year" not in cell
        ]
        said = _chart(words).mark_text(align="left", fontSize=LETTERS)
        yield _encoded(said, x=x, y=y, text="text:N", color=_as_it_is("ink"))

    def _unknown(self, known: range | None, most: float) -> Iterator[alt.Chart]:
        """Shade the years of which nothing is known, and say so where these are all."""
        yield _encoded(
            _chart(list(_gaps(self.years, known, most))).mark_rect(color=_UNKNOWN, opacity=1),
            x=self._x("from"),
            x2="until:Q",
            y=alt.Y("low:Q"),
            y2="high:Q",
        )
        if known is None:
            middle = {"year": (self.years[0] + self.years[-1]) / 2, "at": most / 2, "text": "not known"}
            words = _chart([middle]).mark_text(fontSize=LETTERS, color=_PALE)
            yield _encoded(words, x=self._x("year"), y=alt.Y("at:Q"), text="text:N")

    def _row(
        self, plots: Sequence[Sequence[alt.Chart]], height: int, scale: alt.Scale, axis: alt.Axis
    ) -> alt.HConcatChart:
        """Put plots side by side on one scale; the first alone says what its ticks are."""
        drawn = []
        for place, (first, *others) in enumerate(plots):
            named, room = place == 0, AXIS if place == 0 else 0
            dressed = alt.Axis(
                **axis.to_dict(),
                title=None,
                domain=False,
                labels=named,
                ticks=named,
                labelFontSize=LETTERS,
                minExtent=room,
                maxExtent=room,
            )
            based = first.encode(y=alt.Y("low:Q", scale=scale, axis=dressed))
            drawn.append(alt.LayerChart(layer=[based, *others], width=self.width, height=height))
        return alt.HConcatChart(hconcat=drawn, spacing=GAP, bounds="flush")

    def _x(self, field: str) -> alt.X:
        first, last = self.years[0], self.years[-1]
        step = _step(len(self.years), max(1, int(self.width // (2.6 * LETTERS))))
        values = [year for year in self.years if year % step == 0] or [first]
        axis = alt.Axis(title=None, values=values, format="d", grid=False, labelFontSize=LETTERS)
        scale = alt.Scale(domain=[first - 0.5, last + 0.5], nice=False, padding=0)
        return alt.X(f"{field}:Q", scale=scale, axis=axis)

    def _across(self) -> alt.X:
        return alt.X("x:Q", scale=alt.Scale(domain=[0, self.whole], nice=False, padding=0), axis=None)

    def _strip(
        self, cells: Sequence[tuple[float, str, str]], height: int, *, size: int, weight: Weight
    ) -> alt.LayerChart:
        rows = [{"x": x, "text": text, "ink": ink} for x, text, ink in cells]
        return alt.LayerChart(layer=[self._letters(rows, size, weight)], width=self.whole, height=height)

    def _letters(self, rows: Sequence[Cell], size: int, weight: Weight) -> alt.Chart:
        marks = _chart(rows).mark_text(align="left", baseline="middle", fontSize=size, fontWeight=weight)
        return _encoded(marks, x=self._across(), text="text:N", color=_as_it_is("ink"))


def _told(cells: Sequence[Cell]) -> range | None:
    years = [cell["year"] for cell in cells if "year" in cell]
    return range(min(years), max(years) + 1) if years else None


def _gaps(years: range, known: range | None, most: float) -> Iterator[Cell]:
    """Give the stretches of years before and after what is known, all of them where nothing is."""
    first, last = years[0] - 0.5, years[-1] + 0.5
    ends = [(first, last)] if known is None else [(first, known[0] - 0.5), (known[-1] + 0.5, last)]
    for start, end in ends:
        if start < end:
            yield {"from": start, "until": end, "low": 0, "high": most}


def _ends(cells: Sequence[Cell]) -> Iterator[Cell]:
    """Place the names beside the lines' last points, apart from one another."""
    last = {cell["who"]: cell for cell in cells if cell["share"] is not None}
    rising = sorted(last.values(), key=lambda cell: cell["share"])
    heights = spaced([cell["share"] for cell in rising], 1.1 * LETTERS / _SHARES_HEIGHT)
    for cell, height in zip(rising, heights, strict=True):
        yield {**cell, "share": height}


def _step(number: int, most: int) -> int:
    """Find a round step that makes at most so many ticks."""
    return next((step for step in _STEPS if number / step <= most), 10 ** len(str(number)))


def _wide(text: str, size: int = LETTERS) -> float:
    """Estimate how wide a text is."""
    shares = (
        0.3 if sign in _NARROW else 0.86 if sign in _BROAD else 0.7 if sign.isupper() else 0.55
        for sign in text
    )
    return size * sum(shares)


def _cut(text: str, most: float, size: int) -> str:
    """Shorten a text in bold until it is no wider than that."""
    if _BOLD * _wide(text, size) <= most:
        return text
    while text and _BOLD * _wide(f"{text}…", size) > most:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _as_it_is(field: str) -> alt.Color:
    return alt.Color(f"{field}:N", scale=None)


def _encoded(mark: alt.Chart, **channels: Any) -> alt.Chart:
    drawn: alt.Chart = mark.encode(**channels)
    return drawn


def _chart(rows: Sequence[Cell]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=[dict(row) for row in rows]))
