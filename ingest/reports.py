"""A record, from whatever format, becomes a report; everything wrong with it is said at once."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from ingest import fields
from model.dates import CoarseDate
from model.digests import digest
from model.domain import Report
from model.errors import InputRefused, InvalidValue
from model.wire import FIELDS, REQUIRED, content

MAX_EXTRA = 16_384  # characters of JSON
_DERIVED = "sha256:"  # the id of a report whose source gave it none
_KNOWN = frozenset(FIELDS)
_ADVICE = {
    "published_on": "the day it was said, such as 2025-07-02, 2025-07 or 2025",
    "tag": "the kind of event, such as contract_signed",
    "country": 'a two-letter code, such as PE, or "*" for the region',
    "headline": "what was said, in one line",
}

_publisher = fields.text(253, '"tass.com"')
_language = fields.text(35, '"es"')
_event = fields.text(200, '"ve-ammunition-plant-stage-1"')


class _Form:
    """A record being read: hands out its fields and collects what is wrong with them."""

    def __init__(self, record: Mapping[str, object]) -> None:
        self.record = record
        self.problems: list[str] = []

    def take[T](self, name: str, read: Callable[[object], T]) -> T | None:
        value = self.record.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            if name in REQUIRED:
                self.problems.append(f"{name}: is missing; write {_ADVICE[name]}")
            return None
        try:
            return read(value)
        except InvalidValue as error:
            self.problems.append(f"{name}: {error}")
            return None

    def dates(self, today: date) -> tuple[CoarseDate | None, CoarseDate | None]:
        published = self.take("published_on", fields.coarse_date)
        occurred = self.take("occurred_on", fields.coarse_date)
        if published and published.first > today:
            self.problems.append(f"published_on: {published} lies after today, {today}; write a day gone by")
        elif published and occurred and occurred.first > min(published.last, today):
            before = f"the publication, {published}" if occurred.first > published.last else f"today, {today}"
            self.problems.append(f"occurred_on: {occurred} lies after {before}; correct it or leave it out")
        return published, occurred

    def optional(self) -> dict[str, Any]:
        return {
            "publisher": self.take("publisher", _publisher),
            "url": self.take("url", fields.address),
            "lang": self.take("lang", _language),
            "grade": self.take("grade", fields.grade),
            "probability_true": self.take("probability_true", fields.probability),
            "denies": self.take("denies", fields.boolean) or False,
            "event": self.take("event", _event),
            "extra": self.extra(),
        }

    def extra(self) -> dict[str, object]:
        kept = {name: value for name, value in self.record.items() if name not in _KNOWN}
        sound = [self._sound(name, value) for name, value in kept.items()]
        if kept and all(sound) and len(json.dumps(kept)) > MAX_EXTRA:
            self.problems.append(f"unknown fields: are longer than {MAX_EXTRA:,} characters; write less")
        return kept

    def _sound(self, name: str, value: object) -> bool:
        try:
            fields.field_name(name)
            fields.json_value(value)
        except InvalidValue as error:
            self.problems.append(f"{ascii(name).strip("'")[:60]}: {error}")
            return False
        return True


def report_from(record: Mapping[str, object], *, today: date) -> Report:
    """Make a report of a record in the names of the interchange format.

    Fields that are null or blank count as absent, unknown ones are kept in `extra`. Without an id
    the report gets the digest of its content, so that the same content is the same report.

    Parameters
    ----------
    today
        Nothing can have been published, or have happened, after it.

    Raises
    ------
    InputRefused
        Every problem of the record in one line: field, what is wrong, what to write.
    """
    form = _Form(record)
    identity = form.take("id", fields.identifier)
    published, occurred = form.dates(today)
    tag = form.take("tag", fields.tag)
    country = form.take("country", fields.country)
    also = form.take("also", fields.countries) or ()
    headline = form.take("headline", fields.headline)
    optional = form.optional()
    if form.problems or published is None or tag is None or country is None or headline is None:
        raise InputRefused("; ".join(form.problems))
    report = Report(
        id=identity or _DERIVED,
        published=published,
        occurred=occurred,
        tag=tag,
        country=country,
        also=tuple(code for code in also if code != country),
        headline=headline,
        **optional,
    )
    return report if identity else replace(report, id=_id_of(report))


def _id_of(report: Report) -> str:
    said = {name: value for name, value in content(report).items() if name != "id"}
    return digest(said)[: len(_DERIVED) + 16]
