"""One update of one forecast at one cutoff: both computations, and the gate between them."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace

from model import exact, gate, sampling
from model.domain import Verdict
from model.evidence import Evidence
from model.impossible import ruled_out
from model.posterior import Posterior, unsampled

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Effort:
    """Draws and tuning steps of each of a fit's chains, and how many of these run at a time.

    That number changes no other.
    """

    draws: int
    tune: int
    cores: int = sampling.CHAINS


ATTEMPTS = (Effort(draws=2000, tune=1000), Effort(draws=6000, tune=3000))


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampled:
    """What PyMC found: probabilities with their Monte-Carlo error, log evidences, and the fits."""

    probabilities: Mapping[str, float]
    monte_carlo_error: Mapping[str, float]
    log_evidence: Mapping[str, float]
    fits: Mapping[str, sampling.ScenarioFit]


def update(
    evidence: Evidence,
    *,
    fingerprint: str,
    attempts: Iterable[Effort] = ATTEMPTS,
    say: Report = lambda _: None,
) -> Posterior:
    """Compute the probabilities twice, by quadrature and by PyMC, and judge whether they may be published.

    Parameters
    ----------
    evidence
        What counts at the cutoff.
    fingerprint
        Whatever tells this run's inputs from all others; the seeds derive from it.
    attempts
        How hard to sample, at first and when the gate says no.
    say
        Told what is being done, for a progress display.

    Raises
    ------
    Impossible
        The evidence rules out every scenario.
    Unresolved
        The numbers are too extreme to compute with.
    """
    log_z = exact.log_evidence(evidence)
    with ThreadPoolExecutor(1) as beside:  # NumPy's work, while Numba compiles on another core
        told = beside.submit(unsampled, evidence, log_z)
        sampled, checks = sample(evidence, log_z, fingerprint=fingerprint, attempts=attempts, say=say)
    status = "published" if gate.passes(checks) else "held"
    return replace(told.result(), status=status, sampled=sampled, checks=checks)


def sample(
    evidence: Evidence,
    log_z: Mapping[str, float],
    *,
    fingerprint: str,
    attempts: Iterable[Effort] = ATTEMPTS,
    say: Report = lambda _: None,
) -> tuple[Sampled, tuple[Verdict, ...]]:
    """Compute the probabilities with PyMC alone, until the gate is content or the attempts are used up.

    Parameters
    ----------
    log_z
        The exact engine's log evidences, against which the gate judges.
    fingerprint, attempts, say
        As for `update`.

    Returns
    -------
    Sampled
        The last attempt's.
    tuple of Verdict
        On it.
    """
    probabilities = exact.probabilities(evidence, log_z)
    for number, effort in enumerate(attempts):
        sampled = _sample(evidence, f"{fingerprint}/{number}", effort, say)
        checks = gate.judge(
            sampled.fits, exact_log_z=log_z, exact=probabilities, sampled=sampled.probabilities
        )
        if gate.passes(checks):
            break
    return sampled, checks


def _sample(evidence: Evidence, seed: str, effort: Effort, say: Report) -> Sampled:
    out = ruled_out(evidence)
    fits: dict[str, sampling.ScenarioFit] = {}
    for one in evidence.forecast.scenarios:
        if one.prior > 0 and one.id not in out:
            say(f"sampling under {one.id}")
            number = _seed(f"{seed}/{one.id}")
            fits[one.id] = sampling.fit(evidence, one.id, seed=number, **asdict(effort))
    log_z = {one: fit.estimate.log_z for one, fit in fits.items()} | dict.fromkeys(out, float("-inf"))
    probabilities = exact.probabilities(evidence, log_z)
    errors = {one: fit.estimate.error for one, fit in fits.items()}
    return Sampled(
        probabilities=probabilities,
        monte_carlo_error=gate.monte_carlo_error(probabilities, errors),
        log_evidence=log_z,
        fits=fits,
    )


def _seed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
