"""A night of many forecasts: all by the exact engine on every core, and a rotating sample by PyMC too.

What is known is read once for all. Nothing waits for PyMC, which fits its sample beside the exact engine.
Each run is stored in a transaction of its own as it comes, and one that stands already is not made again,
so that a night that is killed goes on where it was.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import batched, islice

from model.definition import forecast_digest
from model.domain import Forecast
from model.errors import PosterityError
from model.evidence import Evidence
from model.fingerprint import code_digest
from service.closing import closed
from service.composition import Service
from service.documents import Document
from service.knowledge import Knowledge
from service.making import Asked, by_the_exact_engine
from service.nightly import Say, ask, store, with_pymc
from service.outlooks import resolve_due
from service.pool import cores, in_processes
from service.rotation import Candidate, Drawn, candidate, draw
from storage.checks import Checked, last_checks
from storage.runs import RunRecord

_PART = 5  # forecasts handed to a process at a time
_ALONE = 4  # so many are done here: fewer are not worth processes
_PRELOADED = ("model.posterior", "service.making")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Night:
    """What is known of tonight: evidence and log evidences of every forecast, and the sample."""

    evidence: dict[str, Evidence]
    log_z: dict[str, Mapping[str, float]]
    last: dict[str, Checked]
    drawn: Drawn

    def sample(self, forecast: str) -> Document:
        before = self.last.get(forecast)
        return self.drawn.told(forecast, before.as_of if before else None)


def sampled_night(
    service: Service, forecasts: Sequence[Forecast], *, as_of: date, say: Say
) -> Iterator[Document]:
    """Update forecasts as `service.nightly.night` does, PyMC checking those that are drawn.

    The sample is drawn from all configured forecasts, whichever of them are named.

    Yields
    ------
    Document
        Of each forecast as soon as it is stored, in any order.
    """
    over = closed(service, forecasts, as_of=as_of)
    say("selecting what is known")
    tonight = _night(service, as_of)
    running = [one.id for one in forecasts if one.id not in over]
    stands: list[Document] = []
    drawn = list(_asked(service, tonight, (one for one in running if one in tonight.drawn.chosen), stands))
    exactly = _asked(service, tonight, (one for one in running if one not in tonight.drawn.chosen), stands)
    with _sampled(service, drawn) as fits:
        for done, record in enumerate(_by_the_exact_engine(exactly), 1):
            say(f"updating by the exact engine: {done} of {len(running) - len(drawn)}")
            yield store(service, record)
        for one, fit in zip(drawn, fits, strict=True):
            say(f"updating {one.evidence.forecast.id} with PyMC")
            yield store(service, fit.result())
    yield from stands
    for forecast in forecasts:
        resolve_due(service, forecast, as_of=as_of)


def _asked(
    service: Service, tonight: _Night, forecasts: Iterable[str], stands: list[Document]
) -> Iterator[Asked]:
    """Put together what is to be made, as it is asked for; what stands already is put aside."""
    for name in forecasts:
        found = ask(service, tonight.evidence[name], tonight.sample(name))
        if isinstance(found, Asked):
            yield replace(found, log_z=tonight.log_z.get(name))
        else:
            stands.append(found)


@contextmanager
def _sampled(service: Service, asked: Sequence[Asked]) -> Iterator[list[Future[RunRecord]]]:
    """Have PyMC fit some forecasts beside all else: after it, most cores would be idle."""
    with ThreadPoolExecutor(1, "pymc") as thread:
        fits = [thread.submit(with_pymc, service, one, lambda _: None) for one in asked]
        try:
            yield fits
        finally:
            thread.shutdown(wait=False, cancel_futures=True)


def _by_the_exact_engine(asked: Iterator[Asked]) -> Iterator[RunRecord]:
    workers = cores()
    few = islice(asked, _ALONE) if workers > 1 else asked
    yield from (record for one in few for record in by_the_exact_engine([one]))
    parts, advice = batched(asked, _PART), "what it had done is kept: the night goes on where it was"
    for records in in_processes(by_the_exact_engine, parts, workers, preload=_PRELOADED, advice=advice):
        yield from records


def _night(service: Service, as_of: date) -> _Night:
    configured = [one for one in service.configuration.forecasts if one.opened <= as_of]
    knowledge = Knowledge(service, configured, as_of=as_of)
    evidence = {one.id: knowledge.evidence(one) for one in configured}
    over = closed(service, configured, as_of=as_of)
    with service.database.reading() as session:
        last = last_checks(session, before=as_of)
    running = {name: known for name, known in evidence.items() if name not in over}
    log_z = {name: found for name, known in running.items() if (found := _log_evidence(known))}
    candidates = [_candidate(service, running[name], found, last.get(name)) for name, found in log_z.items()]
    places = service.configuration.model.pymc or len(candidates)
    return _Night(evidence=evidence, log_z=log_z, last=last, drawn=draw(candidates, places))


def _log_evidence(evidence: Evidence) -> Mapping[str, float] | None:
    """Compute it; None where the exact engine comes to nothing."""
    from model import exact  # noqa: PLC0415 - loads SciPy

    if not evidence.indicators:
        return None
    try:
        return exact.log_evidence(evidence)
    except (PosterityError, ArithmeticError):
        return None


def _candidate(
    service: Service, evidence: Evidence, log_z: Mapping[str, float], last: Checked | None
) -> Candidate:
    """Compare a forecast with its last check."""
    from model import exact  # noqa: PLC0415 - loads SciPy

    forecast = evidence.forecast
    return candidate(
        forecast.id,
        last,
        definition=forecast_digest(forecast),
        code=code_digest(),
        probabilities=exact.probabilities(evidence, log_z),
        move_points=service.configuration.forecast_alerts[forecast.id].move_points,
    )
