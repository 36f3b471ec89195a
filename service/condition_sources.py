"""The condition of the sources: which one is in trouble, or silent for longer than usual."""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from service import sections
from service.addresses import one_line
from service.composition import Service
from service.condition_places import silence
from service.finding import LONGEST, Finding, lasting
from storage.polls import SourceStanding, busy_days, standings

SOURCE = "source"
_TWICE = 2  # a poll may fail; two in a row are news, once a day has passed as well
_SHORTLY = timedelta(days=1)
_LOOK = "open its address in a browser; `posterity ingest --source ID` tries it at once"


def sources(service: Service, session: Session) -> Iterator[Finding]:
    """Look at each source, in the configuration's order."""
    configured = service.configuration.sources
    found = standings(session, [one.id for one in configured])
    for one in configured:
        yield _source(service, session, one, found[one.id])


def _source(service: Service, session: Session, source: sections.Source, standing: SourceStanding) -> Finding:
    now = service.clock()
    if standing.polled_at is None:
        text = "was never asked"
        return Finding(name=SOURCE, subject=source.id, state="ok", text=f"{text}: the scheduler will")
    if standing.failures:
        return _failing(source, standing, now - (standing.failing_since or now))
    zone = ZoneInfo(service.configuration.schedule.timezone)
    return silence(SOURCE, source.id, busy_days(session, source.id, zone), today=service.today())


def _failing(source: sections.Source, standing: SourceStanding, lasted: timedelta) -> Finding:
    why, good = one_line(standing.detail, LONGEST), standing.last_success
    answered = f"last answered at {good:%Y-%m-%d %H:%M} UTC" if good else "never answered"
    times = "once" if standing.failures == 1 else f"{standing.failures} times in {lasting(lasted)}"
    text = f"has failed {times}: {why}; it {answered}"
    if standing.failures < _TWICE or (good and lasted < _SHORTLY):
        return Finding(name=SOURCE, subject=source.id, state="ok", text=text)
    return Finding(name=SOURCE, subject=source.id, state="failed", text=text, advice=_LOOK)
