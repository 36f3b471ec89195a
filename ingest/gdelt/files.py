"""Files of exports: their names, which tell their moment, their zip archives, and lists of them. Pure."""

import hashlib
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin, urlsplit

from model.errors import InputRefused

EVERY = timedelta(minutes=15)
MAX_PACKED = 8_000_000  # bytes of an archive; real ones have some 100,000
MAX_EXPORT = 64_000_000  # bytes of what is in it; real ones have some 700,000
MAX_LISTED = 4_000_000  # bytes of a list
STAMP_LENGTH = 14
_ARCHIVE = b"PK"  # which a page of excuses does not begin with

_STAMP = "%Y%m%d%H%M%S"
_NAME = re.compile(r"([0-9]{14})(?![0-9]).*\.csv(\.zip)?", re.IGNORECASE)
_OTHER_DATA = re.compile(r"\.(mentions|gkg)\.", re.IGNORECASE)
_LISTED = re.compile(r"([0-9]{1,12}) ([0-9a-fA-F]{32}) (\S{1,2000})")
_EXPORT = re.compile(r"([0-9]{14})(\.translation)?\.export\.csv(\.zip)?", re.IGNORECASE)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    OSError,
)


@dataclass(frozen=True, order=True, slots=True)
class Named:
    """The name of an export, in the order of the moments that names begin with."""

    stamp: str
    name: str

    @property
    def moment(self) -> datetime:
        """When GDELT wrote it."""
        return datetime.strptime(self.stamp, _STAMP).replace(tzinfo=UTC)


@dataclass(frozen=True, order=True, kw_only=True, slots=True)
class Listed:
    """A line of an update list: an export, where it is, and the size and MD5 digest of its archive.

    Parameters
    ----------
    size, md5
        None where the name was not listed but made from one that was.
    """

    named: Named
    url: str
    size: int | None = None
    md5: str | None = None

    def fits(self, body: bytes) -> bool:
        """Whether what was fetched is what was listed; where nothing was, whether it is an archive at all."""
        if self.size is None:
            return body.startswith(_ARCHIVE) or not self.named.name.lower().endswith(".zip")
        return len(body) == self.size and hashlib.md5(body, usedforsecurity=False).hexdigest() == self.md5


def named(name: str) -> Named | None:
    """Read the name of an export or of a spreadsheet's copy; None for other names."""
    found = _NAME.fullmatch(name)
    if not found or _OTHER_DATA.search(name):
        return None
    try:
        datetime.strptime(found[1], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Named(found[1], name)


def exports_of(text: str, url: str) -> list[Listed]:
    """Read the exports of an update list, oldest first: lines of size, MD5 digest and address.

    Raises
    ------
    InputRefused
        It is no such list, or there is no export in it.
    """
    found: dict[Named, Listed] = {}
    for size, md5, address in _LISTED.findall(text):
        there, name = _place(url, address)
        if name and _EXPORT.fullmatch(name.name):
            found[name] = Listed(named=name, url=there, size=int(size), md5=md5.lower())
    if not found:
        raise InputRefused("is no list of event exports: no line has a size, a digest and a …export.CSV.zip")
    return [found[name] for name in sorted(found)]


def _place(url: str, address: str) -> tuple[str, Named | None]:
    try:
        there = urljoin(url, address)
        return there, named(urlsplit(there).path.rpartition("/")[2])
    except ValueError:  # what is no address names no export
        return "", None


def sibling(known: Listed, stamp: str) -> Listed:
    """Name the export of another moment as one that is listed is named."""
    name = known.named.name.replace(known.named.stamp, stamp, 1)
    url = stamp.join(known.url.rsplit(known.named.stamp, 1))
    return Listed(named=Named(stamp, name), url=url)


def quarters(after: datetime, until: datetime, most: int) -> list[str]:
    """Give the moments, one each quarter of an hour, after one and before another: the first so many."""
    number = -((after - until) // EVERY) - 1
    return [f"{until - back * EVERY:{_STAMP}}" for back in range(number, max(number - most, 0), -1)]


def unpacked(body: bytes, name: str) -> bytes:
    """Give an export out of its archive, or as it is where its name says that it is in none.

    Raises
    ------
    InputRefused
        The archive is broken, locked or too large, or holds anything but one file.
    """
    if not name.lower().endswith(".zip"):
        _check_size(len(body))
        return body
    if len(body) > MAX_PACKED:
        raise InputRefused(f"the archive is larger than {MAX_PACKED // 1_000_000} MB; exports are not")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            member = _only(archive.infolist())
            with archive.open(member) as stream:
                export = stream.read(MAX_EXPORT + 1)
    except _BROKEN as error:
        raise InputRefused(f"the archive is broken ({type(error).__name__}); fetch it again") from None
    _check_size(len(export))
    return export


def _only(members: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    if len(members) != 1:
        raise InputRefused(f"the archive holds {len(members):,} files, not one export")
    member = members[0]
    if member.is_dir() or re.search(r"[/\\:\0]|\.\.", member.orig_filename):
        raise InputRefused("the archive holds a folder, or a file of another one; exports hold a plain file")
    if member.flag_bits & 0x1:
        raise InputRefused("the archive is locked with a password; exports are not")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputRefused("the archive is packed in an unusual way; exports are deflated")
    _check_size(member.file_size)
    return member


def _check_size(size: int) -> None:
    if size > MAX_EXPORT:
        raise InputRefused(f"the export is larger than {MAX_EXPORT // 1_000_000} MB; take it in parts")
