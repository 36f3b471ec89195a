"""`posterity replay`: nights of the past recomputed as they would have looked, as an experiment of its own.

Nothing of it enters the history. Every step may be stopped and done again: what stands is not computed anew.
"""

import json
import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from model.definition import canonical
from model.digests import digest
from model.domain import Forecast
from model.errors import UsageError
from model.evidence import Evidence
from model.replay import Archive, cutoffs, every
from model.snapshot import snapshot
from service.composition import Service
from service.knowledge import watching
from service.making import Inputs
from service.nightly import Say
from service.reckoning import Reckoned, Task
from service.replay_settings import default_name, elicited, refuse_others, settings_of
from service.replay_workers import Place, reckoned
from storage.events import evidence_reports
from storage.experiments import (
    Engine,
    Night,
    Standing,
    StoredExperiment,
    begin_experiment,
    nights,
    standing_nights,
    store_nights,
)
from storage.polls import successes
from storage.runs import ScenarioPosterior

_KEEP_AFTER = 1.0  # seconds of work that a killed replay may lose, beyond the nights then in work


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is to be recomputed.

    Parameters
    ----------
    first, last, step
        The cutoffs: from the one to at most the other, such as ``1d``, ``7d`` or ``1mo`` apart.
    name
        Of the experiment; by default one that tells its settings.
    elicitation
        A file with another definition of the forecast.
    """

    forecast: str
    first: date
    last: date
    step: str = "1d"
    name: str | None = None
    elicitation: Path | None = None
    engine: Engine = "exact"
    band: bool = False
    place: Place = field(default_factory=Place)


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What became of it.

    Parameters
    ----------
    nights
        Those of the span, as they stand now.
    stored
        How many of them are new.
    stale
        How many nights of the experiment outside of the span rest on evidence that has changed since.
    """

    experiment: StoredExperiment
    nights: Sequence[Night]
    stored: int
    stale: int
    seconds: float

    @property
    def standing(self) -> Mapping[str, int]:
        """How many of the span's nights are published, held and failed."""
        return Counter(one.status for one in self.nights)


def replay(service: Service, question: Question, say: Say) -> Replayed:
    """Recompute a span of nights into an experiment; only those that it lacks are computed.

    Raises
    ------
    UsageError
        The span is none, begins before the forecast opened or ends in the future; or the experiment
        was made with other settings.
    ConfigurationError
        The file of the elicitation is not right.
    Unavailable
        The database, or who was to compute, is out of reach.
    """
    started = time.perf_counter()
    forecast = _asked(service, question)
    days = _span(service, forecast, question)
    experiment = _begun(service, forecast, question)
    with service.database.reading() as session:
        standing = standing_nights(session, experiment.number)
    say(f"selecting what was known on {len(days)} nights")
    seen = _seen(service, forecast, {*days, *standing})
    missing = {day: seen[day] for day in days if _stands(standing, day) != seen[day].digest}
    work = _Work(experiment, forecast, question.place, missing, standing)
    stored = _compute(service, work, say)
    with service.database.reading() as session:
        kept = {one.as_of: one for one in nights(session, experiment.number)}
    return Replayed(
        experiment=experiment,
        nights=[kept[day] for day in days],
        stored=stored,
        stale=sum(_stands(standing, day) != seen[day].digest for day in set(standing) - set(days)),
        seconds=round(time.perf_counter() - started, 3),
    )


def _asked(service: Service, question: Question) -> Forecast:
    forecast = service.forecast(question.forecast)
    return elicited(forecast, question.elicitation) if question.elicitation else forecast


def _span(service: Service, forecast: Forecast, question: Question) -> tuple[date, ...]:
    first, last, today = question.first, question.last, service.today()
    step = every(question.step)
    if first > last:
        raise UsageError(f"the span from {first} to {last} holds no day; write the earlier day after --from")
    if last > today:
        raise UsageError(f"the span ends on {last}, which lies in the future; write --to {today} or earlier")
    if first < forecast.opened:
        raise UsageError(
            f"the span begins on {first}, before {forecast.id} opened; "
            f"write --from {forecast.opened} or later"
        )
    return cutoffs(first, last, step)


def _begun(service: Service, forecast: Forecast, question: Question) -> StoredExperiment:
    grades = service.configuration.grades.worth()
    settings = settings_of(forecast, grades, engine=question.engine, band=question.band)
    name = question.name or default_name(settings)
    with service.database.session() as session:
        experiment = begin_experiment(session, name, settings, at=service.clock())
    refuse_others(experiment, settings)
    return experiment


@dataclass(frozen=True, slots=True)
class _Seen:
    """What counted at a cutoff, and its digest."""

    evidence: Evidence
    digest: str


def _seen(service: Service, forecast: Forecast, days: set[date]) -> dict[date, _Seen]:
    """Select what counted at each cutoff, everything that was ever said read once."""
    grades = service.configuration.grades.worth()
    with service.database.reading() as session:
        reports = evidence_reports(session, forecast.tags, opened=forecast.opened, as_of=max(days))
    archive, until = Archive(forecast, reports, grades), looking(service, forecast)
    seen = {}
    for day in sorted(days):
        evidence = archive.evidence(day, observed_until=until(day))
        seen[day] = _Seen(evidence, digest(snapshot(evidence, grades)))
    return seen


def looking(service: Service, forecast: Forecast) -> Callable[[date], date | None]:
    """Say for each cutoff until when anyone had been looking.

    It is the forecast's own key where it stands; else the oldest last success among its sources as it was
    at the end of that day. A source that had not been asked by then has been asked since, and is taken as
    a night of today with that cutoff takes it.
    """
    if forecast.observed_until is not None:
        return lambda _: forecast.observed_until
    with service.database.reading() as session:
        answered = [successes(session, one) for one in watching(service, forecast)]
    days = [sorted({moment.astimezone(service.zone).date() for moment in moments}) for moments in answered]
    return lambda as_of: min((_looked(one, as_of, forecast.opened) for one in days), default=None)


def _looked(days: Sequence[date], as_of: date, opened: date) -> date:
    """Find the last day, up to the cutoff, on which a source answered; or its last where that was none."""
    if not days:
        return opened
    by_then = days[: bisect_right(days, as_of)] or days
    return by_then[-1]


def _stands(standing: Mapping[date, Standing], day: date) -> str | None:
    return standing[day].evidence_digest if day in standing else None


@dataclass(frozen=True, slots=True)
class _Work:
    """The nights to compute, what they see, and what stood before; nights that see the same are one task."""

    experiment: StoredExperiment
    forecast: Forecast
    place: Place
    seen: Mapping[date, _Seen]
    standing: Mapping[date, Standing]

    @property
    def alike(self) -> Mapping[str, list[date]]:
        """Cutoffs by the digest of what they see."""
        found = defaultdict(list)
        for day, seen in self.seen.items():
            found[seen.digest].append(day)
        return found


def _compute(service: Service, work: _Work, say: Say) -> int:
    """Reckon each state of the evidence once, and store its nights soon after its answer is in."""
    alike, slow = work.alike, work.experiment.settings.engine == "pymc"
    tasks = _tasks(service, work, [days[0] for days in alike.values()])
    stored, kept_at = 0, time.monotonic()
    say(f"replaying {len(work.seen)} nights")
    waiting: list[Night] = []
    for answers in reckoned(tasks, work.place, slow=slow):
        waiting += [_night(work, day, one) for one in answers for day in alike[one.digest]]
        if time.monotonic() - kept_at > _KEEP_AFTER:
            stored += _keep(service, work, waiting)
            waiting, kept_at = [], time.monotonic()
            say(f"replayed {stored} of {len(work.seen)} nights")
    return stored + _keep(service, work, waiting)


def _tasks(service: Service, work: _Work, days: Iterable[date]) -> Iterator[Task]:
    """Lay out what is to be reckoned; the seeds are those of a night on the same inputs."""
    settings, grades = work.experiment.settings, service.configuration.grades.worth()
    definition = json.dumps(canonical(work.forecast))
    for day in days:
        seen = work.seen[day]
        inputs = Inputs(forecast=settings.forecast_digest, evidence=seen.digest, code=settings.code_digest)
        yield Task(
            digest=seen.digest,
            as_of=day,
            evidence=snapshot(seen.evidence, grades),
            definition=definition,
            engine=settings.engine,
            band=settings.band,
            fingerprint=inputs.fingerprint,
            chains=work.place.chains,
        )


def _keep(service: Service, work: _Work, made: Collection[Night]) -> int:
    if not made:
        return 0
    with service.database.session() as session:
        return store_nights(session, work.experiment.number, made, at=service.clock())


def _night(work: _Work, day: date, found: Reckoned) -> Night:
    evidence, before = work.seen[day].evidence, work.standing.get(day)
    return Night(
        as_of=day,
        status=found.status,
        evidence_digest=found.digest,
        observed_until=evidence.observed_until,
        reports=sum(len(event.reports) for event in evidence.events),
        counted={event.key: event.credibility for event in evidence.events},
        posteriors=[_posterior(work.forecast, one, found) for one in work.forecast.scenario_ids],
        detail=found.detail,
        supersedes=before.number if before else 0,
    )


def _posterior(forecast: Forecast, scenario: str, found: Reckoned) -> ScenarioPosterior:
    low, high = found.band.get(scenario, (None, None))
    return ScenarioPosterior(
        scenario=scenario,
        probability=found.probabilities.get(scenario),
        prior=next(one.prior for one in forecast.scenarios if one.id == scenario),
        band_low=low,
        band_high=high,
        pymc_probability=found.pymc.get(scenario),
        monte_carlo_error=found.monte_carlo_error.get(scenario),
        log_evidence=found.log_evidence.get(scenario),
        pymc_log_evidence=found.pymc_log_evidence.get(scenario),
    )
