"""A forecast's definition as plain data, and the digest that names this version of it."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any

from model.digests import digest
from model.domain import Forecast, Indicator, Scenario
from model.errors import InvalidValue


def canonical(forecast: Forecast) -> dict[str, object]:
    """Write everything that a forecast states as JSON can hold it, in the forecast's own order.

    Days are ISO dates, and whatever may be a fraction is a float: forecasts that are equal have equal
    definitions, however their numbers were written.
    """
    scenarios = [_plain(scenario) for scenario in forecast.scenarios]
    indicators = [
        _plain(indicator) | {"stated": {key: _number(indicator.stated[key]) for key in forecast.scenario_ids}}
        for indicator in forecast.indicators
    ]
    return _plain(forecast) | {"scenarios": scenarios, "indicators": indicators}


def forecast_digest(forecast: Forecast) -> str:
    """Name the version of a forecast: the SHA-256 of its definition, ``sha256:…``."""
    return digest(canonical(forecast))


def forecast_from(definition: Mapping[str, Any]) -> Forecast:
    """Make the forecast of a definition: the inverse of `canonical`.

    Raises
    ------
    InvalidValue
        The data is not a forecast's definition, or makes no sense as one.
    """
    try:
        return _forecast(definition)
    except InvalidValue:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidValue(f"this is not the definition of a forecast: {error}") from None


def _forecast(definition: Mapping[str, Any]) -> Forecast:
    until = definition.get("observed_until")
    read = {
        "opened": date.fromisoformat(definition["opened"]),
        "horizon": date.fromisoformat(definition["horizon"]),
        "observed_until": until and date.fromisoformat(until),
        "sources": tuple(definition.get("sources", ())),
        "scenarios": tuple(Scenario(**scenario) for scenario in definition["scenarios"]),
        "indicators": tuple(_indicator(indicator) for indicator in definition["indicators"]),
    }
    return Forecast(**{**definition, **read})


def _indicator(definition: Mapping[str, Any]) -> Indicator:
    read = {name: tuple(definition.get(name, ())) for name in ("tags", "countries")}
    return Indicator(**{**definition, **read})


def _plain(value: Forecast | Scenario | Indicator) -> dict[str, object]:
    """Write a domain value's own fields, those that hold other domain values left as they are."""
    found = ((field, getattr(value, field.name)) for field in fields(value))
    return {field.name: _number(item) if field.type is float else _item(item) for field, item in found}


def _item(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _number(value: float) -> float:
    return float(value) + 0.0  # so that -0.0 is 0.0
