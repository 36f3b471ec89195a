"""`posterity schedule --list`: what runs when, how it went last time, and whether tonight will run."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from service import condition_work, printing
from service.calendar import next_digest, next_night
from service.closing import closed, stands
from service.composition import Service
from service.owed import owed_digests, owed_nights
from storage.jobs import DIGEST, NIGHT, Attempt, latest
from storage.polls import SourceStanding, standings
from storage.subscribers import subscribers


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A job: what it does, when it comes next (None: again and again), and how it last went."""

    job: str
    does: str
    next_at: datetime | None
    every_seconds: float | None = None
    last: str | None = None


def show(service: Service, *, as_json: bool) -> None:
    """Print the plan."""
    plan, owed = list(planned(service)), [*owed_nights(service), *owed_digests(service)]
    with service.database.reading() as session:
        tonight = condition_work.tonight(service, session).text
    if as_json:
        jobs = [asdict(one) | {"next_at": one.next_at and one.next_at.isoformat()} for one in plan]
        printing.as_json({"jobs": jobs, "owed": owed, "tonight": tonight})
        return
    zone = ZoneInfo(service.configuration.schedule.timezone)
    rows = [(one.job, _when(one, zone), one.does, one.last or "never") for one in plan]
    printing.block(printing.table(("job", "next", "what", "last time"), rows))
    if owed:
        printing.line(f"Owed, and done as soon as a scheduler runs: {', '.join(owed)}")
    printing.line(tonight)


def planned(service: Service) -> Iterator[Planned]:
    """List the jobs of the scheduler."""
    schedule, now = service.configuration.schedule, service.clock()
    with service.database.reading() as session:
        night, digest = latest(session, NIGHT), latest(session, DIGEST)
    taken = "inbox and sources" if service.configuration.sources else "the inbox"
    yield Planned(
        job="night",
        does=f"take in {taken}, update {_updated(service)}, clear old draws",
        next_at=next_night(schedule, now),
        last=_went(night),
    )
    yield Planned(
        job="digest", does=_readers(service), next_at=next_digest(schedule, now), last=_went(digest)
    )
    yield _often("inbox", "take in what waits in the inbox", schedule.inbox)
    yield from _sources(service)
    yield _often("outbox", "send what waits to be sent", timedelta(minutes=1))
    yield _often("watch", "look for what an operator should know", timedelta(minutes=10))


def _updated(service: Service) -> str:
    """Name the forecasts of a night, and those of which none runs any more."""
    every = service.configuration.forecasts
    over = closed(service, every, as_of=service.today())
    ids = ", ".join(one.id for one in every if one.id not in over) or "no forecast"
    ended = ", ".join(f"{name} {stands(decision)}" for name, decision in over.items())
    return f"{ids} ({ended})" if ended else ids


def _sources(service: Service) -> Iterator[Planned]:
    sources = service.configuration.sources
    with service.database.reading() as session:
        found = standings(session, [one.id for one in sources])
    for one in sources:
        yield _often(f"source {one.id}", f"poll {one.kind}", one.every, _polled(found[one.id]))


def _polled(standing: SourceStanding) -> str | None:
    if standing.polled_at is None:
        return None
    return f"{standing.polled_at:%Y-%m-%d %H:%M} UTC: {'failed' if standing.failures else 'done'}"


def _often(job: str, does: str, every: timedelta, last: str | None = None) -> Planned:
    return Planned(job=job, does=does, next_at=None, every_seconds=every.total_seconds(), last=last)


def _readers(service: Service) -> str:
    with service.database.reading() as session:
        readers = len(subscribers(session))
    return (
        f"write to {printing.count(readers, 'reader')}"
        if readers
        else "nobody reads it yet; `subscribers add`"
    )


def _went(attempt: Attempt | None) -> str | None:
    return None if attempt is None else f"{attempt.due}: {attempt.outcome}"


def _when(one: Planned, zone: ZoneInfo) -> str:
    if one.next_at is None:
        return f"every {round((one.every_seconds or 0) / 60)} min"
    return f"{one.next_at.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"
