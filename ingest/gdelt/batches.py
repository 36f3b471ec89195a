"""Batches of items out of exports, one for each file, and the cursor behind each. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ingest.gdelt.articles import Article, articles, coded_item, plain_item
from ingest.gdelt.coding import Coder
from ingest.gdelt.files import Named, named, unpacked
from ingest.gdelt.memory import recalled, remembered
from ingest.gdelt.rows import Export, counted, read_export
from ingest.items import Batch, Cursor, SourceItem
from ingest.records import WHOLE_FILE, Refused
from model.errors import InputRefused

TRIES = 8  # polls that look for an export that is not there
MAX_MISSING = 200


@dataclass(kw_only=True, slots=True)
class Batches:
    """Makes the batches of one poll; each goes on from the cursor behind the last.

    Parameters
    ----------
    rules
        Whether the rules are to judge articles that no coding asks for.
    done
        The last export that was read.
    missing
        Exports that were not there: how often they were asked for, by their names.
    recent
        What is known of the articles of the last day.
    notes
        To be told with the next batch.
    """

    coder: Coder
    rules: bool
    now: datetime
    done: Named | None
    missing: dict[str, int]
    recent: Mapping[str, object]
    notes: list[str]

    @classmethod
    def since(cls, cursor: Cursor, *, coder: Coder, rules: bool, now: datetime) -> "Batches":
        """Begin behind a cursor; one that is of no such source counts as none."""
        done, missing, recent = (cursor.get(name) for name in ("done", "missing", "recent"))
        return cls(
            coder=coder,
            rules=rules,
            now=now,
            done=named(done) if isinstance(done, str) else None,
            missing=_counts(missing) if isinstance(missing, Mapping) else {},
            recent=recent if isinstance(recent, Mapping) else {},
            notes=[],
        )

    def cursor(self) -> dict[str, object]:
        """Give the cursor behind what was read."""
        done = self.done.name if self.done else None
        kept = sorted(self.missing)[-MAX_MISSING:]
        return {
            "done": done,
            "missing": {name: self.missing[name] for name in kept},
            "recent": dict(self.recent),
        }

    def note_missing(self, name: Named) -> None:
        """Keep in mind that an export is not there, and how often it was asked for."""
        tries = self.missing.pop(name.name, 0) + 1
        if tries < TRIES:
            self.missing[name.name] = tries
        outlook = "it is looked for again" if tries < TRIES else f"given up after {TRIES} polls"
        self.notes.append(f"{name.name} is not there; {outlook}")
        self._pass(name)

    def _pass(self, name: Named) -> None:
        self.done = max(self.done, name) if self.done else name

    def nothing(self) -> Batch:
        """Make a batch without items, which only moves the cursor on."""
        notes, self.notes = tuple(self.notes), []
        return Batch(items=iter(()), cursor=self.cursor(), notes=notes)

    def batch(self, name: Named, body: bytes) -> Batch:
        """Read an export, once; what is wrong with the whole of it is an item of its own."""
        export = self._read(name, body)
        found = articles(export.rows, self.coder, recalled(self.recent))
        self.recent = remembered(self.recent, found, name.moment)
        self.missing.pop(name.name, None)
        self._pass(name)
        items = [*export.refused, *self._items(found)]
        notes = *_counted(export, found), *export.notes, *self.notes
        self.notes = []
        return Batch(items=iter(items), cursor=self.cursor(), notes=notes, name=name.name)

    def _read(self, name: Named, body: bytes) -> Export:
        try:
            return read_export(unpacked(body, name.name), added=name.moment, now=self.now)
        except InputRefused as error:
            return Export(rows=(), refused=(Refused(line=WHOLE_FILE, reason=str(error)),), notes=())

    def _items(self, found: Sequence[Article]) -> Iterator[SourceItem]:
        for article in found:
            item = coded_item(article) if article.coded else plain_item(article) if self.rules else None
            if item is not None:
                yield item


def _counts(missing: Mapping[str, object]) -> dict[str, int]:
    return {name: tries for name, tries in missing.items() if named(name) and isinstance(tries, int)}


def _counted(export: Export, found: Sequence[Article]) -> Iterator[str]:
    coded = sum(bool(article.coded) for article in found)
    if export.rows:
        rows, all_of = counted(len(export.rows), "row"), counted(len(found), "article")
        yield f"{rows} of {all_of}: {coded:,} coded, {len(found) - coded:,} that no coding asks for"
    elif not export.refused:
        yield "holds no rows"
