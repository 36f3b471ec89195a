"""How the cells of the register are read: an empty one is None, and ``?`` marks what is uncertain. Pure."""

import re
from collections.abc import Callable

from model.errors import InvalidValue

CATEGORIES = frozenset(
    {
        *(
            "Aircraft",
            "Air defence systems",
            "Anti-submarine warfare weapons",
            "Armoured vehicles",
            "Artillery",
        ),
        *("Engines", "Missiles", "Naval weapons", "Other", "Satellites", "Sensors", "Ships"),
    }
)
STATUSES = frozenset({"New", "Second hand", "Second hand but modernized"})
FIRST_ORDER, FIRST_DELIVERY, LAST = 1940, 1950, 2100  # deliveries are registered from 1950 on

_ID = re.compile(r"[0-9]{1,12}")
_WHOLE = re.compile(r"([0-9]{1,9})(?:\.0+)?")  # .0 as data frames write what once had gaps
_DECIMAL = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?")
_COMMA = re.compile(r"-?[0-9]+(?:[.][0-9]{3})*,[0-9]+")
_FLAGS = {"Yes": True, "No": False, "?": True, "": False}


def _shown(text: str) -> str:
    return repr(text[:40])


def _number(text: str, what: str) -> InvalidValue:
    if _COMMA.fullmatch(text):
        return InvalidValue(f"{_shown(text)} has a comma, for decimals or thousands: {what}, without commas")
    return InvalidValue(f"{_shown(text)} is not {what}")


def identity(text: str) -> str:
    """Read the number of a deal."""
    if not _ID.fullmatch(text):
        raise _number(text, "the number of a deal")
    return text


def party(text: str) -> str:
    """Read the name of a supplier or a recipient."""
    if not text:
        raise InvalidValue("is empty; every deal has one")
    foreign = text in CATEGORIES or text in STATUSES or text in _FLAGS
    if foreign or not re.match(r"[^\W\d_]", text) or any(sign.isdigit() for sign in text):
        raise InvalidValue(f"{_shown(text)} is no country or group")
    return text


def words(text: str) -> str | None:
    """Read what the weapon is called, or what it is."""
    if text in CATEGORIES or text in STATUSES or text in {"Yes", "No"}:
        raise InvalidValue(f"{_shown(text)} belongs in another column")
    return text or None


def one_of(known: frozenset[str], what: str) -> Callable[[str], str | None]:
    """Make the reader of one of the register's own words, which may be missing."""

    def read(text: str) -> str | None:
        if text and text not in known:
            raise InvalidValue(f"{_shown(text)} is no {what} of the register: {', '.join(sorted(known))}")
        return text or None

    return read


def year(earliest: int) -> Callable[[str], tuple[int | None, bool]]:
    """Make the reader of a year, and of whether it has a question mark."""

    def read(text: str) -> tuple[int | None, bool]:
        plain, uncertain = _marked(text)
        if not plain:
            return None, uncertain
        found = _WHOLE.fullmatch(plain)
        if not found or not earliest <= int(found[1]) <= LAST:
            raise _number(text, f"a year from {earliest} to {LAST}")
        return int(found[1]), uncertain

    return read


def count(text: str) -> tuple[int | None, bool]:
    """Read a number of things, and whether it has a question mark."""
    plain, uncertain = _marked(text)
    found = _WHOLE.fullmatch(plain)
    if plain and not found:
        raise _number(text, "a whole number")
    return int(found[1]) if found else None, uncertain


def decimal(text: str) -> float | None:
    """Read a figure with a decimal point; a question mark alone is no figure."""
    plain, _ = _marked(text)
    if plain and not _DECIMAL.fullmatch(plain):
        raise _number(text, "a number with a decimal point")
    return float(plain) if plain else None


def flag(text: str) -> bool:
    """Read whether something is an estimate; what is not marked is none."""
    return _yes_or_no(text)


def local(text: str) -> bool | None:
    """Read whether it is produced under licence; None where that is not said."""
    return _yes_or_no(text) if text not in {"", "?"} else None


def _yes_or_no(text: str) -> bool:
    if text not in _FLAGS:
        raise InvalidValue(f"{_shown(text)} is neither Yes nor No")
    return _FLAGS[text]


def _marked(text: str) -> tuple[str, bool]:
    plain = text.removesuffix("?").strip()
    return plain, plain != text
