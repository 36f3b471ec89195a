"""One state of the evidence, reckoned anew: plain data in, plain numbers out, wherever it is done.

The numbers do not depend on the process or the machine's load: the exact engine has no randomness, and
PyMC's seeds derive from what the night is made from.
"""

import json
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from model import exact
from model.band import band
from model.definition import forecast_from
from model.domain import Forecast
from model.errors import PosterityError
from model.evidence import Evidence
from model.snapshot import restored

type Values = Mapping[str, float | None]

_sampling = threading.Lock()  # a Dask worker may have several threads; PyTensor compiles in one


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One state of the evidence.

    Parameters
    ----------
    digest
        Of the evidence, by which the answer is known.
    as_of
        One of the cutoffs at which it looked like this.
    evidence
        Its snapshot.
    definition
        That of the forecast, as JSON: the same text many times over is read once.
    fingerprint
        From which PyMC's seeds derive.
    chains
        How many chains a sampler runs at a time.
    """

    digest: str
    as_of: date
    evidence: Mapping[str, Any]
    definition: str
    engine: Literal["exact", "pymc"]
    band: bool
    fingerprint: str
    chains: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Reckoned:
    """What came of it; what could not be said is missing, or None."""

    digest: str
    status: Literal["published", "held", "failed"]
    detail: str = ""
    probabilities: Values = field(default_factory=dict)
    log_evidence: Values = field(default_factory=dict)
    band: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    pymc: Values = field(default_factory=dict)
    monte_carlo_error: Values = field(default_factory=dict)
    pymc_log_evidence: Values = field(default_factory=dict)


def reckon_all(tasks: Sequence[Task]) -> list[Reckoned]:
    """Reckon some tasks, one after the other."""
    return [reckon(task) for task in tasks]


def reckon(task: Task) -> Reckoned:
    """Reckon one task; that it cannot be done is an answer too."""
    evidence = restored(task.evidence, _forecast(task.definition), task.as_of)
    try:
        return _reckoned(task, evidence)
    except PosterityError as error:
        return Reckoned(digest=task.digest, status="failed", detail=str(error))
    except ArithmeticError as error:
        return Reckoned(digest=task.digest, status="failed", detail=f"{type(error).__name__}: {error}")


@lru_cache(maxsize=8)
def _forecast(definition: str) -> Forecast:
    return forecast_from(json.loads(definition))


def _reckoned(task: Task, evidence: Evidence) -> Reckoned:
    log_z = exact.log_evidence(evidence)
    found = Reckoned(
        digest=task.digest,
        status="published",
        probabilities=exact.probabilities(evidence, log_z),
        log_evidence=_finite(log_z),
        band=band(evidence) if task.band else {},
    )
    return found if task.engine == "exact" else _sampled(task, evidence, log_z, found)


def _sampled(task: Task, evidence: Evidence, log_z: Mapping[str, float], found: Reckoned) -> Reckoned:
    """Sample as a night does, and let the same gate judge."""
    from model import gate  # noqa: PLC0415 - for PyMC, which the exact engine does without
    from model.update import ATTEMPTS, sample  # noqa: PLC0415

    attempts = [replace(effort, cores=task.chains) for effort in ATTEMPTS]
    with _sampling:
        sampled, checks = sample(evidence, log_z, fingerprint=task.fingerprint, attempts=attempts)
    failing = (
        f"{one.name} {one.figure} (threshold {one.threshold})" for one in checks if one.passed is False
    )
    return replace(
        found,
        status="published" if gate.passes(checks) else "held",
        detail=", ".join(failing),
        pymc=_finite(sampled.probabilities),
        monte_carlo_error=_finite(sampled.monte_carlo_error),
        pymc_log_evidence=_finite(sampled.log_evidence),
    )


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
