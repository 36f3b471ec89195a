"""How reports are handed in, for the description of the API.

It is described here and read by `ingest.reports`, which says of each report all that is wrong at once. What
stands here is what can be said of a report without knowing the day, the codes of countries and the rules.
"""

import json
from typing import Any

from service.api.shapes import REPORT
from service.submissions import MAX_REPORTS

_TEXT = {"type": ["string", "null"]}
_DATE = {
    "type": "string",
    "pattern": r"^\s*[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?\s*$",
    "description": "A day, a month or a year, not after today.",
    "examples": ["2025-03-01", "2025-03", "2025"],
}
_REPORT = {
    "title": "Report",
    "type": "object",
    "required": ["published_on", "country", "headline"],
    "properties": {
        "id": {
            "type": ["string", "integer", "null"],
            "description": "The source's own key; by default a digest of what the report says.",
        },
        "published_on": _DATE,
        "occurred_on": _DATE | {"type": ["string", "null"]},
        "tag": _TEXT
        | {"description": "The kind of event, such as contract_signed; by default the rules decide."},
        "country": {"type": "string", "description": "ISO 3166 code, or * for the whole region."},
        "also": {
            "type": ["array", "string", "null"],
            "items": {"type": "string"},
            "description": "Further countries.",
        },
        "headline": {"type": "string", "minLength": 1},
        "publisher": _TEXT,
        "url": _TEXT,
        "lang": _TEXT,
        "grade": _TEXT | {"description": "The Admiralty grade, such as B2."},
        "probability_true": {
            "type": ["number", "null", "string"],
            "description": "Instead of a grade, between 0 and 1.",
        },
        "denies": {"type": ["boolean", "null", "string"], "description": "It denies its event."},
        "event": _TEXT | {"description": "The event, where a person has decided it."},
    },
    "additionalProperties": True,
    "examples": [REPORT],
}
REQUEST: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "anyOf": [
                    _REPORT,
                    {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": MAX_REPORTS,
                        "items": {},
                        "description": "Reports, each answered in its place, refused ones too.",
                    },
                ]
            },
            "examples": {"one": {"value": REPORT}, "several": {"value": [REPORT, {**REPORT, "id": "b"}]}},
        },
        "application/x-ndjson": {
            "schema": {"type": "string", "pattern": r"\S", "description": "One report a line."},
            "examples": {"lines": {"value": f"{json.dumps(REPORT)}\n"}},
        },
    },
}
