"""Announcing a night: whether a published forecast moved far enough for its readers to be told at once.

A night's run is compared with the run that was announced before it, so that whatever was published in
between is told of, once. There is at most one announcement for each forecast and cutoff; it and the
letters are stored in one transaction, with the numbers of the very runs that it names.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import date

from sqlalchemy.orm import Session

from model.domain import Forecast
from model.errors import PosterityError
from model.words import word
from service.accounts import evidence_of, movement_lines
from service.composition import Service
from service.letters import Letter
from service.mail import post
from service.printing import count, percent, points, table, visible
from service.sections import Moves
from service.wording import strongest, title
from storage.announcements import Announced, last_announced
from storage.announcements import announce as record
from storage.runs import StoredRun, get_run, latest_published
from storage.subscribers import subscribers

_MOST_CAUSES = 5

type Probabilities = Mapping[str, float]


def announce(service: Service, forecast: Forecast, *, as_of: date) -> Announced | None:
    """Record how far a forecast moved by a night, and post a letter to its readers if it moved far.

    Returns
    -------
    Announced or None
        None where nothing was published for this cutoff, or it was announced before.
    """
    with service.database.session() as session:
        before = last_announced(session, forecast.id)
        run = latest_published(session, forecast.id, at_most=as_of)
        if run is None or run.as_of != as_of or (before and before.as_of >= as_of):
            return None
        since = _baseline(session, forecast, before, as_of)
        found = moved(forecast.id, run, since, service.configuration.forecast_alerts[forecast.id])
        record(session, found, at=service.clock())
        if found.alerted and since is not None:
            for letter in _letters(session, forecast, run, since, found):
                post(session, service, letter, at=service.clock())
    return found


def _baseline(
    session: Session, forecast: Forecast, before: Announced | None, as_of: date
) -> StoredRun | None:
    if before is not None:
        return get_run(session, before.run_id)
    return latest_published(session, forecast.id, before=as_of)


def moved(identity: str, run: StoredRun, since: StoredRun | None, limits: Moves) -> Announced:
    """Measure how far a forecast moved between two runs; with other scenarios it was redefined, not moved."""
    earlier = None if since is None else since.run
    told = Announced(forecast_id=identity, as_of=run.as_of, run_id=run.run, since_run_id=earlier)
    now, then = _probabilities(run), _probabilities(since)
    if now.keys() != then.keys():
        return told
    far, bits = largest_points(now, then), jeffreys(now, then)
    alerted = far > limits.move_points or bits > limits.move_bits
    return replace(told, points=far, bits=bits if math.isfinite(bits) else None, alerted=alerted)


def largest_points(now: Probabilities, then: Probabilities) -> float:
    """Give the largest change of a scenario's probability, in percentage points."""
    return max(100 * abs(now[one] - then[one]) for one in now)


def jeffreys(now: Probabilities, then: Probabilities) -> float:
    """Give Jeffreys' divergence in bits, ``Σ (p − p′) log₂(p / p′)``; infinite where only one is 0."""
    return math.fsum(_term(now[one], then[one]) for one in now)


def _term(p: float, q: float) -> float:
    if p == q:
        return 0
    return (p - q) * math.log2(p / q) if p and q else math.inf


def _probabilities(run: StoredRun | None) -> Probabilities:
    rows = run.posteriors if run else ()
    return {one.scenario: one.probability for one in rows if one.probability is not None}


def _letters(
    session: Session, forecast: Forecast, run: StoredRun, since: StoredRun, found: Announced
) -> Iterator[Letter]:
    """Write to every reader of this forecast who wants to be told at once."""
    text = "\n".join(_lines(session, forecast, run, since))
    for reader in subscribers(session):
        if reader.alerts and (not reader.forecasts or forecast.id in reader.forecasts):
            yield Letter(
                kind="movement",
                key=f"{forecast.id} {run.as_of}",
                recipient=reader.mailbox,
                subject=_subject(forecast, run, since),
                text=text,
                document={name: _plain(value) for name, value in asdict(found).items()},
                unsubscribe=reader.token,
            )


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _subject(forecast: Forecast, run: StoredRun, since: StoredRun) -> str:
    """Name the scenario that moved the most."""
    now, then = _probabilities(run), _probabilities(since)
    most = max(now, key=lambda one: abs(now[one] - then[one]))
    change = f"{points(now[most], then[most])} since {since.as_of}"
    return visible(
        f"{title(forecast, most)} {percent(now[most])} ({change}): {forecast.title or forecast.id}"
    )


def _lines(session: Session, forecast: Forecast, run: StoredRun, since: StoredRun) -> Iterator[str]:
    now, then = _probabilities(run), _probabilities(since)
    yield visible(forecast.title or forecast.id)
    yield visible(forecast.question)
    yield ""
    yield f"As of {run.as_of} (run {run.run}), compared with {since.as_of} (run {since.run}):"
    yield ""
    headings = ("scenario", "before", "now", "change", "in words")
    rows = [
        (title(forecast, one), percent(then[one]), percent(p), points(p, then[one]), word(p))
        for one, p in now.items()
    ]
    yield table(headings, rows, numeric=headings[1:-1])
    yield "Changes are in percentage points (pp)."
    yield ""
    yield from _why(session, forecast, run, since)


def _why(session: Session, forecast: Forecast, run: StoredRun, since: StoredRun) -> Iterator[str]:
    try:
        causes = movement_lines(evidence_of(session, since), evidence_of(session, run))
    except (PosterityError, ArithmeticError) as error:  # the numbers stand all the same
        yield visible(f"What moved it cannot be said: {error}")
        return
    yield "What moved it most (a bit for a scenario doubles its probability, a bit against it halves it):"
    for cause in causes[:_MOST_CAUSES]:
        yield visible(f"  {cause['text']}: {strongest(cause['bits'], forecast)}")
    if len(causes) > _MOST_CAUSES:
        yield f"  and {count(len(causes) - _MOST_CAUSES, 'smaller cause')}"
