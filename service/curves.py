"""What a chart of a history draws: its points, its scenarios' names and styles, and the same in words.

Colours are Okabe and Ito's, which people who see colours differently can tell apart; dashes and the
numbers at the lines' ends say the same without them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from model.domain import Scenario
from service.printing import percent, visible

_COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D")
_DASHES = ((1, 0), (7, 3), (2, 2), (9, 3, 2, 3), (4, 4))  # as many as have no factor in common with colours
_SEEN = 0.002  # a change of probability that is as wide as a line is drawn


type Scale = Literal["linear", "log-odds"]


class Point(Protocol):
    """What a run says of one scenario; a row of the history is one."""

    @property
    def as_of(self) -> date:
        """The cutoff."""

    @property
    def scenario(self) -> str:
        """The scenario's id."""

    @property
    def probability(self) -> float | None:
        """In [0, 1]."""

    @property
    def band_low(self) -> float | None:
        """Lower end of the band of sensitivity."""

    @property
    def band_high(self) -> float | None:
        """Upper end of it."""


class Believed(Point, Protocol):
    """A point that says whether it was published."""

    @property
    def status(self) -> Literal["published", "held", "failed"]:
        """How its run ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Marker:
    """An event beneath the curves: the day on which it became known, what it was and did, and its page."""

    day: date
    text: str
    effect: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """How a scenario is drawn, wherever it is."""

    colour: str
    dash: tuple[int, ...]

    @property
    def ink(self) -> str:
        """Give a darker shade of the colour, in which text can be read on white."""
        shades = (int(self.colour[at : at + 2], 16) for at in (1, 3, 5))
        return "#" + "".join(f"{round(0.62 * shade):02X}" for shade in shades)


def style(place: int) -> Style:
    """Give the style of the scenario at a place of the forecast's order; 35 of them differ."""
    return Style(colour=_COLOURS[place % len(_COLOURS)], dash=_DASHES[place % len(_DASHES)])


def names(scenarios: Sequence[Scenario]) -> Mapping[str, str]:
    """Name scenarios for a legend, by id; of two with one title, both say their id too."""
    titles = [visible(one.title or one.id) for one in scenarios]
    return {
        one.id: f"{title} ({one.id})" if titles.count(title) > 1 else title
        for one, title in zip(scenarios, titles, strict=True)
    }


def in_force[P: Believed](rows: Iterable[P]) -> list[P]:
    """Keep of every cutoff what stands: the published run recorded last.

    Parameters
    ----------
    rows
        A history of all runs, in its order.
    """
    standing: dict[tuple[date, str], P] = {}
    for row in rows:
        if row.status == "published":
            standing[row.as_of, row.scenario] = row
    return [standing[key] for key in sorted(standing, key=lambda one: one[0])]


def thinned[P: Point](points: Sequence[P]) -> list[P]:
    """Leave out what could not be seen: a step as high as the one before, between the first and the last."""
    nights: dict[date, list[P]] = {}
    for point in points:
        nights.setdefault(point.as_of, []).append(point)
    last = max(nights, default=None)
    shown: list[P] = []
    before: Sequence[P] = ()
    for day, night in nights.items():
        if day == last or not _alike(before, night):
            shown += night
            before = night
    return shown


def _alike(before: Sequence[Point], night: Sequence[Point]) -> bool:
    if [one.scenario for one in before] != [one.scenario for one in night]:
        return False
    pairs = (
        (getattr(old, name), getattr(new, name))
        for old, new in zip(before, night, strict=True)
        for name in ("probability", "band_low", "band_high")
    )
    return all(old == new or (old and new and abs(old - new) < _SEEN) for old, new in pairs)


def described(points: Sequence[Point], scenarios: Sequence[Scenario], *, opened: date) -> str:
    """Say in words what the chart shows, for whoever does not see it."""
    if not points:
        return f"Nothing has been published since {opened}."
    first, last = points[0].as_of, points[-1].as_of
    said = (_described(points, one, name) for one, name in _named(scenarios))
    sentences = "; ".join(sentence for sentence in said if sentence)
    return f"Probabilities from {first} to {last}, and their priors of {opened}. {sentences}."


def _named(scenarios: Sequence[Scenario]) -> Iterator[tuple[Scenario, str]]:
    named = names(scenarios)
    return ((one, named[one.id]) for one in scenarios)


def _described(points: Sequence[Point], scenario: Scenario, name: str) -> str | None:
    said = [one.probability for one in points if one.scenario == scenario.id and one.probability is not None]
    if not said:
        return None
    return (
        f"{name}: prior {percent(scenario.prior)}, between {percent(min(said))} and {percent(max(said))}, "
        f"{percent(said[-1])} at the end"
    )


def spaced(heights: Sequence[float], apart: float) -> list[float]:
    """Move rising heights so far apart, and down again where that lifted them above 1."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + apart) if placed else height)
    top = 1.0
    for place in reversed(range(len(placed))):
        placed[place] = min(placed[place], top)
        top = placed[place] - apart
    return placed
