"""Metrics, as Prometheus reads them: what the database says at that moment, whoever wrote it.

What is not known is left out, never 0. The counters count what the store holds: they are counted up to
its last row, a part at each reading, and left out until then; afterwards only what is new is read.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import version

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from ingest.inbox import pending
from model.errors import Unavailable
from service.composition import Service
from storage.figures import (
    Arrivals,
    InForce,
    Newest,
    alerts_open,
    events_after,
    in_force,
    newest,
    queued,
    reports_after,
)
from storage.jobs import NIGHT, latest
from storage.leases import tenure
from storage.polls import standings
from storage.proposals import count_waiting
from storage.resolutions import closures
from storage.revisions import HEAD

ROWS_AT_ONCE = 50_000
FILES = "inbox"  # what came in files, rather than from a source of its own
_OUTCOMES = ("done", "held", "failed", "interrupted")
_DAY = timedelta(days=1)


def registry(service: Service) -> CollectorRegistry:
    """Make the metrics of a service, and of the process that serves them."""
    made = CollectorRegistry()
    made.register(Figures(service))
    ProcessCollector(registry=made)
    return made


@dataclass(slots=True)
class Tally:
    """How many of something there are by origin, counted on from where the last count ended."""

    count: Callable[..., Arrivals]
    most: int
    until: int = 0
    complete: bool = False
    by_origin: Counter[str] = field(default_factory=Counter)

    def advance(self, session: Session) -> None:
        """Count what is new; from the beginning where rows are gone, as after a restore."""
        found = self.count(session, self.until, most=self.most)
        if found.until < self.until:
            self.by_origin.clear()
            found = self.count(session, 0, most=self.most)
        self.until, self.complete = found.until, found.complete
        self.by_origin.update(found.by_origin)


class Figures(Collector):
    """Everything that the database and the inbox tell.

    Raises
    ------
    Unavailable
        When it is read, and the database is out of reach.
    """

    def __init__(self, service: Service, *, rows_at_once: int = ROWS_AT_ONCE) -> None:
        self._service = service
        self._reading = threading.Lock()
        self._tallies = {
            "reports": Tally(reports_after, rows_at_once),
            "events": Tally(events_after, rows_at_once),
        }

    def collect(self) -> Iterator[Metric]:
        """Read everything, in one transaction."""
        with self._reading, self._service.database.reading() as session:
            found = [
                *_night(session),
                *_scheduler(self._service, session),
                *_forecasts(self._service, session),
                *_queues(session),
                *_sources(self._service, session),
                *self._arrivals(session),
            ]
        yield from (*found, *_inbox(self._service), _build())

    def _arrivals(self, session: Session) -> Iterator[Metric]:
        for tally in self._tallies.values():
            tally.advance(session)
        sources = [FILES, *(source.id for source in self._service.configuration.sources)]
        yield _counter(
            "posterity_reports",
            "Reports that were taken in, by source; inbox is what came in files.",
            _by_source(self._tallies["reports"], sources),
        )
        yield _counter(
            "posterity_events",
            "Events that were heard of, by the source that told of them first.",
            _by_source(self._tallies["events"], sources),
        )


def _night(session: Session) -> Iterator[Metric]:
    last, good = latest(session, NIGHT), latest(session, NIGHT, outcome="done")
    success = good.ended_at.timestamp() if good and good.ended_at else None
    duration = (last.ended_at - last.started_at).total_seconds() if last and last.ended_at else None
    outcomes = [((one,), float(last.outcome == one)) for one in _OUTCOMES] if last else []
    yield _gauge(
        "posterity_night_last_success_timestamp_seconds",
        "When the last night that was wholly done ended.",
        [((), success)],
    )
    yield _gauge(
        "posterity_night_last_duration_seconds",
        "How long the last night took, however it ended.",
        [((), duration)],
    )
    yield _gauge("posterity_night_last_outcome", "1 for how the last night ended.", outcomes, ["outcome"])


def _scheduler(service: Service, session: Session) -> Iterator[Metric]:
    held = tenure(session)
    alive = held is not None and held.holder != "" and held.expires_at > service.clock()
    yield _gauge(
        "posterity_scheduler_alive", "1 while a scheduler gives signs of life.", [((), float(alive))]
    )


def _forecasts(service: Service, session: Session) -> Iterator[Metric]:
    known = [forecast.id for forecast in service.configuration.forecasts]
    over = closures(session, known)  # which grow old as they should
    ids = [one for one in known if one not in over]
    believed = {one: found for one in ids if (found := in_force(session, one))}
    yield from _believed(service, believed)
    yield from _ran({one: last for one in ids if (last := newest(session, one))})


def _believed(service: Service, believed: Mapping[str, InForce]) -> Iterator[Metric]:
    now, today = service.clock(), service.today()
    yield _gauge(
        "posterity_probability",
        "Probability of each scenario by the run in force, from 0 to 1.",
        [((one, name), p) for one, found in believed.items() for name, p in found.probabilities.items()],
        ["forecast", "scenario"],
    )
    yield _gauge(
        "posterity_run_age_seconds",
        "Time since the run in force was recorded.",
        [((one,), (now - found.recorded_at).total_seconds()) for one, found in believed.items()],
        ["forecast"],
    )
    yield _gauge(
        "posterity_cutoff_age_days",
        "Days from the cutoff of the run in force until today.",
        [((one,), (today - found.as_of) / _DAY) for one, found in believed.items()],
        ["forecast"],
    )


def _ran(last: Mapping[str, Newest]) -> Iterator[Metric]:
    yield _gauge(
        "posterity_run_held",
        "1 where the newest run was held back, so that an older one is in force.",
        [((one,), float(found.status == "held")) for one, found in last.items()],
        ["forecast"],
    )
    yield _gauge(
        "posterity_run_failed",
        "1 where the newest run failed, so that an older one is in force.",
        [((one,), float(found.status == "failed")) for one, found in last.items()],
        ["forecast"],
    )
    yield _gauge(
        "posterity_run_seconds",
        "How long the newest run took, however it ended.",
        [((one,), found.seconds) for one, found in last.items()],
        ["forecast"],
    )


def _queues(session: Session) -> Iterator[Metric]:
    yield _gauge(
        "posterity_outbox_messages",
        "Mails in the outbox: waiting, claimed by a sender, or given up as dead.",
        [((state,), number) for state, number in queued(session).items()],
        ["state"],
    )
    yield _gauge(
        "posterity_alerts_open",
        "Alerts to operators that are open, by kind; none where there is no line.",
        [((kind,), number) for kind, number in alerts_open(session).items()],
        ["kind"],
    )


def _sources(service: Service, session: Session) -> Iterator[Metric]:
    found = standings(session, [one.id for one in service.configuration.sources])
    good = [((one,), how.last_success.timestamp()) for one, how in found.items() if how.last_success]
    yield _gauge(
        "posterity_source_last_success_timestamp_seconds",
        "When the source was last asked and answered.",
        good,
        ["source"],
    )
    yield _gauge(
        "posterity_source_failures",
        "Polls of the source that failed since its last success.",
        [((one,), how.failures) for one, how in found.items()],
        ["source"],
    )
    yield _gauge(
        "posterity_review_waiting", "Reports that wait for an editor.", [((), count_waiting(session))]
    )


def _inbox(service: Service) -> Iterator[Metric]:
    waiting: int | None = None
    with suppress(Unavailable):
        waiting = len(pending(service.configuration.ingest.drop_folder))
    yield _gauge("posterity_inbox_files", "Files that wait in the inbox.", [((), waiting)])


def _build() -> Metric:
    what = "1, labelled with the program's version and the revision of the tables that it knows."
    return _gauge("posterity_build_info", what, [((version("posterity"), HEAD), 1)], ["version", "revision"])


def _by_source(tally: Tally, sources: list[str]) -> Mapping[str, int]:
    """Sum up by source: an origin that is the id of none is a file's name."""
    if not tally.complete:
        return {}
    found = dict.fromkeys(sources, 0)
    for origin, number in tally.by_origin.items():
        found[origin if origin in found else FILES] += number
    return found


def _gauge(
    name: str, what: str, samples: Iterable[tuple[tuple[str, ...], float | None]], labels: Sequence[str] = ()
) -> Metric:
    family = GaugeMetricFamily(name, what, labels=labels)
    for values, sample in samples:
        if sample is not None:
            family.add_metric(values, sample)
    return family


def _counter(name: str, what: str, samples: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, what, labels=["source"])
    for source, sample in samples.items():
        family.add_metric([source], sample)
    return family
