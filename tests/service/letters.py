"""A service that mails, and letters for it to mail."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from service.composition import Service
from service.configuration import load
from service.letters import Letter
from service.mail import post
from storage.database import Database
from tests.service.configurations import VALID

MONDAY = datetime(2026, 1, 5, 7, tzinfo=UTC)
SENDER = "Posterity <posterity@example.org>"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


class Hand:
    """A clock that stands where it is put."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def mailing(
    folder: Path, database: Database, *keys: str, clock: Callable[[], datetime] | None = None, more: str = ""
) -> Service:
    """A service with these keys of ``[digest]``, and more of other sections."""
    path = folder / "config.toml"
    path.write_text("\n".join(["[digest]", f'sender = "{SENDER}"', *keys, more, VALID]), encoding="utf-8")
    return Service(configuration=load(path, {}), database=database, clock=clock or Hand())


def letter(recipient: str = "Ana <ana@example.org>", **changes: Any) -> Letter:
    plain: dict[str, Any] = {"kind": "digest", "key": "2026-W02", "subject": "The week", "text": "Nothing.\n"}
    return Letter(recipient=recipient, **(plain | changes))


def page(recipient: str = "Ana <ana@example.org>", **changes: Any) -> Letter:
    """A letter with a page and an image."""
    html = '<p>Nothing.</p><img src="cid:chart@posterity" alt="flat">\n'
    return letter(recipient, **({"html": html, "images": {"chart@posterity": PNG}} | changes))


def write(service: Service, *letters: Letter) -> list[bool]:
    """Put letters into the outbox."""
    with service.database.session() as session:
        return [post(session, service, one, at=service.clock()) for one in letters]
