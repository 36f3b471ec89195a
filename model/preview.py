"""What the elicited numbers do, before any evidence: the weight of one event, and of silence to the end."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from model import exact
from model.credibility import CEILING
from model.domain import Forecast, Indicator
from model.errors import Impossible
from model.evidence import Evidence, select
from model.whatif import Supposed, suppose


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What one indicator can do to the probabilities, all others left out.

    Parameters
    ----------
    event
        By scenario, the bits by which one event on a day, as credible as news can be, moves
        ``log₂ P(s)`` after silence up to it; None for a scenario that has no prior, or is ruled out.
    silence
        The same of silence from the opening to the horizon.
    """

    indicator: str
    event: Mapping[str, float | None]
    silence: Mapping[str, float | None]


def preview(forecast: Forecast, *, today: date) -> Iterable[Preview]:
    """Preview each indicator, in the forecast's order.

    Parameters
    ----------
    today
        The day of the one event, but not before the opening nor after the horizon.

    Raises
    ------
    Unresolved
        As `model.exact.log_evidence` does.
    """
    day = min(max(today, forecast.opened), forecast.horizon)
    for indicator in forecast.indicators:
        prior = {one.id: one.prior for one in forecast.scenarios}
        silent = _silent(forecast, indicator, day)
        kind = Supposed(tag=indicator.tags[0], countries=indicator.countries or ("*",), credibility=CEILING)
        yield Preview(
            indicator=indicator.id,
            event=_bits(_posterior(silent), _posterior(suppose(silent, [kind]))),
            silence=_bits(prior, _posterior(_silent(forecast, indicator, forecast.horizon))),
        )


def _silent(forecast: Forecast, indicator: Indicator, until: date) -> Evidence:
    alone = replace(forecast, indicators=(indicator,), observed_until=None)
    return select(alone, [], as_of=until)


def _posterior(evidence: Evidence) -> Mapping[str, float]:
    try:
        return exact.posterior(evidence)
    except Impossible:
        return dict.fromkeys(evidence.forecast.scenario_ids, 0.0)


def _bits(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float | None]:
    return {
        one: math.log2(after[one] / before[one]) if before[one] > 0 and after[one] > 0 else None
        for one in before
    }
