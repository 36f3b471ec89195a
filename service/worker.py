"""One step of a job in a process of its own: it may be stopped at any time, and gives its memory back.

The scheduler starts it with ``python -m service.worker CONFIG TOKEN STEP…`` and holds its standard input
open: once that ends, the scheduler is gone, and so is the worker. It prints one line of JSON: the outcome,
what there is to say of it, and whether trying again may help.
"""

import json
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import structlog

from model.errors import PosterityError, Unavailable
from service import logs
from service.composition import Clock, Service, opened, utc_now
from storage.jobs import Outcome
from storage.leases import fenced

ANNOUNCED, UNANNOUNCED = "announced", "unannounced"
_WORST_FIRST: tuple[Outcome, ...] = ("failed", "held")
_LONGEST = 2000  # characters of a detail

_log = logs.get("worker")


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What became of a step."""

    outcome: Outcome
    detail: str = ""
    again: bool = False


def main(arguments: Sequence[str]) -> None:
    """Do one step, and say what became of it."""
    logs.configure("auto")
    threading.Thread(target=_end_with_the_scheduler, daemon=True).start()
    path, token, *words = arguments
    structlog.contextvars.bind_contextvars(step=" ".join(words))
    result = do_step(Path(path), int(token), words)
    sys.stdout.write(json.dumps(asdict(result)) + "\n")


def do_step(path: Path, token: int, words: Sequence[str], *, clock: Clock = utc_now) -> Result:
    """Do one step with a database that refuses to write once the lease has another token."""
    step, *rest = words
    try:
        with opened(path, clock=clock) as service:
            return STEPS[step](replace(service, database=fenced(service.database, token)), *rest)
    except PosterityError as error:
        return Result(outcome="failed", detail=_short(str(error)), again=isinstance(error, Unavailable))


def _end_with_the_scheduler() -> None:
    while os.read(0, 1):  # not of `sys.stdin`, whose lock would be held when the process ends
        pass
    os._exit(1)


def take_in(service: Service) -> Result:
    """Take in what waits in the inbox."""
    from service.intake import take_inbox  # noqa: PLC0415 - each step loads what it needs
    from service.report_intake import sentence  # noqa: PLC0415

    taken = list(take_inbox(service))
    return Result(outcome="done", detail=_short("; ".join(map(sentence, taken))))


def poll(service: Service, *names: str) -> Result:
    """Ask sources for what is new, all of them where none is named.

    A source in trouble is on record as such, and fails no step: nobody was looking through it since its
    last success, and the condition of the sources tells operators.
    """
    from service.polling import chosen, polled  # noqa: PLC0415
    from service.report_intake import sentence  # noqa: PLC0415

    done = list(polled(service, chosen(service, names)))
    return Result(outcome="done", detail=_short("; ".join(map(sentence, done))))


def update(service: Service, identity: str, day: str, announced: str) -> Result:
    """Update a forecast at a cutoff, and announce how far it moved if this is the newest night."""
    from service.announcing import announce  # noqa: PLC0415
    from service.nightly import night  # noqa: PLC0415

    forecast, as_of = service.forecast(identity), date.fromisoformat(day)
    documents = list(night(service, [forecast], as_of=as_of, say=lambda _: None))
    if not documents:
        return Result(outcome="done", detail="closed: only its outlooks are resolved")
    (document,) = documents
    _log.info("updated", forecast=identity, as_of=day, run=document["run"], status=document["status"])
    if announced == ANNOUNCED:
        announce(service, forecast, as_of=as_of)
    return _outcome(document)


def _outcome(document: Mapping[str, Any]) -> Result:
    match document["status"]:
        case "failed":
            return Result(outcome="failed", detail=_short("; ".join(document["warnings"])))
        case "held":
            return Result(outcome="held", detail=_short(_failing(document["checks"])))
        case status:
            held = [one for one in document["checks"] if one["passed"] is False]
            return Result(outcome="held" if held else "done", detail=f"{status}, run {document['run']}")


def update_all(service: Service, day: str, announced: str) -> Result:
    """Update every forecast that has opened by a day; PyMC checks a rotating sample of them."""
    from service.announcing import announce  # noqa: PLC0415
    from service.nightly import night  # noqa: PLC0415
    from service.printing import count  # noqa: PLC0415

    as_of, ended, sampled = date.fromisoformat(day), Counter[Outcome](), 0
    wrong: list[str] = []
    forecasts = [one for one in service.configuration.forecasts if one.opened <= as_of]
    for document in night(service, forecasts, as_of=as_of, say=lambda _: None):
        result, name = _outcome(document), document["forecast"]
        _log.info("updated", forecast=name, as_of=day, run=document["run"], status=document["status"])
        ended[result.outcome] += 1
        sampled += document["pymc"] is not None
        if result.outcome != "done":
            wrong.append(f"{name}: {result.detail}")
        if announced == ANNOUNCED:
            announce(service, service.forecast(name), as_of=as_of)
    outcome: Outcome = next((one for one in _WORST_FIRST if ended[one]), "done")
    told = f"{count(sum(ended.values()), 'forecast')}, {sampled} of them checked by PyMC"
    return Result(outcome=outcome, detail=_short("; ".join([told, *wrong])))


def send_digest(service: Service, week: str) -> Result:
    """Write the week's digest to every reader, into the outbox."""
    from service.digest import send_week  # noqa: PLC0415

    posted = send_week(service, week)
    return Result(outcome="done", detail=str(posted))


def _failing(checks: Sequence[Mapping[str, object]]) -> str:
    failing = (one for one in checks if one["passed"] is False)
    return "held: " + ", ".join(f"{one['name']} {one['figure']}" for one in failing)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


STEPS: Mapping[str, Callable[..., Result]] = MappingProxyType(
    {"intake": take_in, "poll": poll, "update": update, "night": update_all, "digest": send_digest}
)

if __name__ == "__main__":
    main(sys.argv[1:])
