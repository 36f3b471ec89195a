"""A forecast's definition as the tables of ``config.toml`` that would state it."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from model.definition import canonical
from model.domain import Forecast
from model.errors import InvalidValue
from service.sections import ForecastTable, IndicatorTable, ScenarioTable

_LISTS = ("scenarios", "indicators")
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_DATES = ("opened", "horizon", "observed_until")


def forecast_of(definition: Mapping[str, Any]) -> Forecast:
    """Read a definition as strictly as the configuration is read.

    Raises
    ------
    InvalidValue
        It is not what `model.definition.canonical` writes of any forecast that could be configured.
    """
    try:
        forecast = ForecastTable.model_validate(tables(definition)).forecast()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidValue(f"the definition is no forecast's: {where}: {first['msg']}") from None
    except InvalidValue:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidValue(f"the definition is no forecast's: {error}") from None
    if canonical(forecast) != definition:
        raise InvalidValue("the definition is not written as this release writes one")
    return forecast


def tables(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values of a ``[[forecasts]]`` table; what has its usual value is left out."""
    own = {name: value for name, value in definition.items() if name not in _LISTS and value is not None}
    return own | {
        "scenarios": [dict(one) for one in definition["scenarios"]],
        "indicators": [_indicator(one) for one in definition["indicators"]],
    }


def _indicator(stated: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in stated.items() if name not in {"tags", "stated"}}
    return own | {"tag": stated["tags"], "expected" if stated["recurs"] else "probability": stated["stated"]}


def toml(definition: Mapping[str, Any]) -> str:
    """Write a definition as it is to stand in ``config.toml``."""
    told = tables(definition)
    lines = ["[[forecasts]]", *_keys(told, ForecastTable)]
    for name, model in (("scenarios", ScenarioTable), ("indicators", IndicatorTable)):
        for one in told[name]:
            lines += ["", f"[[forecasts.{name}]]", *_keys(one, model)]
    return "\n".join(lines) + "\n"


def _keys(
    table: Mapping[str, Any], model: type[ForecastTable | ScenarioTable | IndicatorTable]
) -> Iterator[str]:
    """Write the keys of a table that differ from what they would be without being written."""
    usual = {name: field.default for name, field in model.model_fields.items() if not field.is_required()}
    for name, value in table.items():
        plain = tuple(value) if isinstance(value, list) else value
        if name not in _LISTS and (name not in usual or usual[name] != plain):
            yield f"{name} = {value if name in _DATES else _value(value)}"


def _value(value: object) -> str:
    match value:
        case Mapping():
            return f"{{ {', '.join(f'{_text(name)} = {_value(one)}' for name, one in value.items())} }}"
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case str():
            return _text(value)
        case _:
            return json.dumps(value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    """Write a basic string of TOML: escaped as JSON is, and whatever could not be seen by its code point."""
    plain = json.dumps(text, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in plain)
