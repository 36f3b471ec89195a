"""Outlooks of earlier nights, which resolve themselves when their days have passed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import TYPE_CHECKING

from model.definition import forecast_from
from model.domain import Forecast
from model.errors import PosterityError
from model.evidence import Evidence
from model.resolution import SETTLING, outcome
from service.composition import Service
from service.knowledge import known_evidence, observed_until
from storage.forecasts import current_version
from storage.outlooks import Due, Resolution, StoredExpectation, due_expectations, record_resolutions

if TYPE_CHECKING:
    from model.outlook import Expectation  # loads SciPy


def outlook_rows(evidence: Evidence, outlook: "Iterable[Expectation]") -> list[StoredExpectation]:
    """Give an outlook as rows, in its order; at the horizon no day is left to look at, and no row."""
    starts_on = min(evidence.as_of, evidence.forecast.horizon)
    return [StoredExpectation(**asdict(one), starts_on=starts_on) for one in outlook if one.until > starts_on]


def resolve_due(service: Service, forecast: Forecast, *, as_of: date) -> int:
    """Resolve what published runs of a forecast expected, of which enough time has passed.

    An expectation is judged by what had been published 30 days after its last day, whatever is known
    since, and by the definition that its run had. What nobody has observed to its end stays open, for
    a night by which someone has. All of it is stored in one transaction, so a night that is killed
    may be run again.

    Parameters
    ----------
    forecast
        As it is configured now; it says until when someone was looking.
    as_of
        The cutoff of tonight.

    Returns
    -------
    int
        How many were resolved.

    Raises
    ------
    PosterityError
        The definition that a run had was never recorded.
    """
    with service.database.reading() as session:
        last = min(as_of - SETTLING, observed_until(service, session, forecast) or as_of)
        due = due_expectations(session, forecast.id, until=last)
    found = [one for alike in _alike(due) for one in _decided(service, forecast, alike)]
    if not found:
        return 0
    with service.database.session() as session:
        return record_resolutions(session, forecast.id, found, at=service.clock())


def _alike(due: Iterable[Due]) -> Iterable[Sequence[Due]]:
    """Put together those that the same evidence decides."""
    groups: dict[tuple[str, date], list[Due]] = defaultdict(list)
    for one in due:
        groups[one.forecast_digest, one.expectation.until].append(one)
    return groups.values()


def _decided(service: Service, forecast: Forecast, alike: Sequence[Due]) -> Iterator[Resolution]:
    """Decide those of one definition and one last day."""
    told = replace(_told(service, forecast, alike[0]), observed_until=forecast.observed_until)
    until = alike[0].expectation.until
    evidence = known_evidence(service, told, as_of=until + SETTLING)
    for one in alike:
        said = one.expectation
        came = outcome(evidence, said.indicator, after=said.starts_on, until=until)
        if came is not None:
            yield Resolution(of=one, outcome=came.happened, events=came.events, resolved_as_of=evidence.as_of)


def _told(service: Service, forecast: Forecast, one: Due) -> Forecast:
    """Look up the forecast as a run was told it."""
    with service.database.reading() as session:
        version = current_version(session, forecast.id, digest=one.forecast_digest)
    if version is None:
        raise PosterityError(f"run {one.run} of {forecast.id} had a definition that was never recorded")
    return forecast_from(version.definition)
