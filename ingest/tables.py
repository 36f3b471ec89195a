"""Tables that others publish as CSV: rows of named columns, or every problem at once with its line. Pure.

Nothing is guessed here: what is not the file that it should be is refused as a whole, for a row that was
read wrongly would count without anyone seeing it.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from ingest.words import folded, words
from model.errors import InputRefused, Unavailable

SHOWN = 20  # problems that are told one by one
MAX_LINE = 20_000  # characters; real ones have some 150
MAX_CELL = 500
WHOLE_FILE = 0  # the line of what is wrong with all of a file

_LOST = "\ufffd"  # what stands for a letter that could not be read
_QUOTED = 40  # characters of a cell in a message
_HEADER_WITHIN = 60  # lines
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_FORMS = (  # how files of other formats begin
    (b"{\\rtf", "rich text (RTF), as older exports are"),
    (b"pk\x03\x04", "a workbook or an archive (.xlsx, .zip)"),
    (b"\xd0\xcf\x11\xe0", "a workbook of an old spreadsheet (.xls)"),
    (b"\x1f\x8b", "compressed (.gz)"),
    (b"%pdf", "a PDF"),
    (b"<", "HTML or XML, such as the page that links to the file, or an error of the site"),
    (b"\xff\xfe", "UTF-16; save it as CSV in UTF-8"),
    (b"\xfe\xff", "UTF-16; save it as CSV in UTF-8"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """What a table must look like.

    Parameters
    ----------
    what
        What it is, as messages say: ``"trade register of SIPRI"``.
    columns
        Names that the header must have, in any order.
    advice
        Where to get it, and as what.
    """

    what: str
    columns: tuple[str, ...]
    advice: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row: its line from 1, and its cells by the columns' names, without space around them."""

    line: int
    cells: Mapping[str, str]


class Problems:
    """Collects what is wrong with a file; the first `SHOWN` are told one by one, the others counted."""

    def __init__(self) -> None:
        self.count = 0
        self._told: list[tuple[int, str]] = []

    def add(self, line: int, text: str, column: str = "") -> None:
        """Keep a problem; without a column it is the whole line's."""
        self.count += 1
        if len(self._told) < SHOWN:
            where = f"line {line}, {column}: " if column else f"line {line}: " if line else ""
            self._told.append((line, where + text))

    def refuse(self, form: Form) -> None:
        """Refuse the file if anything is wrong with it.

        Raises
        ------
        InputRefused
            A line each, in the order of the file; at the end what to do.
        """
        if self.count:
            raise self.refusal(form)

    def refusal(self, form: Form) -> InputRefused:
        """Make the refusal of what was kept."""
        told = [text for _, text in sorted(self._told, key=lambda one: one[0])]
        more = [f"and {self.count - len(told):,} more problems"] if self.count > len(told) else []
        end = f"no {form.what} was read; {form.advice}"
        return InputRefused("\n".join((*told, *more, end)))


def refused(form: Form, text: str, line: int = WHOLE_FILE) -> NoReturn:
    """Refuse a file for one reason."""
    problems = Problems()
    problems.add(line, text)
    raise problems.refusal(form)


def content(path: Path, most: int, form: Form) -> bytes:
    """Read a file of at most so many bytes.

    Raises
    ------
    Unavailable
        The file cannot be read.
    InputRefused
        It is larger.
    """
    try:
        with path.open("rb") as stream:
            body = stream.read(most + 1)
    except OSError as error:
        raise Unavailable(
            f"{path}: cannot be read ({error.strerror}); check the name and the permissions"
        ) from error
    if len(body) > most:
        refused(form, f"is larger than {most:,} bytes; leave out what is not needed")
    return body


def named(path: Path, error: InputRefused) -> InputRefused:
    """Put the name of the file before every line of a refusal."""
    return InputRefused("\n".join(f"{path}: {line}" for line in str(error).split("\n")))


def in_one_line(path: Path, error: InputRefused, most: int) -> InputRefused:
    """Put a refusal into one line, with so many of its problems."""
    *problems, end = str(error).split("\n")
    more = [f"and {len(problems) - most} more lines of problems"] if len(problems) > most else []
    return InputRefused(f"{path}: {'; '.join((*problems[:most], *more, end))}")


def text_of(body: bytes, form: Form) -> list[str]:
    """Give the lines of a file in UTF-8; the last one is empty exactly if the file ends with a line's end.

    Raises
    ------
    InputRefused
        It is empty, of another format, or in another encoding.
    """
    start = body.removeprefix(b"\xef\xbb\xbf").lstrip()[:16].lower()
    if not start:
        refused(form, "is empty")
    for sign, what in _FORMS:
        if start.startswith(sign):
            refused(form, f"is {what}, not a table of comma-separated values (CSV)")
    if b"\0" in body:
        at = body[: body.index(b"\0")].count(b"\n") + 1
        refused(form, "holds zero bytes: it is no text in UTF-8, or damaged", at)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = body[: error.start].count(b"\n") + 1
        refused(form, "not UTF-8 from here on; where the file is sound otherwise, save it as UTF-8", at)
    return text.replace("\xa0", " ").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def cells_of(line: str, delimiter: str = ",") -> list[str]:
    """Split a line into cells without space around them.

    Raises
    ------
    csv.Error
        Its quotation marks are wrong.
    """
    if '"' not in line:
        return [cell.strip() for cell in line.split(delimiter)]
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=True))]


def folded_name(text: str) -> str:
    """Give a name as it is compared: without capitals, accents, signs and the small words between."""
    found = [folded(word) for word in words(text)]
    return " ".join("saint" if word == "st" else word for word in found if word not in {"and", "the", "of"})


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose header was found.

    Parameters
    ----------
    lines
        All of the file.
    header
        The place of the header among them.
    names
        Of its columns, as `Form.columns` writes them where it has them.
    """

    form: Form
    lines: Sequence[str]
    header: int
    names: tuple[str, ...]

    @property
    def preamble(self) -> Sequence[str]:
        """The lines before the header."""
        return self.lines[: self.header]

    def rows(self, problems: Problems) -> Iterator[Row]:
        """Give the rows that have a cell for every column; what is wrong with others is a problem."""
        wanted = [(name, at) for at, name in enumerate(self.names) if name]
        for place in range(self.header + 1, len(self.lines)):
            cells = self._cells(place, problems)
            if cells:
                yield Row(line=place + 1, cells={name: cells[at] for name, at in wanted})

    def _cells(self, place: int, problems: Problems) -> list[str]:
        line, number, ends = self.lines[place], place + 1, place + 1 == len(self.lines)
        if not line.strip(", "):
            return []
        try:
            cells = cells_of(line) if len(line) <= MAX_LINE else []
        except csv.Error as error:
            cut = "; the file was cut short here" if ends else ""
            problems.add(number, f"its quotation marks are wrong ({error}){cut}")
            return []
        wrong = self._wrong(cells, ends=ends) or _unsound(line, cells)
        if wrong:
            problems.add(number, wrong)
        return [] if wrong else cells

    def _wrong(self, cells: Sequence[str], *, ends: bool) -> str:
        """Say what is wrong with a row as a whole."""
        if not cells or max(map(len, cells)) > MAX_CELL:
            return f"has a cell of more than {MAX_CELL} characters; is a quotation mark open?"
        short = len(cells) < len(self.names)
        if ends and (short or not cells[-1]):
            at = f"after {len(cells)} of {len(self.names)} cells"
            return f"the file was cut short here: its last row ends {at}"
        if len(cells) != len(self.names):
            how = "was cut or lost a cell" if short else "holds a comma that is not in quotation marks"
            return (
                f"has {len(cells)} cells under {len(self.names)} columns; its cells are shifted, or it {how}"
            )
        return ""


def _unsound(line: str, cells: Sequence[str]) -> str:
    """Say which character of a row cannot be right."""
    if line.isprintable() and _LOST not in line:
        return ""
    bad = next((sign for cell in cells for sign in cell if not sign.isprintable() or sign == _LOST), "")
    what = "a letter was lost here" if bad == _LOST else "which cannot be shown"
    return f"holds the character U+{ord(bad):04X}: {what}" if bad else ""


def table(body: bytes, form: Form) -> Table:
    """Find the header of a table among its first lines.

    Raises
    ------
    InputRefused
        It is no such file, or no line names the columns, or not all of them.
    """
    lines = text_of(body, form)
    columns = {folded_name(name): name for name in form.columns}
    place, names = _header(lines, columns, form)
    lacking = [name for name in form.columns if name not in names]
    if lacking:
        refused(form, f"the header lacks {', '.join(lacking)}", place + 1)
    double = sorted({name for name in names if name and names.count(name) > 1})
    if double:
        shown = ", ".join(map(quoted, double[:SHOWN]))
        refused(form, f"the header names {shown} twice; keep one column of each", place + 1)
    return Table(form, lines, place, names)


def _header(lines: Sequence[str], columns: Mapping[str, str], form: Form) -> tuple[int, tuple[str, ...]]:
    """Find the line that names most of the columns."""
    needed = max(2, len(columns) // 2)
    for place, line in enumerate(lines[:_HEADER_WITHIN]):
        names = _names(line, ",", columns)
        if sum(name in form.columns for name in names) >= needed:
            return place, names
        for delimiter, what in _DELIMITERS.items():
            if sum(name in form.columns for name in _names(line, delimiter, columns)) >= needed:
                advice = "a spreadsheet of another language does so, and may have changed dates and decimals"
                refused(form, f"cells are separated by {what}, not by commas: {advice}", place + 1)
    refused(form, f"no line names the columns: {', '.join(form.columns)}")


def _names(line: str, delimiter: str, columns: Mapping[str, str]) -> tuple[str, ...]:
    try:
        cells = cells_of(line[:MAX_LINE], delimiter)
    except csv.Error:
        return ()
    return tuple(columns.get(folded_name(cell), cell) for cell in cells)


def quoted(cell: str) -> str:
    """Show a cell in a message."""
    return repr(cell if len(cell) <= _QUOTED else cell[: _QUOTED - 1] + "…")
