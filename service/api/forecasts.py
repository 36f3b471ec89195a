"""Where every forecast stands."""

from fastapi import APIRouter, Depends

from service.composition import Service
from service.web_access import reads


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes = APIRouter(prefix="/forecasts", tags=["forecasts"], dependencies=[Depends(reads(service))])

    @routes.get("")
    def list_forecasts() -> list[dict[str, str]]:
        """List the forecasts that are configured."""
        return [{"id": one.id, "title": one.title} for one in service.configuration.forecasts]

    return routes
