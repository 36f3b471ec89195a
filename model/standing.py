"""The forecast that stood on each day of a question: what its score is taken of.

A run counts from the day on which it was recorded, never for a day before: so nothing that is computed
later, with other numbers or by other code, can better what was believed in time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Belief:
    """Probabilities that were published.

    Parameters
    ----------
    since
        The first day at whose end they were on record.
    as_of
        Their cutoff.
    probabilities
        In the forecast's order of scenarios.
    run
        Number of the run, None of the prior.
    """

    since: date
    as_of: date
    probabilities: tuple[float, ...]
    run: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Spell:
    """Days, one after the other, at whose end the same probabilities stood."""

    first: date
    days: int
    probabilities: tuple[float, ...]
    run: int | None = None

    @property
    def last(self) -> date:
        """The last of its days."""
        return self.first + (self.days - 1) * _DAY


def open_days(opened: date, horizon: date, resolved: date) -> int:
    """Count the days on which a question was open: from its opening, up to the day before its resolution.

    On the day of the resolution itself the answer was there to be read, and after the horizon too.
    """
    return max(0, (min(resolved, horizon + _DAY) - opened).days)


def standing(
    beliefs: Iterable[Belief], prior: Sequence[float], *, opened: date, days: int
) -> tuple[Spell, ...]:
    """Say what stood at the end of each day: of what was on record by then, the newest of the latest cutoff.

    Parameters
    ----------
    beliefs
        In the order in which they were recorded.
    prior
        It stands until something is published.
    opened, days
        The first day, and how many there are.
    """
    end = opened + days * _DAY
    changes = {opened: Belief(since=opened, as_of=opened, probabilities=tuple(prior))} if days > 0 else {}
    for one in _in_force(beliefs):
        if one.since < end:
            changes[max(one.since, opened)] = one
    firsts = [*sorted(changes), end]
    return tuple(
        Spell(
            first=first,
            days=(until - first).days,
            probabilities=changes[first].probabilities,
            run=changes[first].run,
        )
        for first, until in pairwise(firsts)
    )


def _in_force(beliefs: Iterable[Belief]) -> Iterator[Belief]:
    """Leave out what is recorded when a later cutoff already stands."""
    latest = date.min
    for one in sorted(beliefs, key=lambda belief: belief.since):
        if one.as_of >= latest:
            latest = one.as_of
            yield one
