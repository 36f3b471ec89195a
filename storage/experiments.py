"""Experiments: a name, its settings, and the nights that were recomputed under them."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from itertools import batched
from typing import Literal, cast

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.content import as_text
from storage.database import EXPERIMENTING, NULLS, exclusive
from storage.experiment_tables import Experiment, ExperimentPosterior, ExperimentRun
from storage.runs import ScenarioPosterior, Status

type Engine = Literal["exact", "pymc"]

_NUMBERS = [one for one in ExperimentPosterior.model_fields if one not in {"experiment_run_id", "position"}]
_BATCH = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What all nights of an experiment share: under equal settings equal evidence gives equal numbers.

    Parameters
    ----------
    band
        Whether the band of sensitivity is computed as well.
    definition, grades
        The forecast's definition, and what the grades are worth, as plain data.
    """

    forecast_id: str
    engine: Engine
    band: bool
    forecast_digest: str
    code_digest: str
    definition: Mapping[str, object]
    grades: Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredExperiment:
    """An experiment as it was begun."""

    number: int
    name: str
    settings: Settings
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Night:
    """One night of an experiment.

    Parameters
    ----------
    counted
        Credibility of each event that stands in some indicator, by its key.
    reports
        How many reports these events rest on.
    detail
        Why it was held, or failed.
    supersedes
        Number of the night of this cutoff that stood before, 0 where none did.
    """

    as_of: date
    status: Status
    evidence_digest: str
    observed_until: date
    reports: int
    counted: Mapping[str, float]
    posteriors: Sequence[ScenarioPosterior] = ()
    detail: str = ""
    supersedes: int = 0

    @property
    def probabilities(self) -> dict[str, float | None]:
        """By scenario, in the forecast's order."""
        return {one.scenario: one.probability for one in self.posteriors}


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """The night of a cutoff that is in force: its number, and what it was made from."""

    number: int
    evidence_digest: str
    status: Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """An experiment at a glance; no days where it holds no night yet."""

    name: str
    forecast_id: str
    engine: Engine
    nights: int
    first: date | None
    last: date | None
    recorded_at: datetime = field(compare=False)


def begin_experiment(session: Session, name: str, settings: Settings, *, at: datetime) -> StoredExperiment:
    """Record an experiment, or find the one of this name, whatever its settings are."""
    row = Experiment(
        name=name,
        recorded_at=at,
        definition=as_text(settings.definition),
        grades=as_text(settings.grades),
        **{one: getattr(settings, one) for one in _PLAIN},
    )
    found = experiment(session, name)
    if found is not None:
        return found
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # another process began it at this moment
        pass
    return cast("StoredExperiment", experiment(session, name))


_PLAIN = ("forecast_id", "engine", "band", "forecast_digest", "code_digest")


def experiment(session: Session, name: str) -> StoredExperiment | None:
    """Look up an experiment by its name."""
    row = session.scalars(select(Experiment).where(col(Experiment.name) == name)).first()
    if row is None:
        return None
    plain = {one: getattr(row, one) for one in _PLAIN}
    settings = Settings(definition=json.loads(row.definition), grades=json.loads(row.grades), **plain)
    return StoredExperiment(
        number=cast("int", row.id), name=row.name, settings=settings, recorded_at=row.recorded_at
    )


def experiments(session: Session) -> list[Summary]:
    """List all experiments, the newest first."""
    as_of = col(ExperimentRun.as_of)
    mine = col(ExperimentRun.experiment_id) == col(Experiment.id)
    spans = (
        select(col(Experiment.id), func.count(as_of.distinct()), func.min(as_of), func.max(as_of))
        .outerjoin(ExperimentRun, mine)
        .group_by(col(Experiment.id))
    )
    found = {row[0]: row for row in session.execute(spans)}
    rows = session.scalars(select(Experiment).order_by(col(Experiment.id).desc()))
    return [_summary(row, *found[row.id][1:]) for row in rows if row.id in found]


def _summary(row: Experiment, nights: int, first: date | None, last: date | None) -> Summary:
    return Summary(
        name=row.name,
        forecast_id=row.forecast_id,
        engine=cast("Engine", row.engine),
        nights=nights,
        first=first,
        last=last,
        recorded_at=row.recorded_at,
    )


def standing_nights(session: Session, number: int) -> dict[date, Standing]:
    """Say of each cutoff of an experiment which night is in force."""
    chosen = (ExperimentRun.id, ExperimentRun.as_of, ExperimentRun.evidence_digest, ExperimentRun.status)
    found = session.execute(select(*map(col, chosen)).where(_in_force(number)))
    return {
        row.as_of: Standing(number=row.id, evidence_digest=row.evidence_digest, status=row.status)
        for row in found
    }


def store_nights(session: Session, number: int, nights: Collection[Night], *, at: datetime) -> int:
    """Store nights, and say how many were new; those that another process stored meanwhile are not."""
    exclusive(session, EXPERIMENTING)
    there = standing_nights(session, number)
    new = [one for one in nights if one.supersedes == (there[one.as_of].number if one.as_of in there else 0)]
    if not new:
        return 0
    rows = [_row(number, one, at) for one in new]
    returned = col(ExperimentRun.id), col(ExperimentRun.as_of)
    stored = session.execute(insert(ExperimentRun).returning(*returned), rows, execution_options=NULLS)
    numbers = {as_of: run for run, as_of in stored}
    posteriors = [
        {"experiment_run_id": numbers[one.as_of], "position": place, **_numbers(each)}
        for one in new
        for place, each in enumerate(one.posteriors)
    ]
    if posteriors:
        session.execute(insert(ExperimentPosterior), posteriors, execution_options=NULLS)
    return len(new)


def nights(session: Session, number: int) -> list[Night]:
    """List the nights of an experiment that are in force, by cutoff."""
    order = col(ExperimentRun.as_of)
    rows = session.scalars(select(ExperimentRun).where(_in_force(number)).order_by(order)).all()
    said: dict[int, list[ScenarioPosterior]] = defaultdict(list)
    for some in batched((row.id for row in rows), _BATCH):
        mine = col(ExperimentPosterior.experiment_run_id).in_(some)
        statement = select(ExperimentPosterior).where(mine).order_by(col(ExperimentPosterior.position))
        for one in session.scalars(statement):
            said[one.experiment_run_id].append(_posterior(one))
    return [_night(row, said[cast("int", row.id)]) for row in rows]


def _in_force(number: int) -> ColumnElement[bool]:
    mine = col(ExperimentRun.experiment_id) == number
    newest = select(func.max(col(ExperimentRun.id))).where(mine).group_by(col(ExperimentRun.as_of))
    return col(ExperimentRun.id).in_(newest)


def _row(number: int, night: Night, at: datetime) -> dict[str, object]:
    plain = ("as_of", "supersedes", "status", "evidence_digest", "observed_until", "reports", "detail")
    own = {name: getattr(night, name) for name in plain}
    return own | {"experiment_id": number, "recorded_at": at, "counted": as_text(dict(night.counted))}


def _numbers(one: ScenarioPosterior) -> dict[str, object]:
    stated = asdict(one)
    return {name: stated[name] for name in _NUMBERS}


def _posterior(row: ExperimentPosterior) -> ScenarioPosterior:
    return ScenarioPosterior(**{name: getattr(row, name) for name in _NUMBERS})


def _night(row: ExperimentRun, posteriors: Sequence[ScenarioPosterior]) -> Night:
    return Night(
        as_of=row.as_of,
        status=cast("Status", row.status),
        evidence_digest=row.evidence_digest,
        observed_until=row.observed_until,
        reports=row.reports,
        counted=json.loads(row.counted),
        posteriors=tuple(posteriors),
        detail=row.detail,
        supersedes=row.supersedes,
    )
