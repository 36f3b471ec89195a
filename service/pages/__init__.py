"""The pages that analysts see in a browser: each module is a page or a few, all in one frame."""

from collections.abc import Callable
from functools import partial

from fastapi import Depends, FastAPI, Response

from service.api.parameters import known_only
from service.composition import Service
from service.pages import (
    assets,
    chart,
    docs,
    events,
    forecast,
    overview,
    panel,
    plots,
    regroup,
    report,
    review,
    run,
    runs,
    sign_in,
    track_record,
)
from service.pages.errors import error_page
from service.pages.shell import Pages

_PAGES = (
    *(overview, forecast, chart, run, plots, docs, events, panel, report, regroup, review, runs),
    *(track_record, sign_in),
)


def include(app: FastAPI, service: Service) -> None:
    """Add the routes of all pages to an application, as `service.api.include` does."""
    app.include_router(assets.router(), include_in_schema=False)
    for page in _PAGES:
        routes = page.router(service)
        app.include_router(routes, include_in_schema=False, dependencies=[Depends(known_only)])


def errors(service: Service) -> Callable[..., Response]:
    """Make what turns an error into a page, as `error_page` does."""
    return partial(error_page, Pages(service))
