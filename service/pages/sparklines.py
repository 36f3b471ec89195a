"""Small curves beside numbers, drawn here: steps between cutoffs, each as wide as the days it stood."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WIDTH, HEIGHT = 120, 40  # whole pixels; a curve keeps a margin of two, in which its pen is drawn
_MARGIN = 2

type Curve = Sequence[tuple[date, float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stroke:
    """A curve as SVG draws it; `x` and `y` are where it ends."""

    path: str
    x: int
    y: int


def strokes(curves: Sequence[Curve], *, last: date, window: timedelta) -> list[Stroke | None]:
    """Draw curves over the same days; None where there is nothing to draw."""
    return [_stroke(one, last - window, window.days) if one else None for one in curves]


def _stroke(curve: Curve, first: date, days: int) -> Stroke:
    places = list(_places(curve, first, days))
    x, y = places[0]
    steps = [f"M{x} {y}"]
    for next_x, next_y in places[1:]:
        if next_y == y:
            continue  # the line goes on: what cannot be seen is not sent
        steps.append(f"H{next_x}V{next_y}")
        x, y = next_x, next_y
    end = places[-1][0]
    steps.append(f"H{end}" if end != x or len(steps) == 1 else "")
    return Stroke(path="".join(steps), x=end, y=y)


def _places(curve: Curve, first: date, days: int) -> Iterator[tuple[int, int]]:
    wide, high = WIDTH - 2 * _MARGIN, HEIGHT - 2 * _MARGIN
    for day, probability in curve:
        yield (
            _MARGIN + round(wide * (day - first).days / days),
            _MARGIN + round(high * (1 - probability)),
        )
