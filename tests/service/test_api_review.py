"""What waits, over the API; what editors decide about it; and what they correct."""

import json
from pathlib import Path
from typing import Any

import pytest

from service import sessions
from storage.database import Database
from tests.service.browsing import near, problem
from tests.service.offices import API, Office, deal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite("what is asked for and answered; its statements meet a server elsewhere"),
]


@pytest.fixture
def office(tmp_path: Path, database: Database, database_url: str) -> Office:
    return Office(tmp_path, database, database_url)


def waiting(office: Office, asked: str = "") -> list[int]:
    return [one["number"] for one in office.lists(f"/review?{asked}")]


def test_what_waits_is_listed_with_the_event_that_it_would_join(office: Office) -> None:
    (known,) = office.hands_in(deal("a", headline="Peru signs"))
    office.guesses("g1")
    (one,) = office.lists("/review")
    assert (one["number"], one["kind"], one["confidence"], one["verdict"]) == (1, "new", 0.5, None)
    assert one["report"]["headline"] == "Peru signs"
    assert one["event"]["key"] == known["event"]
    assert one["event"]["score"] > 0


def test_what_waits_is_read_page_by_page_the_first_proposed_first(office: Office) -> None:
    office.guesses(*(f"g{n}" for n in range(5)))
    pages = office.pages("/review?limit=2")
    assert [[one["number"] for one in page] for page in pages] == [[1, 2], [3, 4], [5]]


def test_what_waits_is_found_by_source_and_tag(office: Office) -> None:
    office.guesses("g1")
    office.guesses("g2", tag="visit")
    assert waiting(office, "tag=visit") == [2]
    assert waiting(office, "source=feed") == [1, 2]
    assert waiting(office, "source=other") == []


def test_what_waited_is_listed_as_it_was_known(office: Office) -> None:
    office.guesses("g1")
    office.does("/review/1/reject", {"because": "an anniversary"})
    assert waiting(office) == []
    (one,) = office.lists("/review?known_at=2026-01-20T12:30:00Z")
    assert (one["number"], one["event"]) == (1, None)


def test_an_editor_accepts_with_changes(office: Office) -> None:
    office.guesses("g1", country="VE")
    body = {"country": "PE", "grade": "B2", "because": "the agency confirmed it"}
    done = office.does("/review/1/accept", body, scope="edit")
    assert (done["number"], done["report"], done["outcome"], done["version"]) == (1, "g1", "accepted", 2)
    last = office.lists("/reports/g1")["versions"][-1]
    assert (last["country"], last["grade"], last["author"]) == ("PE", "B2", "a-edit")
    assert last["reason"] == "the agency confirmed it"


@pytest.mark.both("adds statements")
def test_an_editor_accepts_as_proposed_and_rejects(office: Office) -> None:
    office.guesses("g1", "g2")
    assert office.does("/review/1/accept", {}, scope="edit")["version"] == 1
    turned_down = office.does("/review/2/reject", {"because": "an anniversary"}, scope="edit")
    assert turned_down["verdict"]["decision"] == "rejected"
    assert turned_down["verdict"]["author"] == "a-edit"
    assert waiting(office) == []


def test_several_are_decided_all_or_none(office: Office) -> None:
    office.guesses("g1", "g2", "g3")
    problem(office.posts("/review/accept", {"numbers": [1, 9]}), 404)
    assert waiting(office) == [1, 2, 3]
    done = office.does("/review/accept", {"numbers": [1, 2], "event": "one", "because": "one signing"})
    assert [one["event"] for one in done] == ["one", "one"]
    (rejected,) = office.does("/review/reject", {"numbers": [3], "because": "an anniversary"})
    assert rejected["number"] == 3


@pytest.mark.both("two at once")
@pytest.mark.parametrize("way", ["accept", "reject"])
def test_what_was_decided_meanwhile_is_a_conflict_that_says_by_whom(office: Office, way: str) -> None:
    office.guesses("g1")
    office.does("/review/1/accept", {}, scope="edit")
    document = problem(office.posts(f"/review/1/{way}", {"because": "x"}), 409)
    assert "proposal 1 was accepted by a-edit" in document["detail"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/review/1/accept", {"tag": "no tag"}),
        ("/review/1/accept", {"country": "Peru"}),
        ("/review/1/accept", {"grade": "Z9"}),
        ("/review/1/accept", {"event": "a\x1bb"}),
        ("/review/1/accept", {"because": "x" * 1001}),
        ("/review/1/accept", {"by": "Ana"}),
        ("/review/1/accept", []),
        ("/review/1/reject", {}),
        ("/review/1/reject", {"because": ""}),
        ("/review/1/reject", {"because": "  "}),
        ("/review/1/reject", {"because": "\ud800"}),
        ("/review/0/reject", {"because": "x"}),
        ("/review/x/reject", {"because": "x"}),
        ("/review/99999999999999999999/reject", {"because": "x"}),
        ("/review/accept", {"numbers": []}),
        ("/review/accept", {"numbers": ["1"]}),
        ("/review/accept", {"numbers": [1.5]}),
        ("/review/accept", {"numbers": [True]}),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused_and_nothing_done(
    office: Office, path: str, body: Any
) -> None:
    office.guesses("g1")
    answer = office.posts(path, content=ascii_json(body), headers={"Content-Type": "application/json"})
    problem(answer, 422)
    assert waiting(office) == [1]


def ascii_json(body: Any) -> bytes:
    return json.dumps(body).encode()


@pytest.mark.parametrize("scope", ["read", "ingest"])
def test_only_editors_decide(office: Office, scope: Any) -> None:
    office.guesses("g1")
    for path in ("/review/1/accept", "/review/1/reject", "/reports/a/amend", "/reports/a/retract"):
        problem(office.posts(path, {"because": "x"}, scope=scope), 403)


def test_nobody_decides_by_being_near_or_by_a_cookie(office: Office) -> None:
    office.guesses("g1")
    browser, body = near(office.service), {"because": "x"}
    key = office.key("edit")["Authorization"].removeprefix("Bearer ")
    signed_in = sessions.sign_in(office.service, key)
    assert signed_in is not None
    cookie = {"Cookie": f"{sessions.COOKIE}={signed_in[0]}"}
    assert office.browser.gets(f"{API}/review", headers=cookie).status_code == 200
    for headers in ({}, cookie, {"Authorization": f"Basic {key}"}):
        for path in ("/review/1/reject", "/reports/a/retract", "/events/one/merge", "/reports"):
            problem(browser.posts(API + path, json=body, headers=headers), 401)
    assert waiting(office) == [1]


def test_a_report_is_corrected_field_by_field(office: Office) -> None:
    office.hands_in(deal(lang="es", also=["BR"], note=1))
    changes = {"grade": "A1", "lang": None, "also": ["CL"], "note": {"seen": True}, "denies": True}
    done = office.does("/reports/a/amend", {"changes": changes, "because": "seen on film"}, scope="edit")
    assert (done["report"], done["outcome"], done["version"]) == ("a", "amended", 2)
    last = office.lists("/reports/a")["versions"][-1]
    assert (last["grade"], last["lang"], last["also"]) == ("A1", None, ["CL"])
    assert (last["note"], last["denies"]) == ({"seen": True}, True)


@pytest.mark.parametrize("way", ["amend", "retract"])
def test_a_report_is_not_corrected_once_it_is_not_what_was_read(office: Office, way: str) -> None:
    office.hands_in(deal("a", event="one"))
    read = office.gets("/reports/a").headers["etag"]
    why = {"because": "seen on film"}
    body = {"changes": {"lang": "es"}, **why} if way == "amend" else why
    office.does("/reports/a/amend", {"changes": {"grade": "A2"}, **why}, headers={"If-Match": read})
    stale = office.posts(f"/reports/a/{way}", body, headers={"If-Match": read})
    assert "changed since it was read" in problem(stale, 412)["detail"]
    for unfit in ('"nonsense"', "", f"W/{office.gets('/reports/a').headers['etag']}"):
        problem(office.posts(f"/reports/a/{way}", body, headers={"If-Match": unfit}), 412)
    problem(office.posts(f"/reports/none/{way}", body, headers={"If-Match": read}), 404)
    assert len(office.lists("/reports/a")["versions"]) == 2
    fresh = office.gets("/reports/a", headers={"Accept-Encoding": "gzip"}).headers["etag"]
    office.does(f"/reports/a/{way}", body, headers={"If-Match": f'"other", {fresh}'})
    office.does("/reports/a/amend", {"changes": {"grade": "B1"}, **why}, headers={"If-Match": "*"})


def test_a_report_is_moved_to_another_event_and_given_back_to_clustering(office: Office) -> None:
    (filed,) = office.hands_in(deal())
    moved = office.does("/reports/a/amend", {"changes": {"event": "own"}, "because": "another"})
    assert moved["event"] == "own"
    back = office.does("/reports/a/amend", {"changes": {"event": None}, "because": "the same after all"})
    assert back["event"] == filed["event"]


def test_a_retracted_report_counts_again_when_it_is_amended(office: Office) -> None:
    office.hands_in(deal())
    assert office.does("/reports/a/retract", {"because": "a hoax"})["outcome"] == "retracted"
    assert office.does("/reports/a/retract", {"because": "a hoax"})["outcome"] == "duplicate"
    assert office.does("/reports/a/amend", {"because": "no hoax"})["outcome"] == "amended"
    assert office.lists("/reports/a")["versions"][-1]["retracted"] is False


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "at least one field"),
        ({"garde": "A1"}, "did you mean grade"),
        ({"id": "b"}, "stays"),
        ({"grade": "A9"}, "not a grade"),
        ({"headline": None}, "is missing"),
        ({"published_on": "2099-01-01"}, "lies after today"),
        ({"probability_true": 2}, "between 0 and 1"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused_with_what_to_write(
    office: Office, changes: dict[str, Any], says: str
) -> None:
    office.hands_in(deal())
    document = problem(office.posts("/reports/a/amend", {"changes": changes, "because": "x"}), 422)
    assert says in document["detail"]
    assert len(office.lists("/reports/a")["versions"]) == 1


@pytest.mark.parametrize("way", ["amend", "retract"])
def test_a_report_that_there_is_not_cannot_be_corrected(office: Office, way: str) -> None:
    body = {"because": "x"}
    assert "nobody" in problem(office.posts(f"/reports/nobody/{way}", body), 404)["detail"]


def test_a_number_is_the_same_with_and_without_a_point(office: Office) -> None:
    office.guesses("g1")
    headers = {"Content-Type": "application/json"}
    answer = office.posts("/review/accept", content=b'{"numbers": [1.0]}', headers=headers)
    assert answer.json()[0]["number"] == 1
