"""What commands print: results on standard output, everything else on standard error."""

import io
import json
import math
import os
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from model.errors import Unavailable

MISSING = "–"
_UNLIMITED = 10_000  # columns where standard output is no terminal: nothing is cut or wrapped
_UNSEEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}  # control, format (bidirectional too), private, separators


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, numeric: Iterable[str] = ()) -> str:
    """Lay rows out under headings; text is shown as it is, never read as markup."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - commands that print no table start sooner
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    right = set(numeric)
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in headings:
        grid.add_column(
            Text(visible(heading)), justify="right" if heading in right else "left", overflow="fold"
        )
    for row in rows:
        grid.add_row(*(Text(visible(cell)) for cell in row))
    laid_out = io.StringIO()
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _UNLIMITED
    Console(width=width, file=laid_out).print(grid)
    return "".join(f"{line.rstrip()}\n" for line in laid_out.getvalue().splitlines())


@contextmanager
def delivered() -> Iterator[None]:
    """Write to standard output within it; one who reads no further than a part of it is no error.

    Raises
    ------
    Unavailable
        Standard output leads to a disk that is full, or that answers with errors.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_the_rest()
    except OSError as error:
        _discard_the_rest()
        raise Unavailable(
            f"standard output cannot be written ({error.strerror}); check the disk that it goes to"
        ) from error


def _discard_the_rest() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def block(text: str) -> None:
    """Print lines that are laid out already."""
    with delivered():
        sys.stdout.write(text)


def line(text: str = "") -> None:
    """Print one line of a result."""
    block(f"{visible(text)}\n")


def note(text: str) -> None:
    """Print one line that is no result; where nobody can read it, nothing more can be done."""
    with suppress(OSError):
        sys.stderr.write(f"{visible(text)}\n")


def as_json(value: object) -> None:
    """Print a result for machines."""
    with delivered():
        json.dump(value, sys.stdout, ensure_ascii=False, indent=2, allow_nan=False)
        sys.stdout.write("\n")


def visible(value: object) -> str:
    """Text of a cell, missing as a dash; characters that would not be seen as their code points."""
    if value is None:
        return MISSING
    return "".join(
        f"<U+{ord(letter):04X}>" if unicodedata.category(letter) in _UNSEEN else letter
        for letter in str(value)
    )


def count(number: int, noun: str) -> str:
    """Count something in words: "no problems", "1 problem", "2 problems"."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def percent(probability: float | None, places: int = 1) -> str:
    """Show a probability as a percentage; what lies inside (0, 1) is never shown as 0 or 100."""
    if probability is None:
        return MISSING
    shown = f"{100 * probability:.{places}f}"
    least = 10.0**-places
    if probability > 0 and float(shown) == 0:
        return f"< {least:g} %"
    if probability < 1 and float(shown) == 100:
        return f"> {100 - least:g} %"
    return f"{shown} %"


def figure(number: float, form: str = ".3f") -> str:
    """Show a score, which may be infinite."""
    return ("-" if number < 0 else "") + "infinite" if math.isinf(number) else format(number, form)


def points(now: float | None, before: float | None) -> str:
    """Show a change between two probabilities in percentage points."""
    if now is None or before is None:
        return MISSING
    return f"{100 * (now - before):+.1f} pp"


def band(low: float | None, high: float | None) -> str:
    """Show a band's two ends."""
    return MISSING if low is None or high is None else f"{100 * low:.0f} to {100 * high:.0f} %"


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show what is being done, at a terminal and only there."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.status import Status  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    with Status("", console=Console(stderr=True)) as status:
        yield lambda text: status.update(Text(visible(text)))
