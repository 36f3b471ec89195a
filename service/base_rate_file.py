"""The file of base rates: what `posterity base-rates --save` found, for indicators that refer to it."""

import json
import os
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_HEAD = """\
# Written by `posterity base-rates --save`; indicators with a base_rate take their numbers from here.
# `expected` occasions over a window of so many `days`, in all of the countries together.
"""
_LARGEST = 1_000_000  # bytes
_Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Rate(BaseModel):
    """How many occasions of a kind a group of countries is to expect over a window.

    Parameters
    ----------
    kind
        ``register:orders``, ``register:deliveries`` or ``events:TAG``.
    countries
        The group, in any order.
    days
        Length of the window, its first and its last day included.
    expected, low, high
        Mean of the number of occasions, and its 10 % and 90 % quantiles.
    spread
        As an indicator's.
    history
        The years of the record, and what it was made from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    kind: str = Field(alias="from")
    countries: tuple[str, ...]
    days: Annotated[int, Field(ge=1)]
    expected: _Number
    low: _Number
    high: _Number
    spread: Annotated[float, Field(ge=0, le=10)]
    history: str = ""

    def is_of(self, kind: str, countries: Iterable[str], days: int) -> bool:
        """Whether it answers this question."""
        return (self.kind, set(self.countries), self.days) == (kind, set(countries), days)


def read(path: Path) -> tuple[Rate, ...]:
    """Read a file of base rates; none where there is no file.

    Raises
    ------
    ValueError
        In one line: what is wrong with it, and what to do.
    """
    try:
        with path.open("rb") as stream:
            text = stream.read(_LARGEST + 1).decode()
        found = tomllib.loads(text) if len(text) <= _LARGEST else {}
        return tuple(Rate.model_validate(one) for one in found["base_rates"])
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{path.name}: {where}: {first['msg']}; {_AGAIN}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{path.name} is no file of base rates; {_AGAIN}") from error


_AGAIN = "write it with `posterity base-rates --save`"


def by_country(rates: Iterable[Rate], kind: str, days: int) -> dict[str, tuple[float, float, float]]:
    """Give the rates of single countries: expected, and the low and the high end."""
    return {
        one.countries[0]: (one.expected, one.low, one.high)
        for one in rates
        if len(one.countries) == 1 and one.is_of(kind, one.countries, days)
    }


def merged(old: Sequence[Rate], new: Sequence[Rate]) -> list[Rate]:
    """Put new rates in the place of those that answer the same question, and keep the others."""
    kept = [one for one in old if not any(each.is_of(one.kind, one.countries, one.days) for each in new)]
    return [*kept, *new]


def write(path: Path, rates: Iterable[Rate]) -> None:
    """Write a file of base rates, whole or not at all.

    Raises
    ------
    OSError
        It cannot be written.
    """
    text = _HEAD + "".join(f"\n[[base_rates]]\n{_toml(one)}" for one in rates)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _toml(rate: Rate) -> str:
    """Write one rate; JSON's texts, numbers and lists are TOML's too."""
    values = rate.model_dump(by_alias=True)
    return "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items())
