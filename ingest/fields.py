"""How the single fields of a report are read: each function takes a value and refuses what makes no sense."""

import math
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from ingest.countries import country_code
from model.dates import CoarseDate
from model.errors import InvalidValue

MAX_DEPTH = 20
MAX_INTEGER = 2**63 - 1  # what databases and data frames hold
_TAG = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_GRADE = re.compile(r"[A-F][1-6]")
_RUN_BY_BROWSERS = ("javascript:", "data:", "vbscript:", "blob:", "file:")
_BREAKS = re.compile(r"[\t\r\n]+")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

_KINDS: dict[type, str] = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    tuple: "a list",
    dict: "an object",
}


def _is(value: object, wanted: str) -> InvalidValue:
    return InvalidValue(f"is {_KINDS.get(type(value), 'of no known kind')}; write {wanted}")


def _character(found: re.Match[str]) -> InvalidValue:
    return InvalidValue(f"holds the character U+{ord(found[0]):04X}, which cannot be shown; take it out")


def text(limit: int, example: str) -> Callable[[object], str]:
    """Reader of one line of text, stripped, at most `limit` characters long."""

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise _is(value, f"text, such as {example}")
        stripped = value.strip()
        if found := _UNPRINTABLE.search(stripped):
            raise _character(found)
        if not any(map(str.isprintable, stripped)):
            raise InvalidValue(f"is blank to the eye; write text, such as {example}")
        if len(stripped) > limit:
            raise InvalidValue(f"has {len(stripped):,} characters; write at most {limit:,}")
        return stripped

    return read


_line = text(2000, '"Peru signs for eight helicopters"')
_short = text(200, '"rt083"')
_url = text(2048, '"https://example.org/news/1"')


def identifier(value: object) -> str:
    """Read the source's own key; whole numbers become text."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_INTEGER:
        return str(value)
    return _short(value)


def headline(value: object) -> str:
    """Read a headline; line breaks and tabs become a space."""
    return _line(_BREAKS.sub(" ", value) if isinstance(value, str) else value)


def tag(value: object) -> str:
    """Read a tag; capitals become small."""
    found = text(1000, '"contract_signed"')(value).lower()
    if not _TAG.fullmatch(found):
        raise InvalidValue(
            f"{found[:40]!r} is not a tag; write up to 100 of a-z, 0-9, _ and -, such as contract_signed"
        )
    return found


def coarse_date(value: object) -> CoarseDate:
    """Read a day, a month or a year."""
    if not isinstance(value, str):
        raise _is(value, '"2025-07-02", "2025-07" or "2025"')
    return CoarseDate.parse(value.strip())


def country(value: object) -> str:
    """Read a country's code or ``*``."""
    if not isinstance(value, str):
        raise _is(value, 'a two-letter code, such as "PE", or "*" for the region')
    return country_code(value)


def countries(value: object) -> tuple[str, ...]:
    """Read further countries: a list, or text with spaces, commas or semicolons between the codes."""
    if isinstance(value, str):
        value = re.split(r"[\s,;]+", value.strip(" \t,;"))
    if not isinstance(value, list | tuple):
        raise _is(value, 'a list of two-letter codes, such as ["PE", "BR"]')
    return tuple(dict.fromkeys(country(code) for code in value))


def address(value: object) -> str:
    """Read where the report stands: an address of the web, or a URI of another kind that no browser runs."""
    found = _url(value)
    try:
        parts = urlsplit(found)
        named = (
            bool(parts.hostname) if parts.scheme in {"http", "https"} else bool(parts.scheme and parts.path)
        )
    except ValueError:
        named = False
    if not named or re.search(r"\s", found) or found.lower().startswith(_RUN_BY_BROWSERS):
        raise InvalidValue(f"{found[:60]!r} is not an address; write https://… or leave it out")
    return found


def grade(value: object) -> str:
    """Read an Admiralty grade."""
    found = value.strip().upper() if isinstance(value, str) else ""
    if not _GRADE.fullmatch(found):
        shown = repr(value[:40]) if isinstance(value, str) else _KINDS.get(type(value), "this")
        raise InvalidValue(f"{shown} is not a grade; write a letter A to F and a digit 1 to 6, such as B2")
    return found


def probability(value: object) -> float:
    """Read a probability strictly between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _is(value, "a number between 0 and 1, such as 0.8")
    if not 0 < value < 1:
        raise InvalidValue("must lie between 0 and 1, both left out; write a number such as 0.8")
    return float(value)


def boolean(value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise _is(value, "true or false")
    return value


def field_name(value: object) -> None:
    """Refuse the name of an unknown field where it is not text, or text that cannot be kept."""
    if not isinstance(value, str):
        raise InvalidValue("is a field without a name; name it")
    json_value(value)


def json_value(value: object, depth: int = 0) -> None:
    """Refuse what JSON, or a database that holds it, cannot give back as it came."""
    if depth > MAX_DEPTH:
        raise InvalidValue(f"is nested more than {MAX_DEPTH} deep; write it flatter")
    if isinstance(value, dict):
        for name, item in value.items():
            field_name(name)
            json_value(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            json_value(item, depth + 1)
    else:
        _scalar(value)


def _scalar(value: object) -> None:
    if isinstance(value, str):
        if found := _UNSTORABLE.search(value):
            raise _character(found)
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise InvalidValue("is a number of more than 64 bits; write it as text")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidValue(f"is {value}, which is not a number; leave it out")
    elif value is not None:
        raise _is(value, "text, a number, a boolean, a list or an object")
