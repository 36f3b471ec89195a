"""Reading votes of the UN General Assembly: all of a file makes sense, or none of it is read.

Voeten's data [1]_, in two forms: a roll call per row with a column per country (``yes``, ``no``,
``abstain``, ``absent`` or empty), or a vote per row with its code (1 yes, 2 abstain, 3 no, 8 absent, 9 no
member). Votes of ``RUS`` before December 1991 are the Soviet Union's, as these data continue them.

References
----------
.. [1] E. Voeten, A. Strezhnev, M. Bailey, "United Nations General Assembly Voting Data", Harvard Dataverse,
   https://doi.org/10.7910/DVN/LEJUQZ
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest import tables
from ingest.tables import Form, Problems, Row, Table, quoted
from ingest.votes.codes import correlates_of_war, three_letters, two_letters
from ingest.votes.values import EARLIEST, LATEST, NO_VOTE, Votes
from model.errors import InputRefused

MAX_BYTES = 256_000_000
_WORDS = {"yes": 1, "abstain": 2, "no": 3, "absent": 0, "": 0}
_CODES = {"1": 1, "2": 2, "3": 3, "8": 0, "9": 0, "": 0}
_RCID, _SESSION, _DATE, _YEAR, _VOTE = "rcid", "session", "date", "year", "vote"
_ADVICE = (
    "take Voeten's data of the United Nations General Assembly, https://doi.org/10.7910/DVN/LEJUQZ,"
    " as CSV: a row per roll call, or a row per vote"
)
_WIDE = Form(what="table of votes", columns=(_RCID, _SESSION, _DATE), advice=_ADVICE)
_LONG = Form(what="table of votes", columns=(_RCID, _SESSION, _YEAR, _VOTE), advice=_ADVICE)
_WHO = ("country_code", "iso3c", "ccode")  # columns that may say whose vote it is


def read_votes(path: Path) -> Votes:
    """Read votes of the General Assembly, a roll call or a vote in each row.

    Raises
    ------
    Unavailable
        The file cannot be read.
    InputRefused
        Something is wrong with it. Every problem is a line of its own, with the line and the column
        where it stands; nothing of the file is used then.
    """
    try:
        return parse_votes(tables.content(path, MAX_BYTES, _WIDE))
    except InputRefused as error:
        raise tables.named(path, error) from None


def parse_votes(body: bytes) -> Votes:
    """Read votes out of the bytes of a file.

    Raises
    ------
    InputRefused
        As `read_votes`.
    """
    start = body[:4_000].removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")[0].lower()
    names = {name.strip(b'" \r') for name in start.split(b",")}
    return _long(body) if _VOTE.encode() in names else _wide(body)


class _Call(NamedTuple):
    """What a row says of a roll call."""

    rcid: int
    session: int
    year: int


def _wide(body: bytes) -> Votes:
    table, problems = tables.table(body, _WIDE), Problems()
    states = _states(table, problems)
    lines: dict[int, int] = {}
    calls, cast = [], []
    for row in table.rows(problems):
        call = _call(row, problems)
        votes = [_vote(row, name, _WORDS, problems) for name in states]
        if call is not None and (first := lines.setdefault(call.rcid, row.line)) != row.line:
            problems.add(row.line, f"{call.rcid} stands on line {first} already", _RCID)
        elif call is not None:
            calls.append(call)
            cast.append(votes)
    _check(calls, problems, table)
    return _made(tuple(states.values()), calls, np.array(cast, np.int8))


def _states(table: Table, problems: Problems) -> dict[str, str]:
    """Read the columns of countries; those that are no codes of countries are a problem."""
    found: dict[str, str] = {}
    for name in table.names:
        if name in (_RCID, _SESSION, _DATE):
            continue
        code = three_letters(name)
        if code is None or code in found.values():
            what = "stands twice" if code else "is no ISO 3166 code of three letters, such as PER"
            problems.add(table.header + 1, f"the column {quoted(name)} {what}")
        else:
            found[name] = code
    if len(found) < 2:
        problems.add(table.header + 1, "fewer than two columns are of countries: there is nobody to compare")
    return found


def _call(row: Row, problems: Problems) -> _Call | None:
    """Read number, session and year of a roll call."""
    rcid, session = (_whole(row, name, 1, 10**9, problems) for name in (_RCID, _SESSION))
    dated = _DATE in row.cells
    year = _year_of(row, problems) if dated else _whole(row, _YEAR, EARLIEST, LATEST, problems)
    return _Call(rcid, session, year) if rcid and session and year else None


def _whole(row: Row, column: str, low: int, high: int, problems: Problems) -> int | None:
    cell = row.cells[column].removesuffix(".0")
    if cell.isascii() and cell.isdigit() and len(cell) < 12 and low <= int(cell) <= high:
        return int(cell)
    problems.add(row.line, f"{quoted(cell)} is no whole number from {low} to {high}", column)
    return None


def _year_of(row: Row, problems: Problems) -> int | None:
    cell = row.cells[_DATE]
    try:
        day = date.fromisoformat(cell) if len(cell) == 10 else None
    except ValueError:
        day = None
    if day is None or not EARLIEST <= day.year <= LATEST:
        problems.add(row.line, f"{quoted(cell)} is no day from {EARLIEST} on, such as 2019-12-31", _DATE)
        return None
    return day.year


def _vote(row: Row, column: str, known: Mapping[str, int], problems: Problems) -> int:
    cell = row.cells[column].removesuffix(".0")
    found = known.get(cell)
    if found is None:
        told = ", ".join(filter(None, known))
        problems.add(row.line, f"{quoted(cell)} is no vote; votes are {told}, or empty", column)
    return found or NO_VOTE


def _long(body: bytes) -> Votes:
    table, problems = tables.table(body, _LONG), Problems()
    who = next((name for name in _WHO if name in table.names), None)
    if who is None:
        tables.refused(_LONG, f"the header lacks {', '.join(_WHO[:-1])} or {_WHO[-1]}", table.header + 1)
    calls: dict[int, _Call] = {}
    votes: dict[tuple[int, str], tuple[int, int]] = {}
    read: dict[tuple[str, ...], _Call | None] = {}  # by the cells, which are the same for every state
    for row in table.rows(problems):
        cells = row.cells[_RCID], row.cells[_SESSION], row.cells[_YEAR]
        call = read.get(cells) or read.setdefault(cells, _call(row, problems))
        vote = _vote(row, _VOTE, _CODES, problems)
        code = _voter(row, who, call.year if call else LATEST, problems)
        if call is None or code is None:
            continue
        if calls.setdefault(call.rcid, call) != call:
            problems.add(row.line, f"{call.rcid} is of another session or year than above", _RCID)
        _, first = votes.setdefault((call.rcid, code), (vote, row.line))
        if first != row.line:
            problems.add(row.line, f"the vote of {code} on {call.rcid} stands on line {first} already", who)
    _check(list(calls.values()), problems, table)
    return _gathered(calls, {key: vote for key, (vote, _) in votes.items()})


def _voter(row: Row, column: str, year: int, problems: Problems) -> str | None:
    cell = row.cells[column].removesuffix(".0")
    code = correlates_of_war(cell, year) if column == "ccode" else three_letters(cell) or two_letters(cell)
    if code is None:
        problems.add(row.line, f"{quoted(cell)} is the code of no country", column)
    return code


def _gathered(calls: Mapping[int, _Call], votes: Mapping[tuple[int, str], int]) -> Votes:
    countries = tuple(sorted({code for _, code in votes}))
    rows = {rcid: place for place, rcid in enumerate(calls)}
    columns = {code: place for place, code in enumerate(countries)}
    cast = np.zeros((len(rows), len(columns)), np.int8)
    for (rcid, code), vote in votes.items():
        cast[rows[rcid], columns[code]] = vote
    return _made(countries, list(calls.values()), cast)


def _check(calls: Sequence[_Call], problems: Problems, table: Table) -> None:
    if not calls and not problems.count:
        problems.add(table.header + 1, "no row follows the header")
    problems.refuse(table.form)


def _made(countries: tuple[str, ...], calls: Sequence[_Call], cast: NDArray[np.int8]) -> Votes:
    rcid, sessions, years = np.array(calls, np.int64).T
    return Votes(countries=countries, rcid=rcid, sessions=sessions, years=years, cast=cast)
