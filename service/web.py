"""The web application: health, metrics, the readers' links, the API, and the pages.

FastAPI's own pages of documentation load their JavaScript from a CDN; ours shows the same description.
"""

from importlib.metadata import version

from fastapi import FastAPI

from service import api, pages, web_health, web_metrics, web_subscribers, web_unsubscribe
from service.composition import Service
from service.web_access import is_loopback
from service.web_compression import Compressed
from service.web_guard import AccessLog, BodyLimit, CutShort, Headless, SafeHeaders
from service.web_problems import ANY_PROBLEM, handle_errors

LARGEST_BODY = 64 * 1024


def create_app(service: Service, *, local: bool | None = None) -> FastAPI:
    """Build the application; nothing connects before the first request.

    Parameters
    ----------
    local
        Whether it listens on this machine's loopback only, where reading needs no key; by default what
        ``[serve] host`` says.
    """
    app = FastAPI(
        title="Posterity",
        summary="Scenario forecasts that are kept honest every night.",
        version=version("posterity"),
        docs_url=None,
        redoc_url=None,
        responses=ANY_PROBLEM,
        redirect_slashes=False,  # a redirect would repeat what the caller says our name is
    )
    app.state.local = is_loopback(service.configuration.serve.host) if local is None else local
    app.state.error_page = pages.errors(service)
    handle_errors(app)
    for part in (web_health, web_metrics, web_unsubscribe, web_subscribers):
        app.include_router(part.router(service))
    api.include(app, service)
    pages.include(app, service)
    app.add_middleware(BodyLimit, most=LARGEST_BODY, more=api.LARGE_BODIES)
    for layer in (Compressed, CutShort, Headless, SafeHeaders, AccessLog):  # the last is the outermost
        app.add_middleware(layer)
    return app
