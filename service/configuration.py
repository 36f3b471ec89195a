"""The one reader of ``config.toml``: validated values, or every problem at once."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource, InitSettingsSource

from model.domain import Forecast
from model.errors import ConfigurationError
from service import crosschecks, toml_files
from service.problems import DELIMITER, PREFIX, Places, Problem, nearest, printable, worded
from service.sections import (
    Alerts,
    BaseRates,
    BaseRateTable,
    Digest,
    ForecastTable,
    Grades,
    Ingest,
    Model,
    Moves,
    RecordFiles,
    Rule,
    Schedule,
    Serve,
    Settings,
    Source,
    Storage,
)

_FILES_ONLY = ("include", "forecasts")
_SECTIONS = tuple(name for name in Settings.model_fields if name not in _FILES_ONLY)


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """What the operator and the analysts decided, validated; every path in it is absolute.

    Parameters
    ----------
    path, folder
        The file, and the folder to which relative paths in it relate.
    warnings
        What may not have been meant, one line each.
    forecast_alerts
        For each forecast's id the alerts in force, its own keys before those of ``[alerts]``.
    referring
        For each forecast's id the indicators that refer to a base rate, and to which.
    """

    path: Path
    folder: Path
    storage: Storage
    schedule: Schedule
    ingest: Ingest
    grades: Grades
    model: Model
    sources: tuple[Source, ...]
    words: Mapping[str, tuple[str, ...]]
    rules: tuple[Rule, ...]
    base_rates: BaseRates
    panel: RecordFiles
    digest: Digest
    alerts: Alerts
    serve: Serve
    forecasts: tuple[Forecast, ...]
    forecast_alerts: Mapping[str, Moves]
    referring: Mapping[str, Mapping[str, BaseRateTable]]
    warnings: tuple[str, ...] = ()


def load(
    path: Path, environ: Mapping[str, str] | None = None, *, polls: bool = True, rates: bool = True
) -> Configuration:
    """Read a configuration file, the files that it includes, and the environment's overrides.

    Parameters
    ----------
    path
        The file.
    environ
        Environment variables, of which ``POSTERITY__SECTION__KEY`` go before the file; those of the
        process by default.
    polls
        Look also into the keys of sources and the patterns of rules, which whoever only shows what is
        stored need not wait for.
    rates
        Look base rates up; without, each stands for one occasion, for who is about to compute them.

    Raises
    ------
    ConfigurationError
        With every problem, one line each.
    """
    environ = os.environ if environ is None else environ
    path = path.absolute()
    files, environment = toml_files.read(path), _Environment(environ)
    settings, problems = _validated(files, environment)
    problems += crosschecks.problems(_merged(files.tree, environment.tree))
    if polls and settings is not None and (settings.sources or settings.rules or settings.words):
        problems += _parts(settings)
    if settings is not None:
        settings, missing = _with_rates(settings, path.parent, rates=rates)
        problems += missing
    places = Places(
        file=path.name,
        forecasts=files.forecasts,
        variables=environment.variables,
        environment=environment.tree,
    )
    lines = [*_strays(environ), *files.lines, *map(places.line, sorted(problems, key=_order))]
    if settings is None or lines:
        raise ConfigurationError(lines)
    return _configuration(path, settings, places)


def _with_rates(settings: Settings, folder: Path, *, rates: bool) -> tuple[Settings, list[Problem]]:
    if not any(each.base_rate for table in settings.forecasts for each in table.indicators):
        return settings, []
    from service import base_rate_keys  # noqa: PLC0415 - only where there are any

    return base_rate_keys.resolved(settings, folder) if rates else (base_rate_keys.provisional(settings), [])


def _parts(settings: Settings) -> Iterator[Problem]:
    from service import kinds  # noqa: PLC0415 - only where there are any

    yield from kinds.problems(settings.sources)
    yield from kinds.rule_problems(settings.rules, settings.words)


def _configuration(path: Path, settings: Settings, places: Places) -> Configuration:
    forecasts = tuple(table.forecast() for table in settings.forecasts)
    alerts = {table.id: _over(settings.alerts, table.alerts) for table in settings.forecasts}
    sections = {name: getattr(settings, name) for name in _SECTIONS}
    return Configuration(
        **(sections | _absolute(settings, path.parent)),
        path=path,
        folder=path.parent,
        forecasts=forecasts,
        forecast_alerts=MappingProxyType(alerts),
        referring=MappingProxyType({table.id: _referring(table) for table in settings.forecasts}),
        warnings=tuple(map(places.line, _warnings(forecasts))),
    )


def _referring(table: ForecastTable) -> Mapping[str, BaseRateTable]:
    return {one.id: one.base_rate for one in table.indicators if one.base_rate is not None}


def _absolute(settings: Settings, folder: Path) -> dict[str, object]:
    storage, ingest = settings.storage, settings.ingest
    at_home = {"url": _absolute_url(storage.url, folder), "draws": folder / storage.draws}
    sources = (
        source.model_copy(update={"path": folder / source.path} if source.path else {})
        for source in settings.sources
    )
    return {
        "storage": storage.model_copy(update=at_home),
        "ingest": ingest.model_copy(update={"drop_folder": folder / ingest.drop_folder}),
        "sources": tuple(sources),
        "base_rates": settings.base_rates.model_copy(update={"file": folder / settings.base_rates.file}),
        "panel": settings.panel.model_copy(update=_files(settings.panel, folder)),
    }


def _files(named: RecordFiles, folder: Path) -> dict[str, Path]:
    return {name: folder / path for name, path in named if path is not None}


def _absolute_url(url: str, folder: Path) -> str:
    """Make a SQLite file's path absolute; other databases, memory and ``file:`` addresses stay."""
    path, mark, options = url.removeprefix("sqlite:///").partition("?")
    if not url.startswith("sqlite:///") or path in {"", ":memory:"} or path.startswith("file:"):
        return url
    return f"sqlite:///{folder / path}{mark}{options}"


def _over(general: Alerts, own: Moves) -> Moves:
    return Moves(**(general.model_dump(include=set(Moves.model_fields)) | own.model_dump(exclude_unset=True)))


def _warnings(forecasts: Sequence[Forecast]) -> Iterator[Problem]:
    for place, forecast in enumerate(forecasts):
        yield from crosschecks.oddities(place, forecast)


def _merged(file: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """Merge as the settings do: tables key by key, anything else is replaced whole."""
    merged = dict(file)
    for name, value in over.items():
        own = file.get(name)
        if isinstance(own, Mapping) and isinstance(value, Mapping):
            merged[name] = _merged(own, value)
        else:
            merged[name] = value
    return merged


def _order(problem: Problem) -> int:
    """Put the sections first, then forecast after forecast."""
    match problem.key:
        case ("forecasts", int(place), *_):
            return place
        case _:
            return -1


def _validated(files: toml_files.Files, environment: "_Environment") -> tuple[Settings | None, list[Problem]]:
    sources = (environment, InitSettingsSource(Settings, files.tree))
    try:
        return Settings(_build_sources=(sources, {})), []  # type: ignore[call-arg]  # mypy sees fields only
    except ValidationError as error:
        found = error.errors(include_url=False)
        return None, [Problem(each["loc"], worded(each, Settings)) for each in found]


class _Environment(EnvSettingsSource):
    """The environment's overrides of sections, from any mapping."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        ours = {name: value for name, value in environ.items() if _section(name) in _SECTIONS}
        self.variables = {name.upper(): name for name in ours}
        self._values = {name.lower(): value for name, value in ours.items() if value}
        super().__init__(Settings, case_sensitive=False)
        self.tree = self()

    def _load_env_vars(self) -> Mapping[str, str]:
        return self._values

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Read JSON; what is none is left as it is, for validation to refuse beside everything else."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except (ValueError, RecursionError):
            return value


def _section(variable: str) -> str | None:
    """Name the section that a variable overrides; None for a variable that is not ours."""
    start, rest = variable[: len(PREFIX)], variable[len(PREFIX) :]
    return rest.split(DELIMITER)[0].lower() if start.upper() == PREFIX else None


def _strays(environ: Mapping[str, str]) -> Iterator[str]:
    known = [PREFIX + name.upper() for name in _SECTIONS]
    for name, section in sorted((name, _section(name)) for name in environ):
        if section in _FILES_ONLY:
            yield f"{printable(name)}: {section} may stand in files only; write it there"
        elif section is not None and section not in _SECTIONS:
            yield f"{printable(name)}: names no section; {nearest(PREFIX + section.upper(), known)}"
