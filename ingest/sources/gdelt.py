"""GDELT 2.0 event exports as a source: files of a folder, or the update list of every quarter of an hour.

Each article is one item, coded by the configuration (see `ingest.gdelt.coding.Coding`). The data are free
with citation of the GDELT Project, https://www.gdeltproject.org.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingest.gdelt import files
from ingest.gdelt.batches import Batches
from ingest.gdelt.coding import Coder, Coding
from ingest.gdelt.files import Listed, Named, named
from ingest.gdelt.keys import Truth, whole
from ingest.items import Batch, Cursor
from model.errors import InputRefused, Unavailable

if TYPE_CHECKING:
    from ingest.fetch import Response

_POLL_SECONDS = 120.0  # after which a poll begins no further export
_EXAMPLE = "20260131221500.export.CSV.zip"
_ENDINGS = {".csv", ".zip"}
_SHOWN = 5  # names of files
_MORE = "more exports wait for the next poll"


class Gdelt(BaseModel):
    """Keys of a source of ``kind = "gdelt"``.

    Parameters
    ----------
    url
        An update list, such as http://data.gdeltproject.org/gdeltv2/lastupdate.txt.
    path
        A folder of exports instead, or one export. Names begin with their moment, as GDELT writes them.
    codes
        Which events are of which tag; of an article that matches several, the first holds.
    rules
        Whether the rules judge articles that no coding asks for, by the words in their addresses.
    allow_private
        Whether addresses of one's own network may be asked.
    max_files
        That a poll takes at most; the next one goes on.
    timeout_seconds
        That the list, or one export, may take to come.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    DEFAULT_GRADE: ClassVar[str] = "D3"

    id: str
    url: Annotated[str | None, Field(repr=False)] = None
    path: Path | None = None
    codes: tuple[Coding, ...] = ()
    rules: Truth = False
    allow_private: Truth = False
    max_files: Annotated[int, whole(1, 10_000)] = 96
    timeout_seconds: Annotated[int, whole(1, 600)] = 20

    @model_validator(mode="after")
    def _makes_sense(self) -> "Gdelt":
        if (self.url is None) == (self.path is None):
            raise ValueError("needs a url or a path, one of the two; write where the exports are")
        if not self.codes and not self.rules:
            raise ValueError(
                "has no codes, so that nothing would come of it; say which events are of which tag"
            )
        return self

    def poll(self, cursor: Cursor, *, now: datetime) -> Iterator[Batch]:
        """Read the exports that are newer than the cursor, oldest first, in a batch each.

        The first poll of an update list begins with the newest export. Those between the cursor and the
        first that is listed are asked for by the names that they must have.

        Raises
        ------
        Unavailable
            The folder or the list, or a listed export, is out of reach or not what was listed.
        InputRefused
            It is no such list, or there is no export in the folder.
        """
        batches = Batches.since(cursor, coder=Coder(self.codes), rules=self.rules, now=now)
        if self.path is not None:
            yield from self._from_folder(self.path, batches)
        elif self.url is not None:
            yield from self._from_list(self.url, batches)

    def _from_folder(self, path: Path, batches: Batches) -> Iterator[Batch]:
        exports, others = _found(path)
        if others and not exports:
            raise InputRefused(f"{path}: no file is named as GDELT does, such as {_EXAMPLE}; name them so")
        if others:
            batches.notes.append(f"not named as exports, and left: {', '.join(others[:_SHOWN])}")
        new = sorted(name for name in exports if batches.done is None or name > batches.done)
        if len(new) > self.max_files:
            batches.notes.append(_MORE)
        for name in new[: self.max_files]:
            yield batches.batch(name, _content(exports[name]))

    def _from_list(self, url: str, batches: Batches) -> Iterator[Batch]:
        listed = self._listed(url)
        until = time.monotonic() + _POLL_SECONDS
        for export in self._wanted(listed, batches):
            if time.monotonic() > until:
                batches.notes.append("this poll took its time; the rest waits for the next one")
                break
            body = self._fetched(export, newest=listed[-1])
            if body is None:
                batches.note_missing(export.named)
            else:
                yield batches.batch(export.named, body)
        if batches.notes:
            yield batches.nothing()

    def _listed(self, url: str) -> list[Listed]:
        answer = self._answer(url, files.MAX_LISTED)
        try:
            return files.exports_of(answer.body.decode("ascii", "replace"), answer.url)
        except InputRefused as error:
            raise InputRefused(f"{urlsplit(answer.url).netloc}: {error}") from None

    def _wanted(self, listed: Sequence[Listed], batches: Batches) -> list[Listed]:
        """Name the exports to ask for: those that were not there before, and those since the last."""
        if batches.done is None:
            batches.notes.append("the first poll begins with the newest export; older ones are not fetched")
            return [listed[-1]]
        after = batches.done.moment
        new = [export for export in listed if export.named.moment > after]
        if not new:
            return []
        if new[0] == listed[0]:  # the list does not reach back to the last export
            stamps = files.quarters(after, new[0].named.moment, self.max_files)
            new = [*(files.sibling(new[0], stamp) for stamp in stamps), *new]
        if len(new) > self.max_files:
            batches.notes.append(_MORE)
        again = [files.sibling(listed[-1], name[: files.STAMP_LENGTH]) for name in sorted(batches.missing)]
        return [*again[: self.max_files], *new[: self.max_files]]

    def _fetched(self, export: Listed, *, newest: Listed) -> bytes | None:
        """Fetch an export, or find that it is not there; the newest one of the list has to be."""
        try:
            body = self._answer(export.url, files.MAX_PACKED).body
        except Unavailable:
            if export == newest:
                raise
            return None
        if export.fits(body):
            return body
        if export == newest:
            raise Unavailable(
                f"{export.named.name}: what came is not what is listed (its size or its digest differ);"
                " nothing of it was used: try again later"
            )
        return None

    def _answer(self, url: str, most: int) -> "Response":
        from ingest.fetch import fetch  # noqa: PLC0415 - only who fetches waits until it is loaded

        private, seconds = self.allow_private, float(self.timeout_seconds)
        return fetch(url, allow_private=private, max_bytes=most, timeout=seconds)


def _found(path: Path) -> tuple[dict[Named, Path], list[str]]:
    """Find the exports of a folder, or one; and the names of other files that may have been meant."""
    try:
        paths = [one for one in (path.iterdir() if path.is_dir() else [path]) if one.is_file()]
    except OSError as error:
        raise _unreadable(path, error) from error
    if not paths and not path.is_dir():
        raise Unavailable(f"{path}: no such folder or file; check the name and the permissions")
    exports = {name: one for one in paths if (name := named(one.name))}
    meant = [one.name for one in paths if one.suffix.lower() in _ENDINGS and not named(one.name)]
    return exports, sorted(meant)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(files.MAX_EXPORT + 1)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(f"{path}: cannot be read ({error.strerror}); check the name and the permissions")
