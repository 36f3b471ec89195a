"""The history as a picture that needs no script: drawn here, in the colours of the reader's own scheme."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from model.domain import Scenario
from service.curves import Marker, Point, names, spaced
from service.printing import percent

WIDTH, HEIGHT = 800, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 52, 10, 40
_APART = 16 / (HEIGHT - _TOP - _BOTTOM)  # of labels, as a share of the height
_MOST_TICKS = 7
_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600)  # months between ticks

type Place = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """A scenario as it is drawn.

    Parameters
    ----------
    line, band
        Paths; empty where there is no number.
    prior
        Where the prior stands, if it does.
    end, label_y, label
        Where the line ends, and what is written beside it.
    """

    name: str
    line: str
    band: str
    prior: Place
    end: Place | None
    label_y: float
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """An event beneath the curves."""

    x: float
    marker: Marker


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A history, ready to be written as SVG."""

    curves: Sequence[Curve]
    marks: Sequence[Mark]
    levels: Sequence[tuple[float, str]]
    ticks: Sequence[tuple[float, str]]
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    bottom: float = HEIGHT - _BOTTOM


def picture(
    points: Sequence[Point],
    scenarios: Sequence[Scenario],
    *,
    opened: date,
    until: date,
    markers: Sequence[Marker] = (),
) -> Picture:
    """Draw a history from the day of the priors on."""
    pen = _Pen(opened=opened, days=max(1, (until - opened).days))
    named = names(scenarios)
    heights = _label_heights(points, [one.id for one in scenarios])
    return Picture(
        curves=[pen.curve(points, one, named[one.id], heights.get(one.id)) for one in scenarios],
        marks=[Mark(x=pen.x(one.day), marker=one) for one in markers if opened <= one.day <= until],
        levels=[(pen.y(share), f"{100 * share:.0f} %") for share in (0, 0.25, 0.5, 0.75, 1)],
        ticks=[(pen.x(day), text) for day, text in _ticks(opened, until)],
    )


def _label_heights(points: Sequence[Point], order: Sequence[str]) -> dict[str, float]:
    """Place the last numbers as far from one another as text needs."""
    last = {one.scenario: one.probability for one in points if one.probability is not None}
    rising = sorted((one for one in last if one in order), key=lambda one: (last[one], -order.index(one)))
    return dict(zip(rising, spaced([last[one] for one in rising], _APART), strict=True))


def _ticks(opened: date, until: date) -> Iterator[tuple[date, str]]:
    months = 12 * (until.year - opened.year) + until.month - opened.month
    if months < 2:
        yield opened, f"{opened:%-d %b %Y}"
        yield until, f"{until:%-d %b}"
        return
    step = next((one for one in _STEPS if months / one <= _MOST_TICKS), _STEPS[-1])
    first = 12 * opened.year + opened.month  # the month after the first, counted from zero
    for month in range(first + (-first % step), first + months + 1, step):
        day = date(month // 12, month % 12 + 1, 1)
        if opened <= day <= until:
            yield day, f"{day:%b %Y}" if step < 12 else f"{day:%Y}"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pen:
    opened: date
    days: int

    def x(self, day: date) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * (day - self.opened).days / self.days, 1)

    def y(self, probability: float) -> float:
        return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - probability), 1)

    def curve(self, points: Sequence[Point], scenario: Scenario, name: str, label: float | None) -> Curve:
        mine = [one for one in points if one.scenario == scenario.id and one.probability is not None]
        places = [(self.x(one.as_of), self.y(one.probability or 0)) for one in mine]
        return Curve(
            name=name,
            line=_steps(places),
            band=self._band(mine),
            prior=(self.x(self.opened), self.y(scenario.prior)),
            end=places[-1] if places else None,
            label_y=self.y(label) if label is not None else 0,
            label=percent(mine[-1].probability, 0) if mine else "",
        )

    def _band(self, points: Sequence[Point]) -> str:
        """Draw the band: along its upper end, and back along the lower."""
        both = [one for one in points if one.band_low is not None and one.band_high is not None]
        if not both:
            return ""
        upper = _steps([(self.x(one.as_of), self.y(one.band_high or 0)) for one in both])
        lower = [(self.x(one.as_of), self.y(one.band_low or 0)) for one in both]
        back = [f"V{lower[-1][1]}"]
        for (_, y), (x, _) in zip(reversed(lower[:-1]), reversed(lower[1:]), strict=True):
            back.append(f"H{x}V{y}")
        return f"{upper}{''.join(back)}H{lower[0][0]}Z"


def _steps(places: Sequence[Place]) -> str:
    if not places:
        return ""
    (x, y), *others = places
    drawn = [f"M{x} {y}"]
    for next_x, next_y in others:
        if next_y != y:
            drawn.append(f"H{next_x}V{next_y}")
            y = next_y
    return "".join([*drawn, f"H{places[-1][0]}"])


def last_day(points: Sequence[Point], opened: date) -> date:
    """Give the last day of the axis."""
    return max([opened + timedelta(days=1), *(one.as_of for one in points)])
