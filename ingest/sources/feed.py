"""Feeds as a source: RSS, Atom or RDF at an address, or in files."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ingest import feeds, fields
from ingest.items import Batch, Cursor, NewsItem
from ingest.records import WHOLE_FILE, Refused
from model.errors import InputRefused, Unavailable

_ENDINGS = (".xml", ".rss", ".atom", ".rdf")
_DIGITS = 32  # of a digest


def _bytes(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 10_000 <= value <= 50_000_000:
        raise ValueError("write a whole number of bytes, 10000 to 50000000")
    return value


def _seconds(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 1 <= value <= 300:
        raise ValueError("write a number of seconds, 1 to 300")
    return float(value)


def _yes_or_no(value: object) -> bool:
    if value is True or value is False:
        return value
    raise ValueError("write true or false, without quotes")


class Feed(BaseModel):
    """Keys of a source of ``kind = "rss"``: RSS, Atom and RDF alike.

    Parameters
    ----------
    url
        The address of the feed.
    path
        A file instead, or a folder of files that end in .xml, .rss, .atom or .rdf.
    publisher, lang
        Of every item, whatever the feed says; such as ``"tass.com"`` and ``"es"``.
    allow_private
        Whether addresses of one's own network may be asked.
    max_bytes, timeout_seconds
        That a feed may have, and may take.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    url: Annotated[str | None, Field(repr=False)] = None
    path: Path | None = None
    publisher: Annotated[str | None, BeforeValidator(fields.text(253, '"tass.com"'))] = None
    lang: Annotated[str | None, BeforeValidator(fields.text(35, '"es"'))] = None
    allow_private: Annotated[bool, BeforeValidator(_yes_or_no)] = False
    max_bytes: Annotated[int, BeforeValidator(_bytes)] = 5_000_000
    timeout_seconds: Annotated[float, BeforeValidator(_seconds)] = 20.0

    @model_validator(mode="after")
    def _has_a_place(self) -> "Feed":
        if (self.url is None) == (self.path is None):
            raise ValueError("needs a url or a path, one of the two; write where the feed is")
        return self

    def poll(self, cursor: Cursor, *, now: datetime) -> Iterator[Batch]:
        """Read the feed if it has changed since the cursor; of a folder, each file that has.

        Raises
        ------
        Unavailable
            The address, the file or the folder is out of reach, or breaks a limit.
        InputRefused
            What is at the address is no feed, or a hostile one; a file that is none is refused alone.
        """
        if self.path is not None:
            yield from self._from_files(self.path, cursor, now)
        elif self.url is not None:
            yield from self._from_address(self.url, cursor, now)

    def _from_address(self, url: str, cursor: Cursor, now: datetime) -> Iterator[Batch]:
        from ingest.fetch import conditional, fetch, validators  # noqa: PLC0415 - files need none of it
        from ingest.web.urls import shown  # noqa: PLC0415

        answer = fetch(
            url,
            headers=conditional(cursor),
            allow_private=self.allow_private,
            max_bytes=self.max_bytes,
            timeout=self.timeout_seconds,
        )
        if answer.status == 304 or cursor.get("digest") == _digest(answer.body):
            return
        try:
            found = feeds.parse(
                answer.body, content_type=answer.headers.get("content-type"), url=answer.url, now=now
            )
        except InputRefused as error:
            raise InputRefused(f"{shown(answer.url)}: {error}") from None
        yield self._batch(found, {**validators(answer), "digest": _digest(answer.body)})

    def _from_files(self, path: Path, cursor: Cursor, now: datetime) -> Iterator[Batch]:
        files, known = _files(path), cursor.get("files")
        before: dict[str, Any] = known if isinstance(known, dict) else {}
        done = {file.name: before[file.name] for file in files if file.name in before}
        for file in files:
            body = _content(file, self.max_bytes)
            if done.get(file.name) == (digest := _digest(body)):
                continue
            done[file.name] = digest
            try:
                found = self._in_file(body, now)
            except InputRefused as error:
                found = feeds.Feed(items=(Refused(line=WHOLE_FILE, reason=str(error)),))
            yield self._batch(found, {"files": dict(done)}, file.name)

    def _in_file(self, body: bytes, now: datetime) -> feeds.Feed:
        if len(body) > self.max_bytes:
            raise InputRefused(f"is larger than {self.max_bytes:,} bytes; raise max_bytes, or split it")
        return feeds.parse(body, content_type=None, url=None, now=now)

    def _batch(self, found: feeds.Feed, cursor: Cursor, name: str = "") -> Batch:
        return Batch(items=map(self._told_of, found.items), cursor=cursor, notes=found.notes, name=name)

    def _told_of(self, item: NewsItem | Refused) -> NewsItem | Refused:
        if isinstance(item, Refused):
            return item
        return replace(item, publisher=self.publisher or item.publisher, lang=self.lang or item.lang)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:_DIGITS]


def _files(path: Path) -> list[Path]:
    try:
        if not path.is_dir():
            return [path]
        found = (one for one in path.iterdir() if one.suffix.lower() in _ENDINGS and one.is_file())
        return sorted(one for one in found if not one.name.startswith("."))
    except OSError as error:
        raise _unreadable(path, error) from error


def _content(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(most + 1)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(f"{path}: cannot be read ({error.strerror}); check the name and the permissions")
