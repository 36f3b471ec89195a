"""What the nights of an experiment share; another elicitation, and the refusal to mix settings."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from model.credibility import Grades
from model.definition import canonical, forecast_digest
from model.digests import digest
from model.domain import Forecast
from model.errors import UsageError
from model.fingerprint import code_digest
from service import toml_files
from service.configuration import load
from storage.content import differences
from storage.experiments import Engine, Settings, StoredExperiment

_MOST = 3  # changed keys that are named

_ALLOWED = {"forecasts", "base_rates"}


def settings_of(forecast: Forecast, grades: Grades, *, engine: Engine, band: bool) -> Settings:
    """Gather what decides the numbers of a replay, beside the evidence."""
    return Settings(
        forecast_id=forecast.id,
        engine=engine,
        band=band,
        forecast_digest=forecast_digest(forecast),
        code_digest=code_digest(),
        definition=canonical(forecast),
        grades={
            "reliability": dict(grades.reliability),
            "credibility": dict(grades.credibility),
            "corroboration": grades.corroboration,
        },
    )


def default_name(settings: Settings) -> str:
    """Name an experiment for its settings: the same settings, the same name."""
    made_from = digest(asdict(settings)).removeprefix("sha256:")
    return f"{settings.forecast_id[:48]}-{settings.engine}-{made_from[:8]}"


def refuse_others(experiment: StoredExperiment, settings: Settings) -> None:
    """Raise a `UsageError` that says what differs, where an experiment was made with other settings."""
    if differing := list(_differing(experiment.settings, settings)):
        raise UsageError(
            f"the experiment {experiment.name} was made with other settings ({'; '.join(differing)}); "
            "write another name after --as, or leave it out"
        )


def _differing(before: Settings, now: Settings) -> Iterator[str]:
    if before.forecast_id != now.forecast_id:
        yield f"forecast {before.forecast_id}, now {now.forecast_id}"
        return
    if before.engine != now.engine:
        yield f"engine {before.engine}, now {now.engine}"
    if before.band != now.band:
        yield "with the band, now without" if before.band else "without the band, now with it"
    if before.code_digest != now.code_digest:
        yield "code or numerical packages of another version"
    yield from _changed("forecast", before.definition, now.definition)
    yield from _changed("grades", before.grades, now.grades)


def _changed(what: str, before: object, now: object) -> Iterator[str]:
    found = [f"{one['path']} {one['old']}, now {one['new']}" for one in differences(before, now)]
    if found:
        more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
        yield f"{what}: {', '.join(found[:_MOST])}{more}"


def elicited(forecast: Forecast, path: Path) -> Forecast:
    """Read another elicitation of a forecast: a file that states it anew, as config.toml would.

    Window and scenarios must be the same. Who was looking, and until when, is no part of an elicitation, so
    that stays as it is configured.

    Raises
    ------
    ConfigurationError
        The file is not right; every problem is told.
    UsageError
        It holds another forecast, or other questions than the elicited numbers.
    """
    if not path.is_file():
        raise UsageError(f"{path} is not there; name a file with the forecast's [[forecasts]] table")
    if strange := sorted(set(toml_files.read(path).tree) - _ALLOWED):
        raise UsageError(
            f"{path}: {', '.join(strange)} may not stand in an elicitation; write [[forecasts]] only"
        )
    stated = {one.id: one for one in load(path, {}, polls=False).forecasts}
    if forecast.id not in stated:
        raise UsageError(f"{path} holds no forecast {forecast.id!r}, but {', '.join(stated)}; name it so")
    other = stated[forecast.id]
    for name in ("opened", "horizon", "scenario_ids"):
        if getattr(other, name) != getattr(forecast, name):
            raise UsageError(
                f"{path} states another question: its {name.replace('_ids', 's')} differ from the configured "
                f"ones ({_said(getattr(other, name))}, not {_said(getattr(forecast, name))})"
            )
    return replace(other, observed_until=forecast.observed_until, sources=forecast.sources)


def _said(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
