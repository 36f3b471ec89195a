"""The items of evidence that two states of knowledge differ in, laid out as a path between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal, NamedTuple

import numpy as np

from model import exact
from model.evidence import Evidence, IndicatorEvidence
from model.impossible import mean_stated
from model.path import Known, Path, Volume
from model.quadrature import Array

type Kind = Literal["event", "removed", "regraded", "silence", "one-off", "observation", "elicitation"]

_STAYS, _COMES, _GOES = (1.0, 1.0), (0.0, 1.0), (1.0, 0.0)  # powers at the path's beginning and end


class Item(NamedTuple):
    """What a contribution is said of; the indicator and the event's key where it has them."""

    kind: Kind
    indicator: str | None = None
    event: str | None = None


class _Factor(NamedTuple):
    """One event's factor: its credibility, its powers, and the item that a change of these belongs to."""

    credibility: float
    powers: tuple[float, float]
    item: Item


@dataclass(frozen=True, slots=True)
class _Layout:
    """Lays indicators out, numbering items as it meets them."""

    before: Evidence
    after: Evidence
    scenarios: Sequence[str]
    numbers: dict[Item, int] = field(default_factory=dict)

    def number(self, item: Item) -> int:
        return self.numbers.setdefault(item, len(self.numbers))

    def volume(
        self,
        evidence: Evidence,
        seen: IndicatorEvidence,
        factors: Sequence[_Factor],
        exposure: tuple[float, float],
        silences: Sequence[tuple[Item, float]],
    ) -> Volume:
        return Volume(
            expected=np.array([seen.indicator.stated[one] for one in self.scenarios]),
            noise=mean_stated(evidence, seen),
            spread=seen.indicator.spread,
            credibilities=np.array([one.credibility for one in factors]),
            powers=np.array([one.powers for one in factors]).reshape(-1, 2).T,
            exposure=np.array(exposure),
            items=[self.number(one.item) if one.powers != _STAYS else -1 for one in factors],
            silences=[(self.number(item), longer) for item, longer in silences if longer],
        )


def path_between(before: Evidence, after: Evidence, scenarios: Sequence[str]) -> tuple[list[Item], Path]:
    """Lay out the way between two states of knowledge about one question.

    Parameters
    ----------
    before, after
        Of the same window, scenarios, priors and `coverage_sd`.
    scenarios
        The path's rows: those that are possible at both ends.
    """
    layout = _Layout(before, after, scenarios)
    old = {seen.indicator.id: seen for seen in before.indicators}
    new = {seen.indicator.id: seen for seen in after.indicators}
    pairs = [(old.get(name), new.get(name)) for name in {**new, **old}]
    volumes = [volume for pair in pairs for volume in _volumes(layout, *pair)]
    knowns = [known for pair in pairs for known in _knowns(layout, *pair)]
    prior = {one.id: one.prior for one in after.forecast.scenarios}
    path = Path(
        log_prior=np.log([prior[one] for one in scenarios]),
        volumes=volumes,
        knowns=knowns,
        coverage_sd=after.forecast.coverage_sd,
        items=len(layout.numbers),
    )
    return list(layout.numbers), path


def _volumes(
    layout: _Layout, old: IndicatorEvidence | None, new: IndicatorEvidence | None
) -> Iterator[Volume]:
    """One volume; or two of their own, where the indicator is not defined the same any more."""
    if old and new and _defined_alike(old, new):
        if new.indicator.recurs:
            yield _one_volume(layout, old, new)
        return
    for evidence, seen, powers in ((layout.before, old, _GOES), (layout.after, new, _COMES)):
        if seen and seen.indicator.recurs:
            item = Item("elicitation", seen.indicator.id)
            mean = mean_stated(evidence, seen)
            factors = [_Factor(one.credibility, powers, item) for one in exact.weighing(seen, mean=mean)]
            exposure = (powers[0] * seen.exposure, powers[1] * seen.exposure)
            silences = [(item, exposure[1] - exposure[0])]
            yield layout.volume(evidence, seen, factors, exposure, silences)


def _defined_alike(old: IndicatorEvidence, new: IndicatorEvidence) -> bool:
    """Whether two definitions differ in nothing but words."""
    return replace(old.indicator, effect="") == replace(new.indicator, effect="")


def _one_volume(layout: _Layout, old: IndicatorEvidence, new: IndicatorEvidence) -> Volume:
    exposure = (old.exposure, new.exposure)
    factors = list(_factors(layout, old, new))
    return layout.volume(layout.after, new, factors, exposure, list(_silences(layout, old, new)))


def _factors(layout: _Layout, old: IndicatorEvidence, new: IndicatorEvidence) -> Iterator[_Factor]:
    mean, name = mean_stated(layout.after, new), new.indicator.id
    was = {one.key: one.credibility for one in exact.weighing(old, mean=mean)}
    now = {one.key: one.credibility for one in exact.weighing(new, mean=mean)}
    for key in {**now, **was}:
        if was.get(key) == now.get(key):
            yield _Factor(now[key], _STAYS, Item("event", name, key))
            continue
        kind: Kind = "regraded" if key in was and key in now else "event" if key in now else "removed"
        if key in was:
            yield _Factor(was[key], _GOES, Item(kind, name, key))
        if key in now:
            yield _Factor(now[key], _COMES, Item(kind, name, key))


def _silences(
    layout: _Layout, old: IndicatorEvidence, new: IndicatorEvidence
) -> Iterator[tuple[Item, float]]:
    """Split the change of exposure: its own, and what an end of observation adds that moved by itself."""
    indicator, forecast = new.indicator, layout.after.forecast
    by_itself = indicator.elapsed(layout.after.u_now) - indicator.elapsed(forecast.u(_expected_end(layout)))
    yield Item("silence", indicator.id), new.exposure - old.exposure - by_itself
    yield Item("observation"), by_itself


def _expected_end(layout: _Layout) -> date:
    """Say where observation ends as far as its staying, or moving with the cutoff, explains it."""
    was, now = layout.before.observed_until, layout.after.observed_until
    passed = max(timedelta(0), layout.after.as_of - layout.before.as_of)
    return max(was, min(now, was + passed))


def _knowns(layout: _Layout, old: IndicatorEvidence | None, new: IndicatorEvidence | None) -> Iterator[Known]:
    """One-offs: a single item each, however many candidates it has."""
    ends = (layout.before, old), (layout.after, new)
    seen = [one for _, one in ends if one and not one.indicator.recurs]
    if not seen:
        return
    log_likelihood = np.array([_one_off(layout, *end) for end in ends])
    kind: Kind = "one-off" if old and new and _defined_alike(old, new) else "elicitation"
    changed = bool(np.any(log_likelihood[0] != log_likelihood[1]))
    item = layout.number(Item(kind, seen[0].indicator.id)) if changed else 0
    yield Known(log_likelihood=log_likelihood, item=item)


def _one_off(layout: _Layout, evidence: Evidence, seen: IndicatorEvidence | None) -> Array:
    if seen is None or seen.indicator.recurs:
        return np.zeros(len(layout.scenarios))
    found = exact.log_one_off(evidence, seen)
    return np.array([found[one] for one in layout.scenarios])
