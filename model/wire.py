"""How a report is written where it leaves the process: its content as JSON, and that content's digest."""

from model import digests
from model.domain import Report

REQUIRED = ("published_on", "tag", "country", "headline")
FIELDS = (
    "id",
    "published_on",
    "occurred_on",
    "tag",
    "country",
    "also",
    "headline",
    "publisher",
    "url",
    "lang",
    "grade",
    "probability_true",
    "denies",
    "event",
)


def content(report: Report) -> dict[str, object]:
    """Everything that the source said, in the names of the interchange format.

    What a report does not have is left out; unknown fields stand beside the known ones. When the
    service received it is not part of what it says.
    """
    known: dict[str, object] = {
        "id": report.id,
        "published_on": str(report.published),
        "occurred_on": str(report.occurred) if report.occurred else None,
        "tag": report.tag,
        "country": report.country,
        "also": list(report.also) or None,
        "headline": report.headline,
        "publisher": report.publisher,
        "url": report.url,
        "lang": report.lang,
        "grade": report.grade,
        "probability_true": report.probability_true,
        "denies": report.denies or None,
        "event": report.event,
    }
    unknown = {name: value for name, value in report.extra.items() if name not in known}
    return {name: value for name, value in known.items() if value is not None} | unknown


def digest(report: Report) -> str:
    """Digest of a report's content: the same for two reports exactly if they say the same."""
    return digests.digest(content(report))
