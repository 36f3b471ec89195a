"""Fields that an editor corrects: what was typed becomes values; all that is wrong is said at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date

from ingest.reports import report_from
from model.domain import Report
from model.errors import InputRefused, UsageError
from model.wire import FIELDS, content
from service.problems import nearest, shown

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_ID = "id"


def fields(changes: Sequence[str]) -> dict[str, str]:
    """Read changes as they are typed: the name of a field, an equals sign, and what it says from now on.

    Raises
    ------
    UsageError
        One is of another form, or a field is named twice.
    """
    found: dict[str, str] = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals or not name:
            raise UsageError(f"{shown(change)} is no change; write FIELD=VALUE, such as grade=B2")
        if name in found:
            raise UsageError(f"the field {shown(name)} is changed twice; keep one")
        found[name] = value
    return found


def corrected(reports: Sequence[Report], changes: Mapping[str, object], *, today: date) -> list[Report]:
    """Make the same changes to the fields of some reports; an empty text, or null, takes a field away.

    Parameters
    ----------
    changes
        Values as JSON has them; a truth or a number may also stand in text, as it was typed.

    Raises
    ------
    UsageError
        Every problem in one line: field, what is wrong, what to write.
    """
    typed = {name: _typed(name, value) for name, value in changes.items()}
    found: list[Report] = []
    problems: dict[str, None] = {}  # each once, in order
    for report in reports:
        problems |= dict.fromkeys(_unknown(report, changes))
        try:
            found.append(report_from({**content(report), **typed}, today=today) if typed else report)
        except InputRefused as error:
            problems[str(error)] = None
    if problems:
        raise UsageError("; ".join(problems))
    return found


def _unknown(report: Report, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if name == _ID:
            yield "id: is its source's own and stays; leave it out"
        elif name not in FIELDS and name not in report.extra:
            known = [*(one for one in FIELDS if one != _ID), *report.extra]
            yield f"{shown(name)} is no field of the report; {nearest(name, known)}"


def _typed(name: str, value: object) -> object:
    """Give what is not text its own type; what does not fit is refused by whoever reads it."""
    if not isinstance(value, str):
        return value
    if name == "denies":
        return _WORDS.get(value.strip().lower(), value)
    if name == "probability_true":
        with suppress(ValueError):
            return float(value)
    return value
