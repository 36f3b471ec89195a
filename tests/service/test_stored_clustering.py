"""Filed reports become events in the store, however they arrive, and stay where a person put them."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import batched
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from benchmarks.streams import stream
from ingest.cluster import Clustering, assign_all
from model.dates import CoarseDate
from model.domain import Report
from service.clustering import Clusterer, foresee
from service.composition import Service
from service.configuration import load
from storage.database import Database
from storage.events import Membership, event_keys, join_events
from storage.memberships import memberships, placements
from storage.nearby import Neighbour, Span, candidates
from storage.reports import file_reports, retract_report
from tests.service.configurations import VALID
from tests.storage.samples import moment, report

TOLD = "Eight Mi-17 helicopters land in Barinas"


@pytest.fixture
def service(tmp_path: Path, database: Database) -> Service:
    path = tmp_path / "config.toml"
    path.write_text(VALID, encoding="utf-8")
    return Service(configuration=load(path, {}), database=database, clock=lambda: moment(1))


def say(
    service: Service, *reports: Report, day: int = 1, clusterer: Clusterer | None = None
) -> dict[str, str]:
    """File reports and cluster them in one transaction; gives the event of each."""
    clusterer = clusterer or Clusterer(service)
    with service.database.session() as session:
        clusterer.begin(session)
        filings = file_reports(session, reports, at=moment(day), origin="x")
        new = [one for one, filing in zip(reports, filings, strict=True) if filing.outcome != "duplicate"]
        clusterer.cluster(session, new, at=moment(day))
    with service.database.reading() as session:
        return event_keys(session, {one.id for one in reports})


def put(service: Service, report_id: str, key: str) -> None:
    with service.database.session() as session:
        by_ana = Membership(report_id=report_id, event_key=key, why="another town", author="ana")
        join_events(session, [by_ana], at=moment(3))


def told(name: str, headline: str = TOLD, **changes: object) -> Report:
    return replace(report(name, "2025-07-02"), headline=headline, **changes)  # type: ignore[arg-type]


def test_a_copy_joins_what_was_stored_before_and_the_decision_is_recorded(service: Service) -> None:
    first = say(service, told("a"))
    assert say(service, told("b", f"(EFE) - {TOLD}"), day=2) == {"b": first["a"]}
    with service.database.reading() as session:
        (one,) = placements(session, "b")
    assert (
        one.membership.why == "told in the same words as a (100 of 100), same kind and country, the same days"
    )
    assert (one.membership.author, one.decided_at) == (None, moment(2))


def test_what_an_editor_split_off_stays_there_when_its_source_amends_it(service: Service) -> None:
    first = say(service, told("a"), told("b"))
    assert first["a"] == first["b"]
    put(service, "b", "other")
    assert say(service, told("b", f"{TOLD} at night"), day=4) == {"b": "other"}
    assert say(service, told("b", f"{TOLD} at noon", tag="visit", country="PE"), day=5) == {"b": "other"}
    assert say(service, told("b", TOLD, event="third"), day=6) == {"b": "third"}


def test_an_editors_word_about_a_report_that_names_its_event_holds_until_it_names_another(
    service: Service,
) -> None:
    assert say(service, told("a", event="stated")) == {"a": "stated"}
    put(service, "a", "merged")
    assert say(service, told("a", "Corrected", event="stated"), day=4) == {"a": "merged"}
    assert say(service, told("a", "Corrected", event="stated anew"), day=5) == {"a": "stated anew"}


def test_a_retracted_report_draws_no_others_to_it(service: Service) -> None:
    first = say(service, told("a"))
    with service.database.session() as session:
        retract_report(session, "a", at=moment(2), author="ana", why="a hoax")
    again, copy = told("a", f"{TOLD} again"), told("b", f"{TOLD} again")
    found = say(service, again, copy, day=3)
    assert found["b"] not in {first["a"], found["a"]}


def test_what_would_become_of_a_report_is_foreseen_and_not_recorded(service: Service) -> None:
    first = say(service, told("a"), told("c", "Nine tanks sink off Callao"))
    put(service, "c", "by-ana")
    with service.database.reading() as session:
        foreseen = foresee(session, service, [told("b"), told("a", "Nine tanks sink"), told("c", "All else")])
        assert foreseen["b"].key == first["a"]
        assert foreseen["c"].key == "by-ana"
        assert memberships(session, ["b"]) == {}
        assert event_keys(session, ["a"]) == {"a": first["a"]}


def streamed() -> list[Report]:
    """A dense stream of some ninety reports; some come again in other words, or with an event named."""
    reports = list(stream(8, "arms").reports[:90])
    for number in range(0, 80, 8):
        old, other = reports[number], reports[number + 3]
        event = "stated" if number % 24 == 0 else None
        reports.insert(number + 12, replace(old, headline=f"{other.headline}, again", event=event))
    return reports


@pytest.mark.slow
@pytest.mark.parametrize(("size", "remembers"), [(1, True), (7, True), (7, False), (1000, False)])
def test_how_reports_are_batched_changes_nothing(service: Service, size: int, remembers: bool) -> None:
    reports = streamed()
    decisions = assign_all(reports, [], Clustering())
    expected = {report.id: decision.key for report, decision in zip(reports, decisions, strict=True)}
    found: dict[str, str] = {}
    one = Clusterer(service) if remembers else None
    for batch in batched(reports, size):
        found |= say(service, *batch, clusterer=one)
    assert found == expected
    assert len(set(found.values())) > 20


def test_what_others_file_between_two_batches_is_not_overlooked(service: Service) -> None:
    one = Clusterer(service)
    say(service, told("a", "Nine tanks sink off Callao"), clusterer=one)
    first = say(service, told("b"))
    assert say(service, told("c"), clusterer=one) == {"c": first["b"]}
    put(service, "c", "by-ana")
    assert say(service, told("c", f"{TOLD} at night"), clusterer=one) == {"c": "by-ana"}


def test_what_is_remembered_is_read_once(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(session: Session, spans: Sequence[Span]) -> list[Neighbour]:
        asked.append(len(spans))
        return candidates(session, spans)

    monkeypatch.setattr("service.clustering.candidates", counted)
    one = Clusterer(service)
    for name in "abc":
        say(service, told(name), clusterer=one)
    say(service, replace(told("d"), published=CoarseDate.parse("2025-07-05")), clusterer=one)
    assert asked == [1, 0, 0, 1]


def test_what_is_remembered_is_given_up_where_it_grows_and_decisions_stay_the_same(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.clustering.MOST_REMEMBERED", 3)
    reports = streamed()[:40]
    decisions = assign_all(reports, [], Clustering())
    one, found = Clusterer(service), dict[str, str]()
    for batch in batched(reports, 5):
        found |= say(service, *batch, clusterer=one)
    last = {report.id: decision.key for report, decision in zip(reports, decisions, strict=True)}
    assert found == last
