"""Whether stored runs come out again, from what they saw; and whether the reports give what they saw."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy.orm import Session

from model import credibility
from model.credibility import Grades
from model.digests import digest
from model.errors import PosterityError
from model.evidence import Evidence, select
from model.exact import posterior
from model.snapshot import snapshot
from service.accounts import evidence_of
from service.composition import Service
from storage.events import evidence_reports
from storage.runs import StoredRun, evidence_snapshot, get_run

AGREES = 1e-9  # to which the exact engine gives the same on another machine (model.md, section 5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reproduced:
    """What came of computing a run anew.

    Parameters
    ----------
    furthest
        The largest difference of a probability; None where it could not be computed.
    same_evidence
        Whether the reports, as they were known when the run was recorded, give what it saw.
    trouble
        Why it could not be computed.
    """

    run: StoredRun
    furthest: float | None
    same_evidence: bool
    trouble: str = ""

    @property
    def agrees(self) -> bool:
        """Whether the probabilities are those that were stored."""
        return self.furthest is not None and self.furthest <= AGREES


def reproduced(service: Service, runs: Sequence[int]) -> list[Reproduced]:
    """Compute runs anew with the exact engine; those that stated no probabilities are left out."""
    found = []
    for number in runs:
        with service.database.reading() as session:
            run = get_run(session, number)
            if run is not None and run.status != "failed":
                found.append(_reproduced(session, run))
    return found


def _reproduced(session: Session, run: StoredRun) -> Reproduced:
    evidence = evidence_of(session, run)
    try:
        now = posterior(evidence)
    except (PosterityError, ArithmeticError) as error:
        return Reproduced(run=run, furthest=None, same_evidence=False, trouble=str(error))
    said = {one.scenario: one.probability for one in run.posteriors}
    furthest = max(_apart(now[name], said.get(name)) for name in now)
    return Reproduced(run=run, furthest=furthest, same_evidence=_selected_again(session, run, evidence))


def _apart(now: float, said: float | None) -> float:
    return 1.0 if said is None else abs(now - said)


def _selected_again(session: Session, run: StoredRun, evidence: Evidence) -> bool:
    forecast, stored = evidence.forecast, evidence_snapshot(session, run.evidence_digest or "")
    grades = Grades(**cast("dict[str, Any]", stored)["grades"])
    reports = evidence_reports(
        session, forecast.tags, opened=forecast.opened, as_of=run.as_of, known_at=run.recorded_at
    )
    events = credibility.events(reports, as_of=run.as_of, grades=grades)
    again = select(forecast, events, as_of=run.as_of, observed_until=evidence.observed_until)
    return digest(snapshot(again, grades)) == run.evidence_digest
