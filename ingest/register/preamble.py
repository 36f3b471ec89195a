"""What stands before the table in an export of the register: the selection, and when it was made. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

_SELECTED = re.compile(r"arms from\s+(.{1,200}?)\s+to\s+(.{1,200}?)\s*\.\s*Deals")
_YEARS = re.compile(r"year range '([0-9]{4})' to '([0-9]{4})'")
_GENERATED = re.compile(r"Data generated:\s*([^,;]{1,60})")
_DAY = re.compile(r"([0-9]{1,2}) ([A-Z][a-z]{2})[a-z]* ([0-9]{4})\b")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EVERYONE = "all countries"


@dataclass(frozen=True, kw_only=True, slots=True)
class Preamble:
    """What an export says of itself; None where it does not.

    Parameters
    ----------
    years
        First and last year that were selected.
    generated
        When the export was made, as it is written there.
    generated_on
        The day of that.
    supplier, recipient
        Whom the selection is limited to.
    """

    years: tuple[int, int] | None = None
    generated: str | None = None
    generated_on: date | None = None
    supplier: str | None = None
    recipient: str | None = None


def read_preamble(lines: Sequence[str]) -> Preamble:
    """Read what the lines before the header say; there may be none."""
    text = "\n".join(line.strip(' ,;\t"') for line in lines if line.isprintable())
    made = _GENERATED.search(text)
    selected = _SELECTED.search(text)
    supplier, recipient = (_limit(selected[1]), _limit(selected[2])) if selected else (None, None)
    return Preamble(
        years=_years(text),
        generated=made[1].strip() if made else None,
        generated_on=_day(made[1]) if made else None,
        supplier=supplier,
        recipient=recipient,
    )


def _limit(name: str) -> str | None:
    return None if name.lower() == _EVERYONE else name


def _years(text: str) -> tuple[int, int] | None:
    found = _YEARS.search(text)
    years = (int(found[1]), int(found[2])) if found else (1, 0)
    return years if years[0] <= years[1] else None


def _day(text: str) -> date | None:
    found = _DAY.search(text)
    if found is None or found[2] not in _MONTHS:
        return None
    try:
        return date(int(found[3]), _MONTHS.index(found[2]) + 1, int(found[1]))
    except ValueError:
        return None
