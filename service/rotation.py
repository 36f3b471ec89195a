"""Which forecasts PyMC checks tonight, where it checks a rotating sample: by turn, and by need.

Of the places of a night at least half go by turn, to the forecasts that were checked longest ago, so that
nothing urgent keeps the others waiting for ever: n forecasts and N places make a full turn of at most
``⌈n / ⌈N/2⌉⌉`` nights, and of ``⌈n / N⌉`` where nothing is urgent. A forecast whose last check failed is
checked every night, beside these, until it passes: it may not slip past the gate because nobody looked.

The draw rests on what was stored of earlier cutoffs and on what is known at this one, never on chance or on
what of tonight is done already: the same night draws the same sample, however often it is begun.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from storage.checks import Checked

FAILED = "its last check failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A forecast that may be drawn.

    Parameters
    ----------
    last
        Cutoff of its last check; None where it was never checked.
    urgent
        Why it should be checked before its turn; empty where nothing asks for it.
    """

    forecast: str
    last: date | None = None
    urgent: str = ""

    @property
    def failed(self) -> bool:
        """Whether its last check failed."""
        return self.urgent == FAILED


def candidate(  # noqa: PLR0913 - what is compared
    forecast: str,
    last: Checked | None,
    *,
    definition: str,
    code: str,
    probabilities: Mapping[str, float],
    move_points: float,
) -> Candidate:
    """Compare a forecast with its last check.

    Parameters
    ----------
    definition, code
        Tonight's digests.
    probabilities
        Tonight's, by the exact engine.
    move_points
        From how many percentage points of movement since that check it is urgent.
    """
    if last is None:
        return Candidate(forecast=forecast)
    if not last.agreed:
        return Candidate(forecast=forecast, last=last.as_of, urgent=FAILED)
    why = _changed(last, definition, code) or _moved(last.probabilities, probabilities, move_points)
    return Candidate(forecast=forecast, last=last.as_of, urgent=why)


def _changed(last: Checked, definition: str, code: str) -> str:
    if last.forecast_digest != definition:
        return "it was defined anew since its last check"
    return "the program changed since its last check" if last.code_digest != code else ""


def _moved(before: Mapping[str, float], now: Mapping[str, float], limit: float) -> str:
    far = 100 * max((abs(p - before.get(one, 0.0)) for one, p in now.items()), default=0.0)
    return f"it moved by {far:.1f} pp since its last check" if far > limit else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """Tonight's sample.

    Parameters
    ----------
    chosen
        By forecast, why; "it was its turn" where nothing was urgent.
    turns
        By each other forecast, within how many nights its turn comes, as things stand.
    places
        How many are checked a night, but for those whose last check failed.
    """

    chosen: Mapping[str, str]
    turns: Mapping[str, int]
    places: int

    def told(self, forecast: str, last: date | None) -> dict[str, Any]:
        """Say for a run's document whether it is in the sample, and when it was, or will be."""
        why, turn = self.chosen.get(forecast), self.turns.get(forecast)
        return {
            "drawn": why is not None,
            "why": why,
            "last": None if last is None else last.isoformat(),
            "within_nights": turn,
            "text": _text(why, last, turn),
        }


def _text(why: str | None, last: date | None, turn: int | None) -> str:
    if why is not None:
        return f"In tonight's sample for PyMC: {why}."
    before = "it was never checked yet" if last is None else f"it agreed as of {last}"
    if turn is None:  # the exact engine came to nothing either
        return f"Not in tonight's sample, so PyMC did not check it; {before}."
    nights = "the next night" if turn == 1 else f"{turn} nights"
    return f"Not in tonight's sample, so PyMC did not check it; {before}, and its turn comes within {nights}."


def draw(candidates: Sequence[Candidate], places: int) -> Drawn:
    """Draw tonight's sample.

    Parameters
    ----------
    candidates
        In an order of their own, which decides between forecasts that were checked as long ago.
    places
        How many a night, 1 or more.
    """
    waiting = sorted((one for one in candidates if not one.failed), key=_age)
    jumping = [one for one in waiting if one.urgent][: places // 2]
    left = [one for one in waiting if one not in jumping]
    by_turn = left[: places - len(jumping)]
    failed = (one for one in candidates if one.failed)
    chosen = {one.forecast: one.urgent or "it was its turn" for one in (*failed, *jumping, *by_turn)}
    each = math.ceil(places / 2)
    turns = {one.forecast: place // each + 1 for place, one in enumerate(left[len(by_turn) :])}
    return Drawn(chosen=chosen, turns=turns, places=places)


def _age(one: Candidate) -> date:
    return one.last or date.min
