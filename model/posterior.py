"""What a night comes to, and all of it that the exact engine says by itself, without PyMC."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model import exact
from model.alike import alike, indistinguishable
from model.attribution import Cause, reasons
from model.band import band
from model.domain import Verdict
from model.errors import Unresolved
from model.evidence import Evidence
from model.impossible import ruled_out
from model.outlook import Expectation, outlook
from model.rates import rates
from model.surprise import surprises
from model.watch import Watched, watch

if TYPE_CHECKING:
    from model.update import Sampled  # loads PyMC


@dataclass(frozen=True, kw_only=True, slots=True)
class Posterior:
    """The outcome of one update.

    Parameters
    ----------
    status
        ``published``, or ``held`` where a check failed after every attempt.
    probabilities, log_evidence
        The exact engine's, by scenario, in the forecast's order; a scenario without prior has no
        log evidence.
    band
        By scenario, the band of sensitivity about its probability.
    outlook, watch
        What to expect of each indicator next, and how much it would tell.
    reasons
        What each item of evidence did to the prior; None where that could not be resolved.
    sampled
        PyMC's; None where it was not asked, as it is not every night on a rotating sample.
    checks
        The last attempt's verdicts; none where PyMC was not asked.
    """

    status: str
    probabilities: Mapping[str, float]
    log_evidence: Mapping[str, float]
    band: Mapping[str, tuple[float, float]]
    outlook: tuple[Expectation, ...]
    watch: tuple[Watched, ...]
    reasons: tuple[Cause, ...] | None
    sampled: "Sampled | None" = None
    checks: tuple[Verdict, ...] = ()
    warnings: tuple[str, ...] = ()


def unsampled(evidence: Evidence, log_z: Mapping[str, float] | None = None) -> Posterior:
    """Compute all but PyMC's part: the same numbers as an update with it, to the last digit.

    Parameters
    ----------
    evidence
        What counts at the cutoff.
    log_z
        The exact engine's log evidences, where they are known already.

    Raises
    ------
    Impossible
        The evidence rules out every scenario.
    Unresolved
        The numbers are too extreme to compute with.
    """
    log_z = exact.log_evidence(evidence) if log_z is None else log_z
    probabilities = exact.probabilities(evidence, log_z)
    why, now = _reasons(evidence, probabilities), rates(evidence, probabilities)
    return Posterior(
        status="published",
        probabilities=probabilities,
        log_evidence=log_z,
        band=band(evidence),
        outlook=outlook(evidence, now=now),
        watch=watch(evidence, now=now),
        reasons=why,
        warnings=tuple(_warnings(evidence, why)),
    )


def _reasons(evidence: Evidence, probabilities: Mapping[str, float]) -> tuple[Cause, ...] | None:
    try:
        return reasons(evidence, probabilities)
    except Unresolved:
        return None


def _warnings(evidence: Evidence, why: tuple[Cause, ...] | None) -> Iterator[str]:
    yield from evidence.warnings
    for scenario, found in ruled_out(evidence).items():
        yield f"{scenario} is ruled out: {found.because}"
    yield from map(indistinguishable, alike(evidence.forecast))
    yield from surprises(evidence)
    if why is None:
        yield "the numbers are too extreme to say what each item of evidence did"
