"""What schemathesis must be told of our API: how lines are sent, and which refusals no schema can foresee.

A schema says what a request looks like, and not whether a cursor is one that was given, a tag one that the
forecast counts, or a day one that has a run. So a request that looks right may be refused for what it means:
with 422 and a sentence, or with 412 where it is about a state that has passed. What it may not be refused
for is its looks, but for the places named here. A body that is wrong and too long besides is refused for its
length, before anybody reads it.
"""

import json
from typing import Any

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import RejectedPositiveData

from service.web import LARGEST_BODY

# Parameters whose meaning a schema cannot say: what a list gave, codes and tags, a day that has a run, and
# what does not go with the format or the other end.
MEANT = {"/cursor", "/country", "/tag", "/since", "/from", "/all_runs"}
LINES = "application/x-ndjson"


@schemathesis.serializer(LINES)
def lines(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """Send text as it is, and anything else as one line of JSON."""
    return value.encode(errors="replace") if isinstance(value, str) else json.dumps(value).encode()


@schemathesis.hook
def filter_failure(
    _context: schemathesis.HookContext,
    failure: Failure,
    case: schemathesis.Case[Any],
    response: schemathesis.Response,
) -> bool:
    """Keep a failure, unless it is a refusal for meaning or length, or of lines that are answered."""
    if isinstance(failure, RejectedPositiveData):
        return not is_about_meaning(response)
    if isinstance(failure, AcceptedNegativeData):
        lines_answered = case.media_type == LINES and is_answered_line_by_line(response)
        return not (lines_answered or is_about_length(response))
    return True


def is_about_meaning(response: schemathesis.Response) -> bool:
    """Whether a refusal is one that a schema cannot foresee."""
    if response.status_code not in {412, 422}:
        return False
    problem = response.json()
    errors = problem.get("errors", [])
    return bool(problem["detail"]) and all(one["in"] == "query" and one["at"] in MEANT for one in errors)


def is_about_length(response: schemathesis.Response) -> bool:
    """Whether a body was refused unread because it is too long; schemathesis expects no 413."""
    sent = int(response.request.headers.get("Content-Length", 0))
    return response.status_code == 413 and sent > LARGEST_BODY


def is_answered_line_by_line(response: schemathesis.Response) -> bool:
    """Whether lines that are no reports were refused one by one, in an answer that is right as a whole."""
    return response.status_code == 200 and set(response.json()["counts"]) == {"refused"}
