"""How a problem of the configuration is said: where it stands, what is wrong, what to write."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

Key = tuple[int | str, ...]

PREFIX = "POSTERITY__"
DELIMITER = "__"
LONGEST = 40  # characters of a value that are quoted in a message

_WRITE = {
    "id": 'write id = "a-short-name"',
    "kind": 'write kind = "rss"',
    "from": 'write from = "register:orders", "register:deliveries" or "events:TAG"',
    "factor": "write how many times as many occasions each scenario expects, factor = { base = 1, … }",
    "code": 'write code = ["057"]',
    "opened": "write the first day, opened = 2026-01-31",
    "horizon": "write the last day, horizon = 2027-01-31",
    "prior": "write its probability before any evidence, prior = 0.5",
    "tag": 'write the kind of event, tag = "contract_signed"',
    "scenarios": "write a [[forecasts.scenarios]] table for each of them",
}
_DOUBLE_BRACKETS = {
    "forecasts": "[[forecasts]]",
    "scenarios": "[[forecasts.scenarios]]",
    "indicators": "[[forecasts.indicators]]",
    "sources": "[[sources]]",
    "rules": "[[rules]]",
}


class Problem(NamedTuple):
    """One thing that is wrong: the path of its key, and a sentence."""

    key: Key
    text: str


def shown(value: object) -> str:
    """Show a value of TOML in one short line."""
    if isinstance(value, Mapping | list):
        return "a table" if isinstance(value, Mapping) else "a list"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        return str(value)
    if isinstance(value, int) and abs(value) >= 10**15:  # Python does not write out thousands of digits
        return "a very large number"
    if isinstance(value, str) and len(value) > LONGEST:
        value = value[: LONGEST - 1] + "…"
    return json.dumps(value, ensure_ascii=isinstance(value, str) and not value.isprintable())


def dotted(key: Key) -> str:
    """Write a key's path as ``forecasts[0].indicators[3].expected.upside``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{bare(step)}" for step in key)
    return "".join(steps).removeprefix(".")


def bare(step: str) -> str:
    """Write a key as TOML does, in quotes where it needs them."""
    return step if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", step) else shown(step)


def printable(name: str) -> str:
    """Write the name of a file or a variable, in quotes where it would break the line."""
    return name if name.isprintable() else shown(name)


def nearest(word: str, known: Iterable[str]) -> str:
    """Ask for the nearest known word, or list all of them."""
    words = list(known)
    close = difflib.get_close_matches(word, words, n=1)
    return f"did you mean {bare(close[0])}?" if close else f"write one of {listed(words)}"


def listed(words: Iterable[str]) -> str:
    """Write keys one after the other."""
    return ", ".join(map(bare, words))


def worded(error: ErrorDetails, root: type[BaseModel]) -> str:
    """Say in our words what pydantic found; only the readers, who know what is secret, show values."""
    kind, key, context = error["type"], error["loc"], error.get("ctx", {})
    last = str(key[-1]) if key else ""
    if kind == "extra_forbidden":
        return _unknown(key, root)
    says = {
        "value_error": str(context.get("error")),
        "missing": f"is missing; {_WRITE.get(last, 'write it')}",
        "model_type": "is not a table; write its keys one by one",
        "dict_type": "is not a table; write its keys one by one",
        "tuple_type": f"is not a list; write {_DOUBLE_BRACKETS.get(last, 'it in square brackets')}",
        "too_short": f"is too short; write at least {context.get('min_length')}",
    }
    return says.get(kind, "does not fit here; see the documentation of this key")


def _unknown(key: Key, root: type[BaseModel]) -> str:
    word = str(key[-1])
    if len(key) > 1 and word == "include":
        return "belongs at the top of the file, above the first [section]"
    return f"is not a known key; {nearest(word, known_keys(root, key[:-1]))}"


def known_keys(root: type[BaseModel], key: Key) -> list[str]:
    """Keys that the table at a path may hold."""
    model = root
    for step in key:
        field = model.model_fields.get(str(step))
        model = next(_models(field.annotation), model) if field else model
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where each key of a configuration was written.

    Parameters
    ----------
    file
        Name of the configuration file.
    forecasts
        For each forecast the name of its file, and its place in it.
    variables
        Names of the environment's variables by what they are in capitals.
    environment
        The values that the environment set, as a tree.
    """

    file: str
    forecasts: Sequence[tuple[str, int]] = ()
    variables: Mapping[str, str]
    environment: Mapping[str, object]

    def line(self, problem: Problem) -> str:
        """Put a problem into one line: file or variable, key path, what is wrong."""
        key = problem.key
        if variable := self._variable(key):
            name, rest = variable
            return ": ".join(filter(None, (printable(name), dotted(rest), problem.text)))
        if len(key) > 1 and key[0] == "forecasts" and isinstance(key[1], int):
            file, place = self.forecasts[key[1]]
            return f"{file}: {dotted(('forecasts', place, *key[2:]))}: {problem.text}"
        return f"{printable(self.file)}: {dotted(key)}: {problem.text}"

    def _variable(self, key: Key) -> tuple[str, Key] | None:
        if not self._from_environment(key):
            return None
        for length in range(len(key), 0, -1):
            name = PREFIX + DELIMITER.join(map(str, key[:length])).upper()
            if name in self.variables:
                return self.variables[name], key[length:]
        return None

    def _from_environment(self, key: Key) -> bool:
        """Whether the environment set it: tables of both are merged, anything else is replaced whole."""
        node: object = self.environment
        for step in key:
            if not isinstance(node, Mapping):
                return True
            if step not in node:
                return False
            node = node[step]
        return bool(key)
