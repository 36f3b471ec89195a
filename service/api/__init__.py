"""The API below ``/api/v1``: one module for each resource, joined here."""

from fastapi import APIRouter, Depends

from service.api import corrections, events, feed, forecasts, history, reports, review, runs, scores, whatif
from service.api.parameters import known_only
from service.composition import Service
from service.submissions import MAX_BODY

PREFIX = "/api/v1"
LARGE_BODIES = {f"{PREFIX}/reports": MAX_BODY}  # bytes, by path

_PARTS = (forecasts, history, runs, feed, whatif, corrections, events, reports, review, scores)


def router(service: Service) -> APIRouter:
    """Make the routes; all of them refuse parameters that they do not know."""
    routes = APIRouter(prefix=PREFIX, dependencies=[Depends(known_only)])
    for part in _PARTS:
        routes.include_router(part.router(service))
    return routes
