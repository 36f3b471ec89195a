"""What is to be mailed, before it is a mail: whoever has something to say makes a letter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

type Kind = Literal["digest", "movement", "alert"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """One mail to one reader. Kind, key and recipient name it: there is never a second one of that name.

    Parameters
    ----------
    key
        The digest's week; the forecast and its cutoff; the alert and its number.
    recipient
        Address, with or without a name before it.
    text, html
        The same, as plain text and as a page; None where plain text is all.
    images
        For each content id that the page refers to (``cid:ID``), a PNG.
    document
        The numbers that it states, for JSON.
    unsubscribe
        The reader's token; None where there is nothing to unsubscribe from.
    """

    kind: Kind
    key: str
    recipient: str
    subject: str
    text: str = field(repr=False)  # the reader's token stands in it
    html: str | None = field(default=None, repr=False)
    images: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)
    unsubscribe: str | None = field(default=None, repr=False)
