"""A week's digest as one reader would get it, written to a file: nothing is stored and nothing is sent."""

from dataclasses import dataclass
from pathlib import Path

from model.errors import Unavailable, UsageError
from service.composition import Service
from service.digest import of_interest, only, press_of, preview
from service.mail import message
from service.problems import shown
from storage.subscribers import Subscriber, subscribers

NOBODY = "nobody@localhost"


@dataclass(frozen=True, kw_only=True, slots=True)
class Previewed:
    """A mail that was written to a file."""

    week: str
    path: Path
    recipient: str
    subject: str


def write(service: Service, week: str, *, to: str | None, path: Path) -> Previewed:
    """Write a week's mail to one reader: the one named, or else the first, or else nobody, of all forecasts.

    Raises
    ------
    UsageError
        The week has not begun, the reader is not subscribed, or nothing is said of their forecasts.
    Unavailable
        The file cannot be written.
    """
    reader = _reader(service, to)
    said = preview(service, week)
    told = of_interest(said, reader)
    if not told:
        raise UsageError(f"none of the forecasts of {shown(reader.address)} is configured; there is no mail")
    letter = press_of(service, said).letter(reader, told)
    content = message(service, letter, at=service.clock()).as_bytes()
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Unavailable(
            f"{path}: cannot be written ({error.strerror}); check its folder and the disk"
        ) from error
    return Previewed(week=week, path=path, recipient=letter.recipient, subject=letter.subject)


def _reader(service: Service, to: str | None) -> Subscriber:
    with service.database.reading() as session:
        known = only(subscribers(session), to)
    nobody = Subscriber(address=NOBODY, token="", since=service.clock())
    return next(iter(known), nobody)
