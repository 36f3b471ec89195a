"""What a source sends before anyone has said what kind of event it tells of. Pure values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from ingest.records import Parsed, Refused
from model.dates import CoarseDate


@dataclass(frozen=True, kw_only=True, slots=True)
class NewsItem:
    """One item of a source, in plain text.

    Parameters
    ----------
    key
        The source's own id of it, or what stands for one; the same key again is the same item.
    line
        Where it begins in what was read, from 1.
    published
        None where the source gives no date that can be trusted.
    headline, summary
        Without markup; one line, and one paragraph that may be empty.
    tag, country, also, confidence, why
        What the source itself knows of the kind and place of the event, how sure that is, in [0, 1],
        and in which words to say so. Without a tag the rules decide.
    extra
        Further fields, which are kept and shown.
    """

    key: str
    line: int
    published: CoarseDate | None
    headline: str
    summary: str = ""
    url: str | None = None
    publisher: str | None = None
    lang: str | None = None
    occurred: CoarseDate | None = None
    tag: str | None = None
    country: str | None = None
    also: tuple[str, ...] = ()
    confidence: float | None = None
    why: str = ""
    extra: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


type SourceItem = NewsItem | Parsed | Refused
type Cursor = Mapping[str, object]  # what JSON holds: where a source's next poll begins


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Items that are filed together, and the cursor that holds once they are.

    Parameters
    ----------
    notes
        What the source's owner should know, such as an encoding that lied.
    name
        What was read, where a poll reads several things: the name of a file.
    """

    items: Iterator[SourceItem]
    cursor: Cursor
    notes: tuple[str, ...] = ()
    name: str = ""


class Source(Protocol):
    """A kind of source: how one of its kind is asked for what is new.

    A kind is a frozen pydantic model in a module of `ingest.sources`, whose fields are its own keys in
    ``[[sources]]``; it is entered in `ingest.sources.KINDS`.
    """

    def poll(self, cursor: Cursor, *, now: datetime) -> Iterator[Batch]:
        """Ask for what is new since the cursor, which is empty the first time.

        What is unchanged gives no batch. Asking again from the same cursor gives the same items again.

        Raises
        ------
        Unavailable
            The source is out of reach, or breaks a limit of size or time; nothing of it was used.
        InputRefused
            It answered with something that is not of its kind.
        """
        ...
