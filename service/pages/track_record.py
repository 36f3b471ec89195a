"""The track record: what forecasts that are resolved came to score, and how reliable outlooks are."""

from threading import Lock
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from model.bootstrap import LEAST
from service import reliability_plot
from service.closing import stands
from service.composition import Service
from service.pages.access import reading
from service.pages.asked import sentence
from service.pages.parameters import OptionalMoment
from service.pages.shell import Pages
from service.scoring import track_record
from service.show_scores import mean_text, remarks
from service.track_record import REFERENCES, RULES, TrackRecord
from storage.history import newest_run
from storage.outlook_scores import outcomes
from storage.resolutions import last_decision

_NAMES = {"brier": "Brier, 0 to 2", "log": "Log, nats", "rps": "Ranked"}
_TRUE_MINUS = str.maketrans("-", "\N{MINUS SIGN}")


def router(service: Service) -> APIRouter:
    """Make the route."""
    routes, pages = APIRouter(default_response_class=HTMLResponse), Pages(service)
    kept = Kept(service)

    @routes.get("/track-record", dependencies=[Depends(reading(service))])
    def record(request: Request, known_at: OptionalMoment = None) -> HTMLResponse:
        """Show how good forecasts and outlooks were."""
        found = track_record(service, known_at) if known_at else kept.now()
        return pages.render(
            request,
            "track_record.html",
            known_at=known_at,
            found=found,
            drawn=[(one, reliability_plot.plot(one)) for one in found.reliability],
            plots=reliability_plot,
            overall=_overall(found),
            least=LEAST,
            remarks=[sentence(one) for one in remarks(found)],
            annulled=[(one.forecast_id, stands(one), one.why) for one in found.annulled],
        )

    return routes


class Kept:
    """The track record as it is now, scored again only when something was run, decided or resolved."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = Lock()
        self._seen: object = None
        self._found: TrackRecord | None = None

    def now(self) -> TrackRecord:
        """Give it."""
        with self._lock:
            with self._service.database.reading() as session:
                seen = newest_run(session), last_decision(session), outcomes(session)
            today = self._service.today()
            if self._found is None or self._seen != (seen, today):
                self._found, self._seen = track_record(self._service), (seen, today)
            return self._found


def _overall(found: TrackRecord) -> list[dict[str, Any]]:
    """Lay out the means over forecasts, a row for each rule."""
    if found.overall is None:
        return []
    every = found.overall
    return [
        {
            "name": _NAMES[rule],
            "score": mean_text(every.scores[rule]).translate(_TRUE_MINUS),
            "skill": [mean_text(every.skill[one][rule], "+.2f").translate(_TRUE_MINUS) for one in REFERENCES],
        }
        for rule in RULES
    ]
