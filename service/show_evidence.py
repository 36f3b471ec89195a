"""`posterity events` and `posterity reports`: what is known, and what is behind it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypedDict

from model import credibility
from model.errors import Unknown
from model.evidence import Evidence
from model.wire import content
from service import printing, show_decisions
from service.composition import Service
from service.event_summaries import told
from service.knowledge import known_evidence
from storage.events import EventSummary, JoinedReport, event_reports, found_events
from storage.memberships import placements
from storage.proposals import proposals_of
from storage.reports import StoredReport, list_reports, report_versions


class Narrowed(TypedDict):
    """The filters as the store's queries take them."""

    tag: str | None
    country: str | None
    since: date | None
    until: date | None
    search: str | None
    limit: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """What to list: by tag, country, days (both included), and words of the headline, publisher or id."""

    tag: str | None = None
    country: str | None = None
    since: date | None = None
    until: date | None = None
    search: str | None = None
    limit: int | None = None

    @property
    def narrowed(self) -> Narrowed:
        """All of them; one more is asked for than is shown, to know whether there is more."""
        return Narrowed(
            tag=self.tag,
            country=self.country,
            since=self.since,
            until=self.until,
            search=self.search,
            limit=None if self.limit is None else self.limit + 1,
        )


def show_events(service: Service, filters: Filters, *, as_json: bool) -> None:
    """List events that pass the filters, the latest first."""
    with service.database.reading() as session:
        keys = _cut(found_events(session, **filters.narrowed), filters)
        found = told(service, session, keys)
    if as_json:
        printing.as_json([event_document(event) for event in found])
        return
    headings = ("event", "when", "where", "for", "against", "headline")
    rows = (
        (event.key, _span(event), ", ".join(event.countries), event.asserting, event.denying, event.headline)
        for event in found
    )
    printing.block(printing.table(headings, rows, numeric=("for", "against")))


def show_event(service: Service, key: str, *, as_json: bool) -> None:
    """Show what is behind one event: its reports, their grades, and where it counts.

    Raises
    ------
    Unknown
        There is no event of this key.
    """
    with service.database.reading() as session:
        joined = event_reports(session, key)
    if not joined:
        raise Unknown(f"no event is called {key!r}; `posterity events --search WORDS` finds it")
    believed = _credibility(service, key, joined)
    standings = list(_standings(service, key))
    if as_json:
        reports = [member_document(one) for one in joined]
        printing.as_json(
            {
                "event": key,
                "credibility": believed,
                "counts": [dict(one) for one in standings],
                "reports": reports,
            }
        )
        return
    printing.line(f"{key}: credibility {MISSING if believed is None else believed}")
    for place in standings:
        printing.line(f"{place['forecast']} / {place['indicator']}: {place['standing']}")
    printing.block(printing.table(_MEMBER_HEADINGS, (_member_row(one.stored) for one in joined)))
    for one in joined:
        printing.line(f"{one.stored.report.id} belongs here: {show_decisions.reasons(one.membership)}")


def show_reports(service: Service, filters: Filters, *, event: str | None, as_json: bool) -> None:
    """List the newest version of each report that passes the filters, the latest published first."""
    with service.database.reading() as session:
        found = _cut(list_reports(session, **filters.narrowed, event=event), filters)
    _show(found, as_json=as_json)


def show_report(service: Service, identity: str, *, as_json: bool) -> None:
    """Show every version of one report, oldest first.

    Raises
    ------
    Unknown
        There is no report of this id.
    """
    with service.database.reading() as session:
        found = report_versions(session, identity)
        placed, proposed = placements(session, identity), proposals_of(session, identity)
    told = list(show_decisions.sentences(found, placed, proposed))
    if not found:
        advice = told[-1] if told else "`posterity reports --search WORDS` finds it"
        raise Unknown(f"no report has the id {identity!r}; {advice}")
    if as_json:
        reviewed = [show_decisions.reviewed(one) for one in proposed]
        known = {"decisions": show_decisions.placed(placed), "review": reviewed}
        printing.as_json([report_document(one) | known for one in found])
        return
    _show(found, as_json=False)
    for sentence in told:
        printing.line(sentence)


def _cut[T](found: list[T], filters: Filters) -> list[T]:
    if filters.limit is not None and len(found) > filters.limit:
        printing.note(f"these are the latest {filters.limit}; --limit N shows more")
    return found[: filters.limit]


MISSING = printing.MISSING
_REPORT_HEADINGS = (
    "report",
    "version",
    "published",
    "tag",
    "where",
    "grade",
    "publisher",
    "event",
    "headline",
)


_MEMBER_HEADINGS = ("report", "published", "grade", "publisher", "headline")


def _show(found: Sequence[StoredReport], *, as_json: bool) -> None:
    if as_json:
        printing.as_json([report_document(one) for one in found])
    else:
        printing.block(printing.table(_REPORT_HEADINGS, map(_report_row, found)))


def _report_row(stored: StoredReport) -> tuple[object, ...]:
    report = stored.report
    version = f"{stored.version} retracted" if stored.retracted else stored.version
    said = f"denied: {report.headline}" if report.denies else report.headline
    worth = report.grade or report.probability_true
    where = ", ".join(report.countries)
    return (
        report.id,
        version,
        report.published,
        report.tag,
        where,
        worth,
        report.publisher,
        stored.event_key,
        said,
    )


def _member_row(stored: StoredReport) -> tuple[object, ...]:
    """Show what distinguishes the reports of one event."""
    identity, version, published, _, _, worth, publisher, _, said = _report_row(stored)
    name = f"{identity} ({version})" if stored.retracted else identity
    return (name, published, worth, publisher, said)


def report_document(stored: StoredReport) -> dict[str, object]:
    """Describe a report in one of its versions, and how it came here, for JSON."""
    known = {
        "version": stored.version,
        "retracted": stored.retracted,
        "recorded_at": stored.recorded_at.isoformat(),
        "origin": stored.origin,
        "line": stored.line,
        "author": stored.author,
        "reason": stored.why,
    }
    return content(stored.report) | known | {"event": stored.event_key}


def member_document(joined: JoinedReport) -> dict[str, object]:
    """Describe a report of an event, and why it belongs there, for JSON."""
    decided = show_decisions.membership(joined.membership) | {"decided_at": joined.decided_at.isoformat()}
    return report_document(joined.stored) | decided


def event_document(event: EventSummary) -> dict[str, object]:
    """Describe an event at a glance for JSON."""
    return {
        "event": event.key,
        "tag": event.tag,
        "countries": list(event.countries),
        "first": event.first.isoformat(),
        "last": event.last.isoformat(),
        "asserting": event.asserting,
        "denying": event.denying,
        "headline": event.headline,
        "published": event.published.isoformat(),
    }


def _span(event: EventSummary) -> str:
    return str(event.first) if event.first == event.last else f"{event.first} to {event.last}"


def _credibility(service: Service, key: str, joined: Sequence[JoinedReport]) -> float | None:
    reports = [one.stored.report for one in joined if not one.stored.retracted]
    grades = service.configuration.grades.worth()
    found = credibility.events({key: reports}, as_of=service.today(), grades=grades)
    return found[0].credibility if found else None


def _standings(service: Service, key: str) -> Iterator[dict[str, str]]:
    """Where the event stands in each forecast that has opened."""
    for forecast in service.configuration.forecasts:
        if forecast.opened <= service.today():
            evidence = known_evidence(service, forecast, as_of=service.today())
            for indicator, standing in _standing(evidence, key):
                yield {"forecast": forecast.id, "indicator": indicator, "standing": standing}


def _standing(evidence: Evidence, key: str) -> Iterator[tuple[str, str]]:
    for seen in evidence.indicators:
        if any(event.key == key for event in seen.counted):
            yield seen.indicator.id, "counts"
        if any(event.key == key for event in seen.folded):
            yield seen.indicator.id, "is part of an occasion that counts already"
    for one in evidence.uncounted:
        if one.event.key == key:
            yield "none", f"does not count: {one.reason}"
