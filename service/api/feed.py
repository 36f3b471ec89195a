"""The feed of a forecast, for readers of feeds."""

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from model.definition import forecast_from
from service.api import caching
from service.api.answers import stored
from service.api.describing import kept, text
from service.api.named import ForecastId, configured, newest_of
from service.composition import Service
from service.feed import LOOKED_AT, Feed, moves, written
from service.web_access import reads
from storage.forecasts import current_version
from storage.history import Newest
from storage.lines import documents_of, newest_lines

ATOM = "application/atom+xml"
_BEGINNING = "1970-01-01T00:00:00+00:00"  # of a forecast that has not been run
_TOLD = kept("The feed.", content={ATOM: text('<?xml version="1.0" encoding="utf-8"?>\n<feed …>')})


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes = APIRouter(prefix="/forecasts", tags=["forecasts"], dependencies=[Depends(reads(service))])

    @routes.get("/{forecast}/feed.atom", response_class=Response, responses=_TOLD)
    def read_feed(request: Request, forecast: ForecastId) -> Response:
        """Tell in an Atom feed of each published run that moved a scenario by more than `move_points`.

        Each is compared with the run that was in force before it; the newest hundred are told.
        """
        limit = _move_points(service, forecast)
        with service.database.reading() as session:
            newest = newest_of(service, session, forecast)
            version = current_version(session, forecast)
            public_url = service.configuration.serve.public_url
            tag = caching.tag("feed", forecast, newest, limit, version and version.version, public_url)
            return stored(
                request,
                tag,
                lambda: written(_feed(service, session, forecast, limit, newest)),
                media_type=ATOM,
            )

    return routes


def _move_points(service: Service, identity: str) -> float:
    own = service.configuration.forecast_alerts.get(identity)
    return own.move_points if own else service.configuration.alerts.move_points


def _feed(service: Service, session: Session, identity: str, limit: float, newest: Newest | None) -> Feed:
    lines = moves([line for _, line in newest_lines(session, identity, limit=LOOKED_AT)], limit)
    version = current_version(session, identity)
    return Feed(
        identity=identity,
        forecast=configured(service, identity) or (forecast_from(version.definition) if version else None),
        lines=lines,
        documents=documents_of(session, [one["run"] for one in lines]),
        updated=lines[0]["known_at"] if lines else newest.recorded_at.isoformat() if newest else _BEGINNING,
        public_url=service.configuration.serve.public_url,
    )
