"""What a night makes of what was known: values in, a run to store out, in this process or in another."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from model.definition import forecast_digest
from model.digests import digest
from model.domain import Verdict
from model.errors import PosterityError, Unavailable, Unresolved
from model.evidence import Evidence
from model.fingerprint import code_digest
from service import documents, pickles
from service.accounts import Lines, movement_lines
from service.documents import Document
from service.outlooks import outlook_rows
from storage.checks import AGREEMENT
from storage.runs import RunRecord, StoredRun

if TYPE_CHECKING:
    from model.posterior import Posterior  # loads SciPy

type Infer = Callable[[Evidence], "Posterior"]
type Keep = Callable[["Posterior"], str | None]

# Of a fit that came to nothing: the threshold is that of `model.gate`, which loads PyMC.
_NOT_MADE = Verdict(name=AGREEMENT, figure=None, threshold=0.05, passed=False)

pickles.register()


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """Digests of what a run is made from: equal inputs give equal results."""

    forecast: str
    evidence: str | None
    code: str

    @classmethod
    def of(cls, run: StoredRun) -> Self:
        """Those of a run that was stored."""
        return cls(forecast=run.forecast_digest, evidence=run.evidence_digest, code=run.code_digest)

    @classmethod
    def seen(cls, evidence: Evidence, seen: object) -> Self:
        """Those of a run that is to be made of this evidence, whose snapshot this is."""
        return cls(forecast=forecast_digest(evidence.forecast), evidence=digest(seen), code=code_digest())

    @property
    def fingerprint(self) -> str:
        """One digest of them all, from which seeds derive and by which draws are named."""
        return digest([self.forecast, self.evidence, self.code]).removeprefix("sha256:")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A night of one forecast, before anything of it is computed.

    Parameters
    ----------
    evidence, seen
        What counts, and its snapshot.
    previous, before
        The run that is in force, and what counted there.
    supersedes
        Number of the run of this cutoff that stands, 0 where none does.
    at
        The moment, by the service's clock.
    remarks
        Warnings that do not come from the numbers.
    sample
        As `service.documents.published` has it.
    log_z
        The exact engine's log evidences, where they are known already.
    """

    evidence: Evidence
    seen: dict[str, object]
    inputs: Inputs
    previous: StoredRun | None
    before: Evidence | None
    supersedes: int
    at: datetime
    remarks: Sequence[str] = ()
    sample: Document | None = None
    log_z: Mapping[str, float] | None = None


def by_the_exact_engine(asked: Sequence[Asked]) -> list[RunRecord]:
    """Make runs without PyMC, one after the other."""
    return [_exactly(one) for one in asked]


def _exactly(asked: Asked) -> RunRecord:
    from model.posterior import unsampled  # noqa: PLC0415 - loads SciPy

    return made(asked, lambda evidence: unsampled(evidence, asked.log_z), lambda _: None)


def made(asked: Asked, infer: Infer, keep: Keep) -> RunRecord:
    """Make the run, or the record of why there is none.

    Parameters
    ----------
    infer
        What computes it.
    keep
        What writes its draws, and says where.

    Raises
    ------
    Unavailable
        The draws cannot be kept.
    """
    started = time.perf_counter()
    try:
        record = _result(asked, _inferred(asked.evidence, infer), keep)
    except Unavailable:
        raise
    except PosterityError as error:
        record = _failure(asked, str(error))
    seconds = round(time.perf_counter() - started, 3)
    document = {**record.document, "seconds": seconds}
    return replace(
        record, evidence=asked.seen, supersedes=asked.supersedes, seconds=seconds, document=document
    )


def _inferred(evidence: Evidence, infer: Infer) -> "Posterior":
    if not evidence.indicators:
        raise PosterityError(
            f"{evidence.forecast.id} has no indicators, so nothing could move it; "
            "write a [[forecasts.indicators]] table for each kind of news that would"
        )
    try:
        return infer(evidence)
    except ArithmeticError as error:
        what = f"{type(error).__name__}: {error}"
        raise PosterityError(f"{evidence.forecast.id} could not be computed ({what})") from error


def _result(asked: Asked, posterior: "Posterior", keep: Keep) -> RunRecord:
    evidence, inputs = asked.evidence, asked.inputs
    made_from = documents.versions(inputs.forecast, inputs.evidence, inputs.code)
    moved = _moved(asked, posterior.probabilities)
    document = documents.published(
        evidence, posterior, asked.previous, moved=moved, made_from=made_from, sample=asked.sample
    )
    warnings = (*posterior.warnings, *asked.remarks)
    return RunRecord(
        **_common(asked),
        status="published" if posterior.status == "published" else "held",
        document=document | {"warnings": list(warnings)},
        observed_until=evidence.observed_until,
        posteriors=documents.posteriors(evidence, posterior),
        checks=posterior.checks,
        warnings=warnings,
        outlook=outlook_rows(evidence, posterior.outlook),
        draws=keep(posterior),
    )


def _common(asked: Asked) -> dict[str, Any]:
    return {
        "forecast_id": asked.evidence.forecast.id,
        "as_of": asked.evidence.as_of,
        "engine": "exact",
        "evidence_digest": asked.inputs.evidence,
        "forecast_digest": asked.inputs.forecast,
        "code_digest": asked.inputs.code,
        "recorded_at": asked.at,
        "seconds": 0,
    }


def _moved(asked: Asked, now: Mapping[str, float]) -> Lines | None:
    """Say what moved the probabilities since the run in force; None where none was, or it cannot be said."""
    if asked.before is None:
        return None
    try:
        return movement_lines(asked.before, asked.evidence, now)
    except (Unresolved, ArithmeticError):  # the probabilities stand all the same
        return None


def _failure(asked: Asked, reason: str) -> RunRecord:
    forecast, inputs = asked.evidence.forecast, asked.inputs
    made_from = documents.versions(inputs.forecast, inputs.evidence, inputs.code)
    prior = {one.id: one.prior for one in forecast.scenarios}
    document = documents.failed(forecast.id, asked.evidence.as_of, prior, reason, made_from=made_from)
    checks = [_NOT_MADE] if asked.sample and asked.sample["drawn"] else []
    return RunRecord(
        **_common(asked),
        status="failed",
        document=document | {"sample": asked.sample, "checks": [asdict(one) for one in checks]},
        warnings=(reason,),
        checks=checks,
    )
