"""What moved the probabilities between two runs: first the world, then what the analysts changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from model import exact
from model.attribution import Cause, Kind, between, largest_first, step
from model.definition import canonical
from model.domain import Event, Forecast
from model.errors import Impossible
from model.evidence import Evidence, select


def moved(before: Evidence, after: Evidence, now: Mapping[str, float] | None = None) -> tuple[Cause, ...]:
    """Attribute the way from one run to another, the largest cause first.

    The first leg goes from the old evidence to the new one under the old definition; where the
    analysts changed the definition, further legs put in the new indicators, then the new priors (and
    with them the noise, ``Ē``), then the window and the forecast's settings. Bits and percentage points
    of all causes sum to the whole. Definitions with other scenarios, or of which the old one rules
    everything out that is known now, are a single cause.

    Parameters
    ----------
    before, after
        What counted at either, each under its own definition.
    now
        `model.exact.posterior` of the later one, where that is known already.

    Raises
    ------
    Unresolved
        As `model.attribution.between` does.
    """
    if _same(before.forecast, after.forecast):
        return between(before, after, end=now)
    if before.forecast.scenario_ids != after.forecast.scenario_ids:
        return (step("scenarios", exact.posterior(before), exact.posterior(after)),)
    try:
        return largest_first(list(_legs(before, after)))
    except Impossible:  # the old definition cannot explain what the new one can
        return tuple(_step("settings", before, after))


def _same(old: Forecast, new: Forecast) -> bool:
    """Whether nothing differs but where observation ends, which is evidence."""
    return canonical(replace(old, observed_until=None)) == canonical(replace(new, observed_until=None))


def _legs(before: Evidence, after: Evidence) -> Iterator[Cause]:
    old, new = before.forecast, after.forecast
    priors = tuple(
        replace(one, prior=stated.prior) for one, stated in zip(old.scenarios, new.scenarios, strict=True)
    )
    known = _known(before, after)
    world, elicited = (_selected(one, known, after) for one in (old, replace(old, indicators=new.indicators)))
    weighed = _selected(replace(elicited.forecast, scenarios=priors), known, after)
    yield from between(before, world)
    yield from between(world, elicited)
    yield from _step("priors", elicited, weighed)
    yield from _step("settings", weighed, after)


def _step(kind: Kind, before: Evidence, after: Evidence) -> Iterator[Cause]:
    start, end = exact.posterior(before), exact.posterior(after)
    if start != end:
        yield step(kind, start, end)


def _known(before: Evidence, after: Evidence) -> Sequence[Event]:
    """Collect the events known at the later run: its own, and the old ones that its definition ignores."""
    then, now = _all(before), _all(after)
    ignored = {
        key: event
        for key, event in then.items()
        if not any(one.indicator.counts(event.tag, event.countries) for one in after.indicators)
    }
    return list((ignored | now).values())


def _all(evidence: Evidence) -> dict[str, Event]:
    return {one.key: one for one in (*evidence.events, *(one.event for one in evidence.uncounted))}


def _selected(forecast: Forecast, known: Sequence[Event], like: Evidence) -> Evidence:
    """Select what counts under a definition at the same cutoff and end of observation."""
    return select(forecast, known, as_of=max(like.as_of, forecast.opened), observed_until=like.observed_until)
