"""SIPRI's trade register as a source: an export, of which orders and deliveries become events of a year.

The register is the user's to download, from https://www.sipri.org/databases/armstransfers (© SIPRI, free for
uses that are not commercial, with attribution).
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ingest import fields, tables
from ingest.items import Batch, Cursor
from ingest.register import told
from ingest.register.countries import Party, asked, is_expected, same
from ingest.register.reading import MAX_BYTES, parse_register
from ingest.register.rows import FORM
from ingest.register.told import Telling
from ingest.register.values import Register as Export
from model.dates import CoarseDate
from model.errors import InputRefused, InvalidValue

_FARTHEST_EAST = timedelta(hours=14)  # where it is latest on Earth
_DIGITS = 32  # of a file's digest
_ROW_DIGITS = 8
_SHOWN = 5

type Known = dict[str, tuple[str, str]]  # by a row's key its digest, and the day on which it was first read


def _parties(value: object) -> tuple[str, ...]:
    values = list(value) if isinstance(value, list | tuple) else [value]
    if not values:
        raise ValueError("is empty; name at least one, or leave it out")
    return tuple(dict.fromkeys(map(_name, values)))


def _name(value: object) -> str:
    if isinstance(value, str) and is_expected(asked(value)):
        return value
    advice = 'write "RU", "Russia", or a name as SIPRI writes it'
    raise ValueError(f"{value!r:.60} is neither an ISO code nor a name of the register; {advice}")


def _countries(value: object) -> tuple[str, ...]:
    for one in (names := _parties(value)):
        if asked(one).code is None:
            raise ValueError(f"{one!r:.60} has no ISO code, which every report needs; leave it out")
    return names


def _tag(value: object) -> str:
    try:
        return fields.tag(value)
    except InvalidValue:
        raise ValueError('write the kind of event, such as "delivery"') from None


def _no_address(value: object) -> None:
    if value is not None:
        raise ValueError("is not asked for here: download the register, and write the path of the file")


class Register(BaseModel):
    """Keys of a source of ``kind = "register"``.

    Parameters
    ----------
    path
        The export, as CSV.
    supplier
        One or several, by ISO code or name.
    recipients
        Likewise; empty for all that have an ISO code.
    orders, deliveries
        The tags of either; what has none is not taken in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    DEFAULT_GRADE: ClassVar[str] = "B2"

    id: str
    url: Annotated[None, BeforeValidator(_no_address), Field(repr=False)] = None
    path: Path
    supplier: Annotated[tuple[str, ...], BeforeValidator(_parties)] = ("RU",)
    recipients: Annotated[tuple[str, ...], BeforeValidator(_countries)] = ()
    orders: Annotated[str | None, BeforeValidator(_tag)] = None
    deliveries: Annotated[str | None, BeforeValidator(_tag)] = None

    @model_validator(mode="after")
    def _makes_sense(self) -> "Register":
        if self.orders is None and self.deliveries is None:
            raise ValueError('has neither orders nor deliveries; write their tags, deliveries = "delivery"')
        return self

    def poll(self, cursor: Cursor, *, now: datetime) -> Iterator[Batch]:
        """Read the export where it has changed since the cursor; all of it is one batch.

        A row counts as published when the export was made in which it was first read as it is. Without a
        preamble that is the end of the last year that the export tells of, or today if that is earlier.

        Raises
        ------
        Unavailable
            The file cannot be read.
        InputRefused
            It is no sound export, or was made after today; nothing of it was used.
        """
        body = self._content()
        read_as = _digest(self.model_dump_json(exclude={"id", "path"}).encode())
        if (cursor.get("digest"), cursor.get("read_as")) == (_digest(body), read_as):
            return
        export = self._parsed(body)
        tellings, notes = self._tellings(export)
        before = _recalled(cursor) if cursor.get("read_as") == read_as else {}
        known = _known(tellings, _recalled(cursor), self._made(export, now))
        items = [
            one.item(tag=tag, published=CoarseDate.parse(known[one.key][1]))
            for one in tellings
            if (tag := self._tag_of(one))
        ]
        behind = {"digest": _digest(body), "read_as": read_as, "rows": known}
        yield Batch(items=iter(items), cursor=behind, notes=(*export.notes, *notes, *_gone(before, known)))

    def _content(self) -> bytes:
        try:
            return tables.content(self.path, MAX_BYTES, FORM)
        except InputRefused as error:
            raise tables.in_one_line(self.path, error, _SHOWN) from None

    def _parsed(self, body: bytes) -> Export:
        try:
            return parse_register(body)
        except InputRefused as error:
            raise tables.in_one_line(self.path, error, _SHOWN) from None

    def _made(self, export: Export, now: datetime) -> date:
        """Say when the export was made, or a day before which it was not."""
        if export.generated_on is not None:
            if export.generated_on > (now + _FARTHEST_EAST).date():
                raise InputRefused(
                    f"{self.path}: was made on {export.generated_on}, after today; check the clock"
                )
            return export.generated_on
        ordered = (deal.ordered for deal in export.deals if deal.ordered is not None)
        last = max((one.year for one in export.deliveries), default=max(ordered, default=now.year))
        return min(date(last, 12, 31), now.date())

    def _tellings(self, export: Export) -> tuple[list[Telling], list[str]]:
        """Give what is asked for, in the order of the file, and what is left."""
        suppliers, recipients = (tuple(map(asked, of)) for of in (self.supplier, self.recipients))
        ours = [deal for deal in export.deals if _is_one_of(deal.supplier, suppliers)]
        deals = {deal.id: deal for deal in ours if _is_wanted(deal.recipient, recipients)}
        orders = [told.order(deal) for deal in deals.values() if self.orders]
        found = [one for one in orders if one.year is not None]
        if self.deliveries:
            found += [told.delivery(deals[one.deal], one) for one in export.deliveries if one.deal in deals]
        left = {deal.recipient.name for deal in ours if deal.recipient.code is None}
        undated = len(orders) - sum(one.delivery is None for one in found)
        return sorted(found, key=lambda one: (one.line, one.key)), [*_left(sorted(left), undated)]

    def _tag_of(self, one: Telling) -> str | None:
        return self.deliveries if one.delivery else self.orders


def _is_one_of(one: Party, parties: Sequence[Party]) -> bool:
    return any(same(one, other) for other in parties)


def _is_wanted(recipient: Party, recipients: Sequence[Party]) -> bool:
    return recipient.code is not None and (not recipients or _is_one_of(recipient, recipients))


def _left(names: Sequence[str], undated: int) -> Iterator[str]:
    if names:
        more = ", …" if len(names) > _SHOWN else ""
        yield f"recipients without an ISO code, left: {', '.join(names[:_SHOWN])}{more}"
    if undated:
        yield f"orders without a year, left: {undated:,}"


def _known(tellings: Sequence[Telling], before: Known, made: date) -> Known:
    """Say of each row when it was first read as it is: an unchanged one is not published again."""
    digests = {one.key: _digest(one.headline.encode())[:_ROW_DIGITS] for one in tellings}
    return {
        key: before[key] if before.get(key, ("",))[0] == digest else (digest, str(made))
        for key, digest in digests.items()
    }


def _recalled(cursor: Cursor) -> Known:
    rows = cursor.get("rows")
    if not isinstance(rows, Mapping):
        return {}
    return {key: (value[0], value[1]) for key, value in rows.items()}


def _gone(before: Known, known: Known) -> Iterator[str]:
    gone = sorted(before.keys() - known.keys())
    if gone:
        more = f" and {len(gone) - _SHOWN} more" if len(gone) > _SHOWN else ""
        yield f"no longer in the register, retract what was wrong: {', '.join(gone[:_SHOWN])}{more}"


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:_DIGITS]
