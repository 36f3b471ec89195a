"""The chart of a history, defined once: pages show it as Vega-Lite, mails as a PNG of the same."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import altair as alt

from model.domain import Scenario
from service.curves import Marker, Point, Scale, described, names, spaced, style
from service.printing import percent

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"  # the first comes with the renderer
INK, GRID = "#24292f", "#d8dde3"
_LETTER = 0.52  # of the font's size: how wide a letter is, on average
_SYMBOL = 1.9  # of the font's size: how wide a legend's dashes are
_DAY, _MONTHS = timedelta(days=1), timedelta(days=100)  # within which the axis names days

_SURE = 0.001  # what lies nearer to 0 or 1 is drawn there on the scale of log-odds
_DRAWN = ("probability", "low", "high", "prior", "at")
_LOG_TICKS = (0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999)

type Rows = Sequence[Mapping[str, Any]]


def history_chart(  # noqa: PLR0913 - what differs between a page and a mail
    points: Sequence[Point],
    scenarios: Sequence[Scenario],
    *,
    opened: date,
    until: date | None = None,
    width: int = 640,
    height: int = 300,
    font_size: int = 13,
    scale: Scale = "linear",
    markers: Sequence[Marker] = (),
) -> alt.LayerChart:
    """Draw probabilities over time with their bands of sensitivity, and the priors where it all began.

    Parameters
    ----------
    points
        In the order of their cutoffs, as `in_force` gives them; scenarios that are not the forecast's
        any more are left out.
    opened
        The day of the priors, and the first of the axis.
    until
        The last day of the axis, where it is later than the last cutoff.
    width, height, font_size
        In pixels; axes and legend come on top.
    scale
        Of the probabilities: on that of log-odds, as much evidence moves a line as far wherever it is.
    markers
        Events to mark, each a link.
    """
    named = names(scenarios)
    rows = [_row(one, named[one.scenario]) for one in points if one.scenario in named]
    last = max(day for day in (opened + _DAY, until, *(one.as_of for one in points)) if day)
    pen = _Pen(names=list(named.values()), days=(opened, last), width=width, font_size=font_size, scale=scale)
    priors = [{"as_of": str(opened), "scenario": named[one.id], "prior": one.prior} for one in scenarios]
    ends = list(_ends(rows, pen.names, apart=1.15 * font_size / height, scale=scale))
    if scale == "log-odds":
        rows, priors, ends = map(_with_odds, (rows, priors, ends))
    layers = [pen.bands(rows), pen.lines(rows), pen.priors(priors), pen.points(ends), pen.numbers(ends)]
    layers += [pen.markers([_marked(one) for one in markers], height)] if markers else []
    said = described(points, scenarios, opened=opened)
    return _dressed(
        alt.LayerChart(layer=list(layers), width=width, height=height, description=said), font_size
    )


def png(chart: alt.LayerChart | alt.VConcatChart, *, scale: float = 2) -> bytes:
    """Render a chart as a PNG; the same chart gives the same bytes, and nothing is fetched for it."""
    import vl_convert  # noqa: PLC0415 - carries a JavaScript engine, which pages do not need

    version = ".".join(alt.SCHEMA_VERSION.split(".")[:2])
    drawn: bytes = vl_convert.vegalite_to_png(
        chart.to_dict(), vl_version=version, scale=scale, allowed_base_urls=[]
    )
    return drawn


def _dressed(chart: alt.LayerChart, font_size: int) -> alt.LayerChart:
    lines = {"gridColor": GRID, "domainColor": GRID, "tickColor": GRID}
    text = {"labelFontSize": font_size, "labelColor": INK}
    dressed: alt.LayerChart = (
        chart.configure(font=FONT, background="white", padding=6)
        .configure_view(stroke=None)
        .configure_axis(**lines, **text)
        .configure_legend(**text)
    )
    return dressed


def _row(point: Point, name: str) -> dict[str, Any]:
    return {
        "as_of": str(point.as_of),
        "scenario": name,
        "probability": point.probability,
        "low": point.band_low,
        "high": point.band_high,
    }


def _marked(marker: Marker) -> dict[str, Any]:
    shown = {"event": marker.text, "effect": marker.effect, "url": marker.url}
    return {"as_of": str(marker.day), **shown}


def _ends(rows: Rows, order: Sequence[str], *, apart: float, scale: Scale) -> Iterator[dict[str, Any]]:
    """Place the last numbers beside the lines' ends, as far from one another as text needs."""
    last = {row["scenario"]: row for row in rows if row["probability"] is not None}
    rising = sorted(last.values(), key=lambda row: (row["probability"], -order.index(row["scenario"])))
    heights = spaced([_share(row["probability"], scale) for row in rising], apart)
    for row, height in zip(rising, heights, strict=True):
        text = percent(row["probability"], 0)
        yield {**row, "at": _probability(height, scale), "text": text}


def _with_odds(rows: Rows) -> list[dict[str, Any]]:
    """Put beside each probability its log-odds."""
    return [{**row, **{f"{name}_odds": _odds(row[name]) for name in _DRAWN if name in row}} for row in rows]


def _odds(probability: float | None) -> float | None:
    return None if probability is None else _log_odds(min(1 - _SURE, max(_SURE, probability)))


def _log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))


def _share(probability: float, scale: Scale) -> float:
    """Give how far up the axis a probability stands, in [0, 1]."""
    if scale == "linear":
        return probability
    least, inside = _log_odds(_SURE), min(1 - _SURE, max(_SURE, probability))
    return (_log_odds(inside) - least) / (-2 * least)


def _probability(share: float, scale: Scale) -> float:
    """Give the probability that stands so far up the axis."""
    if scale == "linear":
        return share
    least = _log_odds(_SURE)
    return 1 / (1 + math.exp(2 * least * share - least))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pen:
    """Draws the marks of a chart, which share their axes, colours and dashes."""

    names: Sequence[str]
    days: tuple[date, date]
    width: int
    font_size: int
    scale: Scale = "linear"

    def bands(self, rows: Rows) -> alt.Chart:
        mark = _chart(rows).mark_area(interpolate="step-after", opacity=0.13)
        return _encoded(mark, x=self._x(), y=self._y("low"), y2=self._field("high"), color=self._colour())

    def lines(self, rows: Rows) -> alt.Chart:
        mark = _chart(rows).mark_line(interpolate="step-after", strokeWidth=2.5)
        dashes = [list(style(place).dash) for place in range(len(self.names))]
        return _encoded(
            mark,
            x=self._x(),
            y=self._y("probability"),
            color=self._colour(),
            strokeDash=alt.StrokeDash("scenario:N", scale=self._scale(dashes), legend=self._legend()),
            tooltip=[
                alt.Tooltip("as_of:T", timeUnit="utcyearmonthdate", format="%Y-%m-%d", title="as of"),
                alt.Tooltip("scenario:N"),
                *(alt.Tooltip(f"{one}:Q", format=".1%") for one in ("probability", "low", "high")),
            ],
        )

    def priors(self, rows: Rows) -> alt.Chart:
        mark = _chart(rows).mark_point(
            shape="diamond", size=7 * self.font_size, fill="white", opacity=1, strokeWidth=2
        )
        return _encoded(mark, x=self._x(), y=self._y("prior"), color=self._colour())

    def points(self, rows: Rows) -> alt.Chart:
        """Draw where the lines end, so that a single night can be seen."""
        mark = _chart(rows).mark_point(shape="circle", size=3 * self.font_size, filled=True, opacity=1)
        return _encoded(mark, x=self._x(), y=self._y("probability"), color=self._colour())

    def numbers(self, rows: Rows) -> alt.Chart:
        mark = _chart(rows).mark_text(align="left", dx=6, fontSize=self.font_size, fontWeight="bold")
        inks = [style(place).ink for place in range(len(self.names))]
        fill = alt.Fill("scenario:N", scale=self._scale(inks), legend=None)
        return _encoded(mark, x=self._x(), y=self._y("at"), text="text:N", fill=fill)

    def markers(self, rows: Rows, height: int) -> alt.Chart:
        """Mark events beneath the curves, where no curve is hidden by them."""
        mark = _chart(rows).mark_point(
            shape="triangle-up", size=5 * self.font_size, filled=True, opacity=0.75, cursor="pointer"
        )
        return _encoded(
            mark,
            x=self._x(),
            y=alt.value(height - self.font_size / 3),
            color=alt.value(INK),
            href="url:N",
            tooltip=[
                alt.Tooltip("as_of:T", timeUnit="utcyearmonthdate", format="%Y-%m-%d", title="known"),
                alt.Tooltip("event:N"),
                alt.Tooltip("effect:N"),
            ],
        )

    def _field(self, name: str) -> str:
        """Name what is drawn: a probability itself, or on the scale of log-odds its place there."""
        return f"{name}:Q" if self.scale == "linear" else f"{name}_odds:Q"

    def _y(self, name: str) -> alt.Y:
        return _y(name) if self.scale == "linear" else _log_y(f"{name}_odds")

    def _x(self) -> alt.X:
        """Days in UTC: those of the renderer's own zone would begin at other moments."""
        first, last = self.days
        scale = alt.Scale(type="utc", domain=[str(first), str(last)])
        form = "%-d %b" if last - first < _MONTHS else "%b %Y"
        axis = alt.Axis(format=form, title=None, grid=False, tickCount=self.width // (8 * self.font_size))
        return alt.X("as_of:T", scale=scale, axis=axis)

    def _colour(self) -> alt.Color:
        colours = [style(place).colour for place in range(len(self.names))]
        return alt.Color("scenario:N", scale=self._scale(colours), legend=self._legend())

    def _scale(self, styles: Sequence[Any]) -> alt.Scale:
        return alt.Scale(domain=list(self.names), range=list(styles))

    def _legend(self) -> alt.Legend:
        symbol = _SYMBOL * self.font_size
        widest = symbol + _LETTER * self.font_size * max(map(len, self.names)) + self.font_size
        return alt.Legend(
            orient="top",
            title=None,
            columns=max(1, int(self.width / widest)),
            labelLimit=int(self.width - symbol - self.font_size),
            columnPadding=self.font_size,
            symbolType="stroke",
            symbolOpacity=1,
            symbolStrokeWidth=2.5,
            symbolSize=symbol**2,
        )


def _encoded(mark: alt.Chart, **channels: Any) -> alt.Chart:
    drawn: alt.Chart = mark.encode(**channels)
    return drawn


def _chart(rows: Rows) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=list(rows)))


def _y(field: str) -> alt.Y:
    percents = "format(100 * datum.value, '.0f') + ' %'"
    axis = alt.Axis(labelExpr=percents, title=None, values=[0, 0.25, 0.5, 0.75, 1])
    return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)


def _log_y(field: str) -> alt.Y:
    """Draw log-odds with the probabilities that they are written on the axis."""
    percents = "format(100 / (1 + exp(-datum.value)), '~r') + ' %'"
    least = _log_odds(_SURE)
    axis = alt.Axis(labelExpr=percents, title=None, values=[_log_odds(one) for one in _LOG_TICKS])
    return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[least, -least]), axis=axis)
