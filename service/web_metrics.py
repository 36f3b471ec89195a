"""Metrics over HTTP."""

from functools import partial

from fastapi import APIRouter, Request, Response
from fastapi.security import HTTPAuthorizationCredentials
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest

from service import metrics
from service.composition import Service
from service.web_access import Credentials, insist, is_near
from service.web_patience import Patience


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes, patience = APIRouter(tags=["metrics"]), Patience()
    registry = metrics.registry(service)

    @routes.get("/metrics", response_class=Response)
    async def read_metrics(request: Request, credentials: Credentials) -> Response:
        """Give the metrics in Prometheus's text format; from afar with a key of scope read."""
        if is_near(request):
            content = await patience.ask(partial(generate_latest, registry))
        else:
            content = await patience.ask(partial(_for_readers, service, registry, credentials))
        return Response(content, media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return routes


def _for_readers(
    service: Service, registry: CollectorRegistry, credentials: HTTPAuthorizationCredentials | None
) -> bytes:
    insist(service, credentials, "read")
    return generate_latest(registry)
