"""Everything that a page says of one forecast, as it was known at a moment; and of one of its runs."""

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Any

from sqlalchemy.orm import Session

from model.definition import forecast_from
from model.domain import Event, Forecast, Verdict
from model.errors import PosterityError, Unavailable, Unknown
from model.evidence import Evidence
from service.accounts import Lines, evidence_of, movement_lines, stored_outlook, stored_reasons, stored_watch
from service.composition import Service
from service.curves import in_force
from service.digest_notices import Moment, Standing, notices
from service.problems import nearest
from service.scoring import score_forecast
from service.show_reasons import Account
from service.track_record import ScoredForecast
from storage.forecasts import Version, current_version, versions
from storage.history import HistoryRow, history
from storage.outlook_scores import Summary, summary
from storage.resolutions import Decision, closure
from storage.runs import StoredRun, current_run, forecast_ids_with_runs, get_run, latest_published

AGO = (1, 7, 30)  # days over which changes are told
_REMEMBERED = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownRun:
    """A run with all that was stored of it.

    Parameters
    ----------
    evidence
        What counted; None where it kept none.
    forecast
        The definition that it was made with; None where it was never recorded.
    """

    run: StoredRun
    forecast: Forecast | None
    evidence: Evidence | None
    document: Mapping[str, Any]
    checks: Sequence[Verdict]
    reasons: Lines
    outlook: Lines
    watch: Lines

    @property
    def events(self) -> Mapping[str, Event]:
        """The events that were known, by key."""
        if self.evidence is None:
            return {}
        known = (*self.evidence.events, *(one.event for one in self.evidence.uncounted))
        return {one.key: one for one in known}


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownForecast:
    """A forecast at a moment.

    Parameters
    ----------
    known_at
        The moment; None for now.
    now
        The published run in force, if anything was published.
    newest
        The newest run of the latest cutoff, however it ended.
    points
        What was published, by cutoff.
    before
        Probabilities by days before the cutoff of the run in force.
    score
        How good it was, where it is resolved.
    """

    forecast: Forecast
    configured: bool
    known_at: datetime | None
    now: ShownRun | None
    newest: StoredRun | None
    notices: Sequence[Mapping[str, str]]
    points: Sequence[HistoryRow]
    before: Mapping[int, Mapping[str, float | None]]
    resolved: Sequence[Summary]
    versions: Sequence[Version]
    closed: bool
    score: ScoredForecast | None


class Movements:
    """What moved forecasts from one run to another, kept as runs never change; threads may share it.

    Working it out takes a quarter of a second, and readers ask for the same week until the next night.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int], Lines] = OrderedDict()
        self._lock = Lock()

    def between(self, earlier: StoredRun, before: Evidence, run: StoredRun, after: Evidence) -> Lines:
        """Give what moved it, the largest first."""
        key = earlier.run, run.run
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = movement_lines(before, after) if earlier.run != run.run else []
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _REMEMBERED:
                self._kept.popitem(last=False)
        return found


def shown_forecast(service: Service, forecast_id: str, *, known_at: datetime | None = None) -> ShownForecast:
    """Gather what is to be said of a forecast.

    Raises
    ------
    Unknown
        There is none of this id.
    """
    with service.database.reading() as session:
        forecast = definition(service, session, forecast_id)
        run = latest_published(session, forecast_id, known_at=known_at)
        newest = current_run(session, forecast_id, known_at=known_at)
        points = in_force(history(session, forecast_id, known_at=known_at, all_runs=True))
        now = _of_run(session, run) if run else None
        resolved = summary(session, forecast_id, zone=service.zone, known_at=known_at)
        known = versions(session, forecast_id, known_at=known_at)
        closed = closure(session, forecast_id, known_at=known_at)
        score = _score(service, session, closed, known_at)
    return ShownForecast(
        forecast=(now and now.forecast) or forecast,
        configured=any(one.id == forecast_id for one in service.configuration.forecasts),
        known_at=known_at,
        now=now,
        newest=newest,
        notices=_notices(service, forecast, run, newest, known_at, closed),
        points=points,
        before={days: believed(points, run.as_of - timedelta(days)) if run else {} for days in AGO},
        resolved=resolved,
        versions=known,
        closed=closed is not None,
        score=score,
    )


def shown_run(service: Service, forecast_id: str, number: int) -> ShownRun:
    """Gather what was stored of a run.

    Raises
    ------
    Unknown
        The forecast has no such run.
    """
    with service.database.reading() as session:
        definition(service, session, forecast_id)
        run = get_run(session, number)
        if run is None or run.forecast_id != forecast_id:
            raise Unknown(f"{forecast_id} has no run {number}; its page lists those that it has")
        return _of_run(session, run)


def definition(service: Service, session: Session, forecast_id: str) -> Forecast:
    """Look up what a forecast is now, or was when it still was configured.

    Raises
    ------
    Unknown
        There is none of this id.
    """
    configured = {one.id: one for one in service.configuration.forecasts}
    if forecast_id in configured:
        return configured[forecast_id]
    version = current_version(session, forecast_id)
    if version is not None:
        return forecast_from(version.definition)
    known = [*configured, *forecast_ids_with_runs(session)]
    advice = nearest(forecast_id, known) if known else "there are none yet"
    raise Unknown(f"no forecast is called {forecast_id[:100]!r}; {advice}")


def moved_since(
    service: Service,
    movements: Movements,
    forecast_id: str,
    since: date,
    *,
    known_at: datetime | None = None,
) -> Account | None:
    """Say what moved a forecast since the run in force on a day; None where none was yet.

    Raises
    ------
    PosterityError
        It cannot be said, and why.
    """
    with service.database.reading() as session:
        run = latest_published(session, forecast_id, known_at=known_at)
        earlier = latest_published(session, forecast_id, at_most=since, known_at=known_at)
        if run is None or earlier is None:
            return None
        evidence, before = evidence_of(session, run), evidence_of(session, earlier)
    try:
        causes = movements.between(earlier, before, run, evidence)
    except ArithmeticError as error:
        raise PosterityError(f"the numbers are too extreme to say what moved them ({error})") from error
    return Account(
        run=run,
        evidence=evidence,
        since=earlier,
        start={one.scenario: one.probability for one in earlier.posteriors},
        end={one.scenario: one.probability for one in run.posteriors},
        causes=causes,
    )


def believed(points: Sequence[HistoryRow], day: date) -> dict[str, float | None]:
    """Give what was believed at a cutoff, out of what was published."""
    cutoff = max((one.as_of for one in points if one.as_of <= day), default=None)
    return {one.scenario: one.probability for one in points if one.as_of == cutoff}


def by_cutoff(points: Sequence[HistoryRow]) -> Iterator[tuple[HistoryRow, dict[str, HistoryRow]]]:
    """Put together what was said at each cutoff, the latest first: one of its rows, and all by scenario."""
    nights: dict[date, dict[str, HistoryRow]] = {}
    for one in points:
        nights.setdefault(one.as_of, {})[one.scenario] = one
    for cutoff in sorted(nights, reverse=True):
        rows = nights[cutoff]
        yield next(iter(rows.values())), rows


def _of_run(session: Session, run: StoredRun) -> ShownRun:
    evidence = _evidence(session, run)
    version = current_version(session, run.forecast_id, digest=run.forecast_digest)
    told = run.status != "failed" and evidence is not None
    document = json.loads(run.document)
    return ShownRun(
        run=run,
        forecast=forecast_from(version.definition) if version else None,
        evidence=evidence,
        document=document,
        checks=[Verdict(**one) for one in document.get("checks") or ()],
        reasons=_told(stored_reasons, run, evidence) if told else [],
        outlook=_told(stored_outlook, run, evidence) if told else [],
        watch=_told(stored_watch, run, evidence) if told else [],
    )


def _told(lines: Any, run: StoredRun, evidence: Evidence | None) -> Lines:
    """Give lines that were stored with a run, or that can be worked out again; none where they cannot."""
    try:
        found: Lines = lines(run, evidence)
    except (PosterityError, ArithmeticError):
        return []
    return found


def _evidence(session: Session, run: StoredRun) -> Evidence | None:
    try:
        return evidence_of(session, run)
    except Unavailable:
        raise
    except PosterityError:
        return None


def _score(
    service: Service, session: Session, closed: Decision | None, known_at: datetime | None
) -> ScoredForecast | None:
    if closed is None or closed.scenario is None:
        return None
    return score_forecast(session, closed, zone=service.zone, known_at=known_at)


def _notices(  # noqa: PLR0913, PLR0917 - what notices are made of
    service: Service,
    forecast: Forecast,
    now: StoredRun | None,
    newest: StoredRun | None,
    known_at: datetime | None,
    closed: Decision | None,
) -> list[dict[str, str]]:
    """Say what a reader must know first; what was wrong in the past is told as of then."""
    moment = known_at or service.clock()
    limits = service.configuration.forecast_alerts.get(forecast.id)
    found = Standing(
        forecast=forecast,
        moment=Moment(known_at=moment, day=moment.date() if known_at else service.today()),
        now=now,
        newest=newest,
        stale_days=(limits or service.configuration.alerts).stale_days,
        closure=closed,
    )
    return notices(found)
