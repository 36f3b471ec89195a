"""How the single cells of an export are read: each function takes text and refuses what makes no sense."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache

from ingest.gdelt.codes import CAMEO, restored
from ingest.mojibake import repaired
from model.dates import EARLIEST_YEAR
from model.errors import InvalidValue

LONGEST_NAME = 300

_ID = re.compile(r"[0-9]{1,18}|[0-9]([.,][0-9]+)?E\+?[0-9]{1,2}", re.IGNORECASE)
_DAY = re.compile(r"[0-9]{8}")
_MOMENT = re.compile(r"([0-9]{14})([.,]0)?")
_ROUNDED = re.compile(r"[12]([.,][0-9]+)?E\+?13", re.IGNORECASE)
_CODE = re.compile(r"[0-9]{1,4}")
_FIGURE = re.compile(r"-?[0-9]{1,2}([.,][0-9]{1,20})?")
_COUNT = re.compile(r"([0-9]{1,9})([.,]0)?")
_MISREAD = {at: bytes([at]).decode("cp1252", "ignore") or chr(at) for at in range(0x80, 0xA0)}
_LOST = "\ufffd"


def identity(text: str) -> str:
    """Read ``GLOBALEVENTID``; it only points at the row, so a spreadsheet may have rounded it."""
    if not _ID.fullmatch(text):
        raise InvalidValue(f"{text[:40]!r} is not a number")
    return text


@lru_cache(maxsize=4096)
def day(text: str, latest: date) -> date:
    """Read ``SQLDATE``: a day from 1900 on, and not after the latest on Earth."""
    try:
        found = datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date() if _DAY.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or found.year < EARLIEST_YEAR:
        raise InvalidValue(f"{text[:40]!r} is not a day from {EARLIEST_YEAR} on, such as 20260131")
    if found > latest:
        raise InvalidValue(f"{found} lies after today, {latest}")
    return found


@lru_cache(maxsize=4096)
def moment(text: str) -> date | None:
    """Read the day of ``DATEADDED``; None where a spreadsheet has rounded it away."""
    if _ROUNDED.fullmatch(text):
        return None
    found = _MOMENT.fullmatch(text)
    try:
        if found:
            return datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC).date()
    except ValueError:
        pass
    raise InvalidValue(f"{text[:40]!r} is not a moment, such as 20260131221500")


def code(text: str, root: str) -> str:
    """Read ``EventCode`` with the help of ``EventRootCode``; a zero lost from its front is restored."""
    if text in CAMEO and text[:2] == root:
        return text
    found = restored(text, root) if _CODE.fullmatch(text) and len(root) <= 2 else None
    if found is None:
        raise InvalidValue(f"{text[:40]!r} with EventRootCode {root[:40]!r} is no code of CAMEO")
    return found


def flag(text: str) -> bool:
    """Read 0 or 1."""
    if text not in {"0", "1"}:
        raise InvalidValue(f"{text[:40]!r} is neither 0 nor 1")
    return text == "1"


@lru_cache(maxsize=4096)
def goldstein(text: str) -> float | None:
    """Read a figure from −10 to 10, with a point or a comma; None where it is blank."""
    if not text:
        return None
    found = float(text.replace(",", ".")) if _FIGURE.fullmatch(text) else 99.0
    if abs(found) > 10:
        raise InvalidValue(f"{text[:40]!r} is not a number from -10 to 10")
    return found


def count(text: str) -> int | None:
    """Read a number of things; None where it is blank."""
    found = _COUNT.fullmatch(text)
    if text and not found:
        raise InvalidValue(f"{text[:40]!r} is not a number of mentions")
    return int(found[1]) if found else None


def letters(most: int) -> Callable[[str], str]:
    """Make the reader of a code of at most so many capitals, which may be blank."""

    def read(text: str) -> str:
        if text and not (len(text) <= most and text.isascii() and text.isalpha() and text.isupper()):
            raise InvalidValue(f"{text[:40]!r} is not a code of up to {most} capitals")
        return text

    return read


def actor_code(text: str) -> str:
    """Read the code of an actor: letters and figures, which may be blank."""
    if text and not (len(text) <= 30 and text.isascii() and text.isalnum()):
        raise InvalidValue(f"{text[:40]!r} is not a code of letters and figures")
    return text


def name(text: str) -> str:
    """Read a name, which may be blank.

    GDELT itself misreads some letters of Windows-1252, and spreadsheets those of UTF-8, which are put right.
    A name of which letters are lost is left out: the codes beside it say the same.
    """
    mended = text if text.isascii() else _mended(text)
    unseen = next((sign for sign in mended if not sign.isprintable()), None)
    if unseen is not None:
        raise InvalidValue(f"holds the character U+{ord(unseen):04X}, which cannot be shown")
    if len(mended) > LONGEST_NAME:
        raise InvalidValue(f"has {len(mended):,} characters; names have at most {LONGEST_NAME}")
    return mended


def _mended(text: str) -> str:
    if len(text) > LONGEST_NAME:
        return text
    try:
        mended = repaired(text).translate(_MISREAD).replace("\xa0", " ")
    except InvalidValue:
        return ""
    return "" if _LOST in mended else mended
