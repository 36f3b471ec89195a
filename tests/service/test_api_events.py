"""Events over the API: found, shown with all that is behind them, and with what they do."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from storage.database import Database
from tests.service.browsing import problem
from tests.service.offices import Office, deal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite("what is asked for and answered; its statements meet a server elsewhere"),
]


@pytest.fixture
def office(tmp_path: Path, database: Database, database_url: str) -> Office:
    return Office(tmp_path, database, database_url)


def keys(office: Office, asked: str) -> list[str]:
    return [one["event"] for one in office.lists(f"/events?{asked}")]


def test_an_event_is_listed_at_a_glance(office: Office) -> None:
    office.hands_in(deal("a", event="one"), deal("b", event="one", country="BR", denies=True))
    assert office.lists("/events") == [
        {
            "event": "one",
            "tag": "deal",
            "countries": ["PE"],
            "first": "2025-03-01",
            "last": "2025-03-01",
            "asserting": 1,
            "denying": 1,
            "headline": "Peru signs, says a",
            "published": "2025-03-01",
        }
    ]


def test_each_event_stands_on_one_page(office: Office) -> None:
    office.hands_in(*(deal(f"r{n}", f"2025-03-{n % 9 + 1:02}", event=f"e{n % 7}") for n in range(30)))
    pages = office.pages("/events?limit=3")
    assert [len(page) for page in pages] == [3, 3, 1]
    assert len({one["event"] for page in pages for one in page}) == 7


@pytest.mark.both("adds statements")
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("tag=visit", ["visit"]),
        ("country=br", ["visit"]),
        ("search=MINISTER", ["visit"]),
        ("since=2025-03-02", ["later"]),
        ("until=2025-03-01", ["visit"]),
        ("as_of=2025-03-01", ["visit"]),
        ("known_at=2026-01-20T12:30:00Z", []),
        ("tag=visit&search=sign", []),
    ],
)
def test_events_are_found_by_what_their_reports_say(office: Office, asked: str, found: list[str]) -> None:
    office.hands_in(
        deal("a", tag="visit", country="BR", headline="The minister travels", event="visit"),
        deal("b", "2025-03-02", event="later"),
    )
    assert keys(office, asked) == found


@pytest.mark.both("adds statements")
def test_a_cutoff_hides_what_was_said_of_an_event_later(office: Office) -> None:
    office.hands_in(deal("a", event="one"), deal("b", "2025-03-09", event="one", headline="Later"))
    (then,), (now,) = office.lists("/events?as_of=2025-03-05"), office.lists("/events")
    assert (then["asserting"], now["asserting"]) == (1, 2)
    assert [one["id"] for one in office.lists("/events/one?as_of=2025-03-05")["reports"]] == ["a"]


def test_an_event_is_shown_down_to_each_report_and_why_it_belongs(office: Office) -> None:
    (first,) = office.hands_in(deal("a", publisher="tass.com"))
    office.hands_in(deal("b", publisher="efe.com", headline="Peru signs, says a"))
    detail = office.lists(f"/events/{first['event']}")
    assert 0.5 < detail["credibility"] < 1
    first_member, second = detail["reports"]
    assert (first_member["grade"], first_member["decided_by"]) == ("B2", None)
    assert second["score"] > 0
    assert second["why"]
    assert detail["summary"]["asserting"] == 2


def test_an_event_whose_reports_are_retracted_has_no_credibility(office: Office) -> None:
    office.hands_in(deal("a", event="one"))
    office.does("/reports/a/retract", {"because": "a hoax"})
    detail = office.lists("/events/one")
    assert (detail["summary"], detail["credibility"]) == (None, None)
    assert detail["reports"][0]["retracted"] is True


def test_what_an_event_did_is_told_in_bits_as_the_run_stored_it(office: Office) -> None:
    office.hands_in(deal("a", event="one"), deal("b", event="two", tag="visit"))
    run = office.runs()
    (effect,) = office.lists("/events/one")["effects"]
    (reason,) = [one for one in run["reasons"] if one["event"] == "one"]
    assert effect == {
        "forecast": "quiet",
        "run": run["run"],
        "as_of": "2025-06-30",
        "indicator": "deals",
        "standing": "counts",
        "reason": "",
        "bits": reason["bits"],
        "points": reason["points"],
    }
    assert list(effect["bits"]) == ["down", "up"]
    assert office.lists("/events/two")["effects"] == []


@pytest.mark.parametrize("key", ['a "quoted" key', "événement", "a/b\\c", "\u202egnp", "日本"])
def test_what_an_event_did_is_found_whatever_its_key_is(office: Office, key: str) -> None:
    office.hands_in(deal("a", event=key))
    office.runs()
    assert len(office.lists(f"/events/{quote(key, safe='')}")["effects"]) == 1


@pytest.mark.both("adds statements")
def test_an_event_within_an_occasion_that_counts_is_told_to_add_nothing(office: Office) -> None:
    office.hands_in(deal("a", event="one"), deal("b", "2025-03-05", event="two", country="BR"))
    office.runs()
    (effect,) = office.lists("/events/two")["effects"]
    assert (effect["standing"], effect["bits"]) == ("folded", {})


def test_what_an_event_did_is_told_by_the_run_that_was_in_force(office: Office) -> None:
    office.hands_in(deal("a", event="one"))
    office.runs("2025-05-31")
    office.runs("2025-06-30")
    assert office.lists("/events/one?as_of=2025-06-10")["effects"][0]["as_of"] == "2025-05-31"
    assert office.lists("/events/one?as_of=2025-03-10")["effects"] == []


def test_an_event_that_was_merged_says_where_its_reports_are(office: Office) -> None:
    office.hands_in(deal("a", event="one"), deal("b", event="two"))
    office.does("/events/two/merge", {"events": ["one"], "because": "one signing"}, scope="edit")
    assert '"two"' in problem(office.gets("/events/one"), 404)["detail"]
    assert "no event is called" in problem(office.gets("/events/nobody"), 404)["detail"]


def test_events_are_read_with_a_key_that_may_read(office: Office) -> None:
    problem(office.gets("/events", scope="ingest"), 403)
    problem(office.browser.gets("/api/v1/events"), 401)


def test_hostile_text_is_inert_in_csv(office: Office) -> None:
    office.hands_in(deal("a", event="=1+1", headline="@SUM(A1)\u202e"), deal("b", event="-x"))
    answer = office.gets("/events", headers={"Accept": "text/csv"})
    rows = [line.split(",") for line in answer.text.splitlines()[1:]]
    assert {row[0] for row in rows} == {"'=1+1", "'-x"}
    assert "'@SUM(A1)<U+202E>" in answer.text


@pytest.mark.parametrize(
    "asked", ["country=Peru", "since=x", "limit=0", "cursor=x", "tags=deal", "format=pdf"]
)
def test_a_question_that_makes_no_sense_is_refused(office: Office, asked: str) -> None:
    problem(office.gets(f"/events?{asked}"), 422)


def told(detail: Any) -> list[str]:
    return [one["id"] for one in detail["reports"]]


def test_editors_merge_and_split(office: Office) -> None:
    office.hands_in(deal("a", event="one"), deal("b", event="two"), deal("c", event="two"))
    merged = office.does("/events/one/merge", {"events": ["two"], "because": "one signing"}, scope="edit")
    assert merged == {"event": "one", "reports": ["b", "c"]}
    body = {"reports": ["c"], "event": "own", "because": "another, a week later"}
    assert office.does("/events/one/split", body, scope="edit") == {"event": "own", "reports": ["c"]}
    assert told(office.lists("/events/one")) == ["a", "b"]
    assert office.lists("/events/own")["reports"][0]["decided_by"] == "a-edit"


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("one/merge", {"events": ["nobody"], "because": "x"}, 404, "nobody"),
        ("nobody/merge", {"events": ["one"], "because": "x"}, 404, "nobody"),
        ("one/merge", {"events": ["one"], "because": "x"}, 422, "into itself"),
        ("one/merge", {"events": [], "because": "x"}, 422, "does not fit"),
        ("one/merge", {"events": ["two"]}, 422, "does not fit"),
        ("one/merge", {"events": ["two"], "because": " "}, 422, "reason"),
        ("one/merge", {"events": ["\x00"], "because": "x"}, 422, "does not fit"),
        ("one/split", {"reports": ["a", "b"], "because": "x"}, 422, "all the reports"),
        ("one/split", {"reports": ["c"], "because": "x"}, 409, "belong to"),
        ("one/split", {"reports": ["a"], "event": "two", "because": "x"}, 409, "already"),
        ("one/split", {"reports": ["z"], "because": "x"}, 404, "z"),
        ("one/split", {"reports": ["a"], "because": "x", "by": "Ana"}, 422, "does not fit"),
    ],
)
def test_what_cannot_be_regrouped_is_refused_and_changes_nothing(
    office: Office, path: str, body: dict[str, Any], status: int, says: str
) -> None:
    office.hands_in(deal("a", event="one"), deal("b", event="one"), deal("c", event="two"))
    document = problem(office.posts(f"/events/{path}", body), status)
    assert says in document["detail"]
    assert told(office.lists("/events/one")) == ["a", "b"]


@pytest.mark.parametrize("scope", ["read", "ingest"])
def test_only_editors_regroup(office: Office, scope: Any) -> None:
    for way in ("merge", "split"):
        problem(office.posts(f"/events/one/{way}", {"because": "x"}, scope=scope), 403)
