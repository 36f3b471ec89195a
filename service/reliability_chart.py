"""The reliability diagram: what was stated against what happened, a panel for each distance ahead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from model.reliability import Bin, Reliability
from service.charts import FONT, GRID, INK
from service.printing import count, percent
from service.reliability_plot import in_words
from service.track_record import Horizon

_CURVE, _BAND, _DIAGONAL = "#0072B2", "#E69F00", "#57606A"
_FONT_SIZE, _COLUMNS = 13, 2
_SIZE = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """One diagram of several.

    Parameters
    ----------
    title
        Stands above it.
    subject
        What is judged, as the words for who does not see it begin.
    cases
        What is counted, in the plural.
    """

    title: str
    subject: str
    reliability: Reliability
    cases: str = "outlooks"


def reliability_chart(horizons: Sequence[Horizon], *, size: int = _SIZE) -> alt.VConcatChart:
    """Draw how reliable outlooks were, a panel for each distance, as `diagram` does."""
    return diagram([_of_outlooks(one) for one in horizons], size=size)


def diagram(panels: Sequence[Panel], *, size: int = _SIZE) -> alt.VConcatChart:
    """Draw the curves of isotonic regression with their consistency bands, and where the forecasts lie.

    Parameters
    ----------
    panels
        In order; two stand in a row.
    size
        Width and height of a panel, in pixels.
    """
    drawn = [_panel(one, size) for one in panels]
    rows = [alt.hconcat(*drawn[at : at + _COLUMNS], spacing=36) for at in range(0, len(drawn), _COLUMNS)]
    said = " ".join(in_words(one.subject, one.reliability) for one in panels)
    return _dressed(alt.vconcat(*rows, spacing=28, description=said, title=_title(panels)))


def _title(panels: Sequence[Panel]) -> alt.TitleParams:
    level = percent(panels[0].reliability.level, 0)
    reading = [
        "Line: how often it happened, by isotonic regression (CORP). Dashed: calibrated.",
        f"Shade: where {level} of the lines of calibrated forecasts lie, at each point.",
    ]
    return alt.TitleParams("Did what was stated happen as often?", subtitle=reading)


def described(horizons: Sequence[Horizon]) -> str:
    """Say in words what the diagram shows, for whoever does not see it."""
    panels = [_of_outlooks(one) for one in horizons]
    return " ".join(in_words(one.subject, one.reliability) for one in panels)


def _of_outlooks(one: Horizon) -> Panel:
    found = one.reliability
    ahead, score = count(one.days, "day"), found.decomposition.score
    return Panel(
        title=f"{ahead} ahead: {count(found.number, 'outlook')}, Brier {score:.3f}",
        subject=f"Outlooks of {one.days} days",
        reliability=found,
    )


def _panel(one: Panel, size: int) -> alt.VConcatChart:
    found = one.reliability
    layers = (_band(found), _diagonal(), _curve(found), _points(found, one.cases))
    above = alt.LayerChart(layer=list(layers), width=size, height=size, title=one.title)
    return alt.vconcat(above, _where(found, one.cases, size), spacing=10)


def _band(found: Reliability) -> alt.Chart:
    rows = [{"stated": one.stated, "low": one.low, "high": one.high} for one in found.band]
    if len(rows) == 1:
        return _marked(
            _data(rows).mark_rule(strokeWidth=12, color=_BAND, opacity=0.35), y=_y("low"), y2="high:Q"
        )
    return _marked(_data(rows).mark_area(color=_BAND, opacity=0.25), y=_y("low"), y2="high:Q")


def _diagonal() -> alt.Chart:
    ends = [{"stated": 0, "happened": 0}, {"stated": 1, "happened": 1}]
    return _marked(
        _data(ends).mark_line(color=_DIAGONAL, strokeDash=[5, 4], strokeWidth=1.2), y=_y("happened")
    )


def _curve(found: Reliability) -> alt.Chart:
    rows = [row for one in found.bins for row in _ends(one)]
    return _marked(_data(rows).mark_line(color=_CURVE, strokeWidth=2.5), y=_y("happened"), order="stated:Q")


def _ends(one: Bin) -> Iterator[dict[str, Any]]:
    for stated in (one.low, one.high):
        yield {"stated": stated, "happened": one.happened}


def _points(found: Reliability, cases: str) -> alt.Chart:
    rows = [{"stated": one.stated, "happened": one.happened, "cases": one.number} for one in found.bins]
    mark = _data(rows).mark_point(color=_CURVE, filled=True, size=45, opacity=1)
    tooltip = [
        *(alt.Tooltip(f"{name}:Q", format=".1%") for name in ("stated", "happened")),
        alt.Tooltip("cases:Q", title=cases),
    ]
    return _marked(mark, y=_y("happened"), tooltip=tooltip)


def _where(found: Reliability, cases: str, size: int) -> alt.Chart:
    """Draw how many cases were stated what."""
    width = 1 / len(found.histogram)
    rows = [
        {"from": place * width, "to": (place + 0.9) * width, "cases": number, "none": 0}
        for place, number in enumerate(found.histogram)
    ]
    mark = alt.Chart(alt.InlineData(values=rows)).mark_rect(color=_CURVE, opacity=0.55)
    count_axis = alt.Y("cases:Q", title=cases, axis=alt.Axis(tickCount=2, format="d"))
    drawn: alt.Chart = mark.encode(
        x=alt.X("from:Q", scale=_SCALE, axis=None), x2="to:Q", y=count_axis, y2="none:Q"
    ).properties(width=size, height=44)
    return drawn


_SCALE = alt.Scale(domain=[0, 1])
_PERCENT = "format(100 * datum.value, '.0f') + ' %'"
_TICKS = [0, 0.25, 0.5, 0.75, 1]


def _marked(mark: alt.Chart, **channels: Any) -> alt.Chart:
    axis = alt.Axis(title="stated", labelExpr=_PERCENT, values=_TICKS)
    drawn: alt.Chart = mark.encode(x=alt.X("stated:Q", scale=_SCALE, axis=axis), **channels)
    return drawn


def _y(field: str) -> alt.Y:
    axis = alt.Axis(title="happened", labelExpr=_PERCENT, values=_TICKS)
    return alt.Y(f"{field}:Q", scale=_SCALE, axis=axis)


def _data(rows: Sequence[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=list(rows)))


def _dressed(chart: alt.VConcatChart) -> alt.VConcatChart:
    lines = {"gridColor": GRID, "domainColor": GRID, "tickColor": GRID}
    text = {"labelFontSize": _FONT_SIZE, "labelColor": INK, "titleFontSize": _FONT_SIZE, "titleColor": INK}
    dressed: alt.VConcatChart = (
        chart.configure(font=FONT, background="white", padding=8)
        .configure_view(stroke=None)
        .configure_axis(**lines, **text, titleFontWeight="normal")
        .configure_title(
            fontSize=_FONT_SIZE + 1,
            color=INK,
            anchor="start",
            offset=10,
            subtitleFontSize=_FONT_SIZE - 1,
            subtitleColor=_DIAGONAL,
        )
    )
    return dressed
