"""Lists of evidence that clients keep: sent again once anything of them has changed, and not before."""

from collections.abc import Callable
from pathlib import Path

import pytest

from storage.database import Database
from tests.service.offices import Office, deal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite("what is asked for and answered; its statements meet a server elsewhere"),
]

LISTS = ("/events", "/events?limit=1", "/reports", "/reports?format=csv", "/events/one", "/reports/a")
REVIEW = "/review"
BECAUSE = {"because": "an editor says so"}


@pytest.fixture
def office(tmp_path: Path, database: Database, database_url: str) -> Office:
    made = Office(tmp_path, database, database_url)
    made.hands_in(deal("a", event="one"), deal("b", "2025-03-02", event="one"), deal("c", event="two"))
    made.guesses("g1", "g2")
    return made


def tags(office: Office, *more: str) -> dict[str, str]:
    answers = {path: office.gets(path) for path in (*LISTS, *more)}
    assert {one.status_code for one in answers.values()} == {200}
    return {path: one.headers["etag"] for path, one in answers.items()}


def asked_again(office: Office, path: str, tag: str) -> int:
    return office.gets(path, headers={"If-None-Match": tag}).status_code


def test_what_has_not_changed_is_not_sent_again(office: Office) -> None:
    for path, tag in tags(office, REVIEW, "/scores", "/events?known_at=2026-01-20T12:30:00Z").items():
        again = office.gets(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert "private" in again.headers["cache-control"]


def test_a_tag_is_of_one_question_and_one_form(office: Office) -> None:
    asked = ("/events", "/events?limit=1", "/events?tag=deal", "/events?known_at=2026-01-20T12:30:00Z")
    found = [office.gets(path).headers["etag"] for path in (*asked, "/reports", "/reports?tag=deal")]
    found += [office.gets("/reports", headers={"Accept": "text/csv"}).headers["etag"]]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    "change",
    [
        lambda office: office.hands_in(deal("d", event="one")),
        lambda office: office.hands_in(deal("a", event="one", headline="It says something else")),
        lambda office: office.does("/reports/a/amend", {"changes": {"grade": "A1"}} | BECAUSE),
        lambda office: office.does("/reports/a/retract", BECAUSE),
        lambda office: office.does("/events/one/merge", {"events": ["two"]} | BECAUSE),
        lambda office: office.does("/events/one/split", {"reports": ["a"], "event": "new"} | BECAUSE),
        lambda office: office.does("/review/1/accept", {"event": "one"} | BECAUSE),
    ],
    ids=["new", "said anew", "amended", "retracted", "merged", "split", "accepted"],
)
def test_whatever_changes_the_evidence_changes_the_tags_of_its_lists(
    office: Office, change: Callable[[Office], object]
) -> None:
    before = tags(office)
    change(office)
    lists = [path for path in LISTS if path != "/reports/a"]  # which is kept by what it says itself
    assert [asked_again(office, path, before[path]) for path in lists] == [200] * len(lists)


def test_a_report_is_kept_by_what_is_known_of_it_alone(office: Office) -> None:
    tag = office.gets("/reports/a").headers["etag"]
    office.hands_in(deal("d", event="one"))
    assert asked_again(office, "/reports/a", tag) == 304
    office.does("/reports/a/amend", {"changes": {"grade": "A1"}} | BECAUSE)
    assert asked_again(office, "/reports/a", tag) == 200


@pytest.mark.parametrize("way", ["accept", "reject"])
def test_a_decision_changes_what_waits(office: Office, way: str) -> None:
    tag = office.gets(REVIEW).headers["etag"]
    office.does(f"/review/2/{way}", BECAUSE)
    assert asked_again(office, REVIEW, tag) == 200
    tag = office.gets(REVIEW).headers["etag"]
    office.guesses("g3")
    assert asked_again(office, REVIEW, tag) == 200


def test_a_run_changes_what_an_event_did(office: Office) -> None:
    tag = office.gets("/events/one").headers["etag"]
    office.runs()
    assert asked_again(office, "/events/one", tag) == 200


def test_an_event_is_called_alike_in_lists_in_tables_and_on_pages(office: Office) -> None:
    office.hands_in(deal("e", "2025-03-09", event="one", grade="E5", headline="Rumours of a signing"))
    office.hands_in(deal("f", "2025-03-10", event="one", denies=True, headline="Nothing was signed"))
    (one,) = [event for event in office.lists("/events") if event["event"] == "one"]
    assert one["headline"] == office.lists("/events/one")["summary"]["headline"] == "Peru signs, says a"
    assert "Peru signs, says a" in office.gets("/events?format=csv").text
    page = office.browser.gets("/events/one", headers=office.key("read")).text
    assert "<title>Peru signs, says a" in page
