"""How the description of the API (OpenAPI) says what may follow on an answer: addresses made of its parts."""

from collections.abc import Sequence
from typing import Any

type Links = dict[str, Any]

_REPORT = ("showReport", "amendReport", "retractReport")
_EVENT = ("showEvent", "mergeEvents", "splitEvent")
_PROPOSAL = ("acceptProposal", "rejectProposal")


def to_report(pointer: str) -> Links:
    """Lead to the report whose id stands at a place of the answer."""
    return _links(_REPORT, "identity", pointer)


def to_event(pointer: str) -> Links:
    """Lead to the event whose key stands there."""
    return _links(_EVENT, "key", pointer)


def to_proposal(pointer: str) -> Links:
    """Lead to the decisions about the proposal whose number stands there."""
    return _links(_PROPOSAL, "number", pointer)


def _links(operations: Sequence[str], parameter: str, pointer: str) -> Links:
    parameters = {parameter: f"$response.body#{pointer}"}
    return {one: {"operationId": one, "parameters": parameters} for one in operations}
