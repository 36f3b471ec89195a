"""The API below ``/api/v1``: one module for each resource, joined here."""

from fastapi import APIRouter, Depends

from service.api import forecasts
from service.api.parameters import known_only
from service.composition import Service

_PARTS = (forecasts,)


def router(service: Service) -> APIRouter:
    """Make the routes; all of them refuse parameters that they do not know."""
    routes = APIRouter(prefix="/api/v1", dependencies=[Depends(known_only)])
    for part in _PARTS:
        routes.include_router(part.router(service))
    return routes
