"""What was known at a cutoff, and counts."""

from datetime import date

from model import credibility
from model.domain import Forecast
from model.evidence import Evidence, select
from service.composition import Service
from storage.events import evidence_reports


def known_evidence(service: Service, forecast: Forecast, *, as_of: date) -> Evidence:
    """Select what was known at the cutoff and counts."""
    with service.database.reading() as session:
        reports = evidence_reports(session, forecast.tags, opened=forecast.opened, as_of=as_of)
    grades = service.configuration.grades.worth()
    return select(forecast, credibility.events(reports, as_of=as_of, grades=grades), as_of=as_of)
