"""How the keys of a source of event exports are read: each reader returns the value, or says what to write.

They refuse with ValueError, which pydantic collects.
"""

import json
import math
from collections.abc import Callable
from difflib import get_close_matches
from typing import Annotated

from pydantic import BeforeValidator

from ingest import fields
from ingest.countries import country_code
from ingest.gdelt.codes import covered
from ingest.gdelt.places import ACTORS, REGIONS
from model.errors import InvalidValue

TYPES = frozenset(
    """
    AGR AMN BUS COP CRM CVL DEV EDU ELI ENV GOV GRP HLH HRI IGO IMG INS INT IRC JUD LAB LEG MED MIL MNC MOD
    NGM NGO OPP PKO RAD REB REF SEP SET SPY UAF UIS UNO
    """.split()  # noqa: SIM905 - quotation marks would hide the list
)
_PARTS = ("actor1", "actor2", "place")
_LONGEST = 40  # characters of a value that are quoted in a message


def _is(value: object, advice: str) -> ValueError:
    return ValueError(f"is {_shown(value)}; {advice}")


def _shown(value: object) -> str:
    """Show a value of TOML in one short line."""
    if isinstance(value, list | tuple | dict):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and abs(value) >= 10**15:  # Python does not write out thousands of digits
        return "a very large number"
    if isinstance(value, str) and len(value) > _LONGEST:
        value = value[: _LONGEST - 1] + "…"
    return json.dumps(value, ensure_ascii=not (isinstance(value, str) and value.isprintable()), default=str)


def _several(read: Callable[[object], str]) -> BeforeValidator:
    """Make the reader of a list, or of a single text, which is a list of one."""

    def read_all(value: object) -> tuple[str, ...]:
        values = value if isinstance(value, list | tuple) else [value]
        return tuple(dict.fromkeys(read(one) for one in values))

    return BeforeValidator(read_all)


def _pattern(value: object) -> str:
    if not isinstance(value, str):
        raise _is(value, 'write codes in quotes, with the zero at their front, such as "057"')
    if covered(value):
        return value
    if covered(f"0{value}"):
        raise _is(value, f'write "0{value}"')
    raise _is(value, 'write a code of CAMEO, such as "057", or the beginning of several and a star, "05*"')


def _country(value: object) -> str:
    advice = 'write an ISO 3166 code of two letters, such as "PE", or leave it out for any country'
    if not isinstance(value, str) or value == "*":
        raise _is(value, advice)
    if value.upper() in ACTORS:
        return ACTORS[value.upper()]
    if value.upper() in REGIONS:
        raise _is(value, "that is a region; list its countries")
    try:
        return country_code(value)
    except InvalidValue:
        raise _is(value, advice) from None


def _type(value: object) -> str:
    found = value.upper() if isinstance(value, str) else ""
    if found in TYPES:
        return found
    close = get_close_matches(found, sorted(TYPES), n=1)
    raise _is(value, f"did you mean {close[0]}?" if close else "write a type of CAMEO, such as MIL or GOV")


def _tag(value: object) -> str:
    try:
        return fields.tag(value)
    except InvalidValue:
        raise _is(value, 'write the kind of event, such as "defence_agreement"') from None


def _chance(value: object) -> float:
    found = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not 0 <= found <= 1:
        raise _is(value, "write a number from 0 to 1")
    return float(found)


def whole(low: int, high: int) -> BeforeValidator:
    """Make the reader of a whole number within bounds, both included."""

    def read(value: object) -> int:
        found = value if isinstance(value, int) and not isinstance(value, bool) else low - 1
        if not low <= found <= high:
            raise _is(value, f"write a whole number, {low} to {high}")
        return found

    return BeforeValidator(read)


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise _is(value, "write true or false, without quotes")
    return value


def _from(value: object) -> str:
    if value in _PARTS:
        return str(value)
    try:
        return _country(value)
    except ValueError:
        raise _is(value, 'write actor1, actor2, place, or a code such as "PE"') from None


Patterns = Annotated[tuple[str, ...], _several(_pattern)]
Countries = Annotated[tuple[str, ...], _several(_country)]
Types = Annotated[tuple[str, ...], _several(_type)]
Tag = Annotated[str, BeforeValidator(_tag)]
Part = Annotated[str | None, BeforeValidator(_from)]
Chance = Annotated[float, BeforeValidator(_chance)]
Truth = Annotated[bool, BeforeValidator(_yes_or_no)]
