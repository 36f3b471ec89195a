"""The API below ``/api/v1``: one module for each resource, joined here."""

from fastapi import Depends, FastAPI

from service.api import corrections, events, feed, forecasts, history, reports, review, runs, scores, whatif
from service.api.parameters import known_only
from service.composition import Service
from service.submissions import MAX_BODY

PREFIX = "/api/v1"
LARGE_BODIES = {f"{PREFIX}/reports": MAX_BODY}  # bytes, by path

_PARTS = (forecasts, history, runs, feed, whatif, corrections, events, reports, review, scores)


def include(app: FastAPI, service: Service) -> None:
    """Add the routes to an application; all of them refuse parameters that they do not know.

    Joined in a router of their own first, FastAPI would analyse each of them once more.
    """
    for part in _PARTS:
        app.include_router(part.router(service), prefix=PREFIX, dependencies=[Depends(known_only)])
