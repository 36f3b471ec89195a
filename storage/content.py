"""Domain values as they stand in text columns, and back."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from model.dates import CoarseDate
from model.digests import digest
from model.domain import Report
from model.wire import FIELDS, content

_PLAIN = ("tag", "country", "headline", "publisher", "url", "lang", "grade", "probability_true", "event")

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def as_text(value: object) -> str:
    """JSON with no spaces, in the value's own order; NaN and infinity are refused."""
    return _encode(value)


class Written(NamedTuple):
    """What a report says as it is stored, and the digest of that."""

    digest: str
    content: str


def written(report: Report) -> Written:
    """Write down what a report says."""
    said = content(report)
    return Written(digest(said), as_text(said))


def report_columns(report: Report, said: Written | None = None) -> dict[str, object]:
    """Spread what a report says over the columns of `report_version`.

    Parameters
    ----------
    said
        What `written` makes of the report, where that is known already.
    """
    said = said or written(report)
    return {
        "report_id": report.id,
        "digest": said.digest,
        "tag": report.tag,
        "country": report.country,
        "also": f" {' '.join(report.also)} " if report.also else "",
        "published_first": report.published.first,
        "published_last": report.published.last,
        "occurred_first": report.when.first,
        "occurred_last": report.when.last,
        "denies": report.denies,
        "searchable": "\n".join((report.headline, report.publisher or "", report.id)).casefold(),
        "content": said.content,
    }


def report_of(stored: str, received: datetime) -> Report:
    """Read a report back from its content."""
    said = json.loads(stored)
    occurred = said.get("occurred_on")
    return Report(
        id=said["id"],
        published=CoarseDate.parse(said["published_on"]),
        occurred=CoarseDate.parse(occurred) if occurred else None,
        also=tuple(said.get("also", ())),
        denies=said.get("denies", False),
        extra={name: value for name, value in said.items() if name not in FIELDS},
        received=received,
        **{name: said.get(name) for name in _PLAIN},
    )


def differences(old: object, new: object, path: str = "") -> list[dict[str, object]]:
    """Where two JSON values differ; members of lists that have an ``id`` are matched by it.

    Parameters
    ----------
    old, new
        What ``json.loads`` gives. None stands for what is not there.

    Returns
    -------
    list
        One ``{"path", "old", "new"}`` for each leaf that differs.
    """
    before, after = _members(old), _members(new)
    if before is None or after is None or not (before or after):
        return [] if old == new else [{"path": path, "old": old, "new": new}]
    found = _reordered(before, after, path) if isinstance(old, list) else []
    for name in [*after, *(name for name in before if name not in after)]:
        below = f"{path}.{name}" if path else name
        found += differences(before.get(name), after.get(name), below)
    return found


def _reordered(
    before: Mapping[str, object], after: Mapping[str, object], path: str
) -> list[dict[str, object]]:
    old, new = [name for name in before if name in after], [name for name in after if name in before]
    return [] if old == new else [{"path": f"{path} (order)", "old": old, "new": new}]


def _members(value: object) -> Mapping[str, object] | None:
    """Named members of an object or of a list of objects with ids; None of anything else."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, list) and all(isinstance(one, Mapping) and "id" in one for one in value):
        return {str(one["id"]): one for one in value}
    return None
