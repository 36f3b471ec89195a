"""The reliability diagram of a page: where its lines, points and bars stand, in pixels of a panel.

The mails' diagram and that of `posterity scores -o FILE.png` is `service.reliability_chart`; both say the
same in words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model.reliability import Bin, Reliability
from service.printing import percent
from service.track_record import Horizon

WIDTH, HEIGHT = 320, 376
LEFT, TOP, SIZE = 44, 10, 264  # of the square in which the line runs
BARS, BARS_TOP = 40, 322  # of the histogram below it
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_LEAST_WIDTH = 8.0  # of a band at one point, which as a line would not be seen


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """How many outlooks stated so much."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Plot:
    """A panel: what one sees of the outlooks that look equally far.

    Parameters
    ----------
    band, curve
        Paths of SVG.
    points
        Where the bins' means lie.
    most
        How many outlooks the highest bar stands for.
    words
        The same, for whoever does not see it.
    """

    band: str
    curve: str
    points: tuple[tuple[float, float], ...]
    bars: tuple[Bar, ...]
    most: int
    words: str


def plot(one: Horizon) -> Plot:
    """Lay a panel out."""
    found = one.reliability
    return Plot(
        band=_band(found),
        curve="M" + "L".join(f"{across(x)} {upward(y)}" for each in found.bins for x, y in _ends(each)),
        points=tuple((across(each.stated), upward(each.happened)) for each in found.bins),
        bars=tuple(_bars(found.histogram)),
        most=max(found.histogram, default=0),
        words=in_words(f"Outlooks of {one.days} days", one.reliability),
    )


def in_words(subject: str, found: Reliability) -> str:
    """Say what a panel shows, for whoever does not see it."""
    bins = "; ".join(
        f"stated {percent(each.stated, 0)}, happened {percent(each.happened, 0)} of {each.number}"
        for each in found.bins
    )
    return f"{subject}: {bins}."


def across(probability: float) -> float:
    """Give the place of what was stated, from the left."""
    return round(LEFT + SIZE * probability, 1)


def upward(probability: float) -> float:
    """Give the place of what happened, from the top."""
    return round(TOP + SIZE * (1 - probability), 1)


def _ends(one: Bin) -> Iterator[tuple[float, float]]:
    yield one.low, one.happened
    yield one.high, one.happened


def _band(found: Reliability) -> str:
    """Draw round the band: along its lower end, and back along its upper one."""
    below = [(across(one.stated), upward(one.low)) for one in found.band]
    above = [(across(one.stated), upward(one.high)) for one in found.band]
    if len(below) == 1:
        half = _LEAST_WIDTH / 2
        below = [(below[0][0] - half, below[0][1]), (below[0][0] + half, below[0][1])]
        above = [(x, above[0][1]) for x, _ in below]
    return "M" + "L".join(f"{x} {y}" for x, y in (*below, *reversed(above))) + "Z"


def _bars(histogram: Sequence[int]) -> Iterator[Bar]:
    width, most = SIZE / len(histogram), max(histogram, default=0)
    for place, number in enumerate(histogram):
        if number:
            high = max(1.0, round(BARS * number / most, 1))
            yield Bar(
                x=round(LEFT + place * width + 1, 1),
                y=round(BARS_TOP + BARS - high, 1),
                width=round(width - 2, 1),
                height=high,
            )
