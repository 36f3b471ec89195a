"""Addresses of mail: what a person wrote, in the form that every server understands."""

import re
import unicodedata
from dataclasses import dataclass

from model.errors import InvalidValue
from service.problems import shown

LONGEST_LOCAL, LONGEST = 64, 254  # RFC 5321, 4.5.3.1
LONGEST_NAME = 100

_MAILBOX = re.compile(r"""(?P<name>\s*"(\\.|[^"\\])*"\s*|[^<>]*)<(?P<inner>[^<>]*)>\s*|(?P<bare>[^<>]*)""")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_UNSEEN = {"Cc", "Cs", "Co", "Zl", "Zp"}
_TURNING = {
    "LRE",
    "RLE",
    "LRO",
    "RLO",
    "PDF",
    "LRI",
    "RLI",
    "FSI",
    "PDI",
}  # bidirectional: would hide what is meant


@dataclass(frozen=True, kw_only=True, slots=True)
class Mailbox:
    """An address that every server understands, and the name before it; an empty one where there is none."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """What follows the at sign."""
        return self.address.rpartition("@")[2]


def mailbox(text: str) -> Mailbox:
    """Read an address with or without a name before it; a domain beyond ASCII is encoded.

    Raises
    ------
    InvalidValue
        It is none, or one that servers commonly refuse.
    """
    found = _MAILBOX.fullmatch(one_line(text))
    if found is None:
        raise _is_none(text)
    name, address = found["name"] or "", found["bare"] if found["inner"] is None else found["inner"]
    return Mailbox(name=_unquoted(name), address=_address(address.strip()))


def one_line(text: str, longest: int | None = None) -> str:
    """Put text on one line: what would break or turn it becomes a space, and what is too long is cut."""
    kept = (" " if _breaks(letter) else letter for letter in text)
    line = " ".join("".join(kept).split())
    return line if longest is None or len(line) <= longest else f"{line[: longest - 1]}…"


def _breaks(letter: str) -> bool:
    return unicodedata.category(letter) in _UNSEEN or unicodedata.bidirectional(letter) in _TURNING


def _unquoted(name: str) -> str:
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return one_line(name, LONGEST_NAME)


def _address(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        raise _is_none(text)
    if not local.isascii():
        raise InvalidValue(
            f"{shown(text)} has letters beyond ASCII before the @, which many mail servers refuse; "
            "write an address without them"
        )
    address = f"{local}@{ascii_domain(domain)}"
    if not _LOCAL.fullmatch(local) or len(local) > LONGEST_LOCAL or len(address) > LONGEST:
        raise _is_none(text)
    return address


def ascii_domain(domain: str) -> str:
    """Write a domain in ASCII and in small letters.

    Raises
    ------
    InvalidValue
        It is no domain, or the old encoding that Python knows would make another one of it.
    """
    small = domain.lower()
    encoded = small if small.isascii() else _encoded(small)
    if not _DOMAIN.fullmatch(encoded):
        raise _is_none(domain)
    return encoded


def _encoded(domain: str) -> str:
    try:
        encoded = domain.encode("idna")
        if encoded.decode("idna") == domain:
            return encoded.decode("ascii")
    except UnicodeError:
        pass
    raise InvalidValue(f"the domain {shown(domain)} cannot be encoded here; write it in its form xn--…")


def _is_none(text: str) -> InvalidValue:
    return InvalidValue(f'{shown(text)} is no address of mail; write one such as "Desk <desk@example.org>"')
