"""`posterity export` and `import`: what was written, what was taken in, and whether it comes out again."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from model.definition import canonical
from service import printing
from service.composition import Service
from service.exporting import Exported, export
from service.importing import Imported
from service.printing import count
from service.reproducing import Reproduced
from service.snapshot_definition import toml
from service.targets import target
from storage.content import differences
from storage.forecasts import current_version
from storage.runs import latest_published

_NOUNS = {
    "definition": "version of its definition",
    "report": "version of a report",
    "membership": "decision about events",
    "run": "run",
    "outlook": "outcome of an outlook",
    "resolution": "resolution",
}
_PLURALS = {
    "definition": "versions of its definition",
    "report": "versions of reports",
    "membership": "decisions about events",
    "outlook": "outcomes of outlooks",
}
_CLOSEST = -15  # power of ten: two numbers that differ by less are the same to a machine
_MOST = 3  # changed keys that are named

type Shown = dict[str, Any]


def write(service: Service, forecast_id: str, path: Path | None, *, as_json: bool) -> None:
    """Write a snapshot to a file, and say what it holds; or to standard output, and say nothing."""
    with target(path) as stream:
        done = export(service, forecast_id, stream)
    if path is None:
        return
    if as_json:
        printing.as_json({"forecast": forecast_id, "file": str(path), **_written(done)})
    else:
        printing.line(f"wrote {path}: {counted(done.counts)}; SHA-256 {done.end.sha256}")


def _written(done: Exported) -> Shown:
    return {"lines": {kind: done.counts.get(kind, 0) for kind in _NOUNS}, "sha256": done.end.sha256}


def counted(counts: Mapping[str, int]) -> str:
    """Count lines by their kinds."""
    told = ((counts.get(kind, 0), kind) for kind in _NOUNS)
    return ", ".join(_count(number, kind) for number, kind in told if number) or "nothing"


def _count(number: int, kind: str) -> str:
    return f"{number:,} {_PLURALS[kind]}" if number != 1 and kind in _PLURALS else count(number, _NOUNS[kind])


def asked_for(service: Service, done: Imported, *, every: bool) -> Sequence[int]:
    """Choose the runs that are to be computed anew: all, or the one in force."""
    if every:
        return done.runs
    with service.database.reading() as session:
        last = latest_published(session, done.forecast)
    return [last.run] if last and last.run in done.runs else []


def document(service: Service, done: Imported, again: Sequence[Reproduced]) -> Shown:
    """Describe an import for JSON."""
    furthest = [one.furthest for one in again if one.furthest is not None]
    return {
        "forecast": done.forecast,
        "added": {kind: done.added.get(kind, 0) for kind in _NOUNS},
        "present": {kind: done.present.get(kind, 0) for kind in _NOUNS},
        "runs": list(done.runs),
        "recomputed": len(again),
        "agree": sum(one.agrees for one in again),
        "largest_difference": max(furthest, default=None),
        "same_evidence": sum(one.same_evidence for one in again),
        "disagreeing": [
            {
                "run": one.run.run,
                "as_of": one.run.as_of.isoformat(),
                "difference": one.furthest,
                "why": one.trouble,
            }
            for one in again
            if not one.agrees
        ],
        **_configured(service, done.forecast),
    }


def _configured(service: Service, forecast_id: str) -> Shown:
    """Say whether the forecast is configured here, as it was last defined; else what to add."""
    with service.database.reading() as session:
        version = current_version(session, forecast_id)
    mine = next((one for one in service.configuration.forecasts if one.id == forecast_id), None)
    stated = version.definition if version else {}
    changed = differences(stated, canonical(mine)) if mine else []
    return {
        "configured": mine is not None,
        "configured_differently": [str(one["path"]) for one in changed],
        "configuration": None if mine else toml(stated),
    }


def show(shown: Shown, file: Path) -> None:
    """Print what became of a snapshot."""
    for line in _lines(shown, file):
        printing.line(line)
    if shown["configuration"] and any(shown["added"].values()):
        printing.line()
        for line in shown["configuration"].splitlines():
            printing.line(line)


def _lines(shown: Shown, file: Path) -> Iterator[str]:
    added, name = any(shown["added"].values()), shown["forecast"]
    if added:
        yield f"imported {name} from {file}: {counted(shown['added'])}"
    else:
        yield f"nothing added: all that {file} holds of {name} is here already"
    if added and any(shown["present"].values()):
        yield f"here already: {counted(shown['present'])}"
    yield _recomputed(shown)
    yield from _disagreeing(shown)
    if not shown["configured"]:
        yield "It is not configured here, so no night updates it; history, scores, API and pages show it."
        if added:
            yield "To go on with it, add this to config.toml:"
    elif paths := shown["configured_differently"]:
        more = f" and {len(paths) - _MOST} more" if len(paths) > _MOST else ""
        yield (
            f"config.toml states it otherwise ({', '.join(paths[:_MOST])}{more}); the next night records "
            "that as a new version"
        )


def _recomputed(shown: Shown) -> str:
    new = shown["added"]["run"]
    runs = f"{count(new, 'run')} imported" if new else f"{count(len(shown['runs']), 'run')} here already"
    number, agree = shown["recomputed"], shown["agree"]
    if not number:
        return f"{runs}, none of which stated probabilities to compute anew"
    which = "the last recomputed" if number == 1 else f"{number} recomputed"
    if agree < number:
        return (
            f"{runs}, {which}: {number - agree if number > 1 else 'it'} DISAGREE{'S' if number == 1 else ''}"
        )
    verb = "agrees" if number == 1 else "agree"
    same = shown["same_evidence"]
    from_reports = (
        "its reports give the evidence that it saw"
        if same == number == 1
        else f"the reports give {same} of {number} the evidence that they saw"
    )
    return f"{runs}, {which}: {verb} {precision(shown['largest_difference'])}; {from_reports}"


def _disagreeing(shown: Shown) -> Iterator[str]:
    for one in shown["disagreeing"][:_MOST]:
        why = one["why"] or f"a probability differs by {one['difference']:.1e}"
        yield f"run {one['run']} as of {one['as_of']} was stored as it was there, but here {why}"


def precision(difference: float) -> str:
    """Say to what power of ten numbers agree."""
    power = math.ceil(math.log10(difference)) if difference > 0 else _CLOSEST
    return f"to 1e{max(power, _CLOSEST)}"
