"""Reports over the API: handed in, found again, and said as they stand or stood."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from service import submissions
from storage.database import Database
from tests.service.browsing import problem
from tests.service.offices import API, LINES, Office, deal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite("what is asked for and answered; its statements meet a server elsewhere"),
]

HOSTILE = [
    '=HYPERLINK("https://evil.example","x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "＝1+1",
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "<script>alert(1)</script>",
    "safe\u202egnp.exe",
    'a "quoted", b; c',
]


@pytest.fixture
def office(tmp_path: Path, database: Database, database_url: str) -> Office:
    return Office(tmp_path, database, database_url)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory, kept_database: Database, kept_url: str) -> Office:
    """An office where nothing is ever changed."""
    return Office(tmp_path_factory.mktemp("still"), kept_database, kept_url)


def test_one_report_is_handed_in_as_one_object(office: Office) -> None:
    answer = office.does("/reports", deal())
    assert answer["counts"] == {"accepted": 1}
    (one,) = answer["reports"]
    assert (one["line"], one["id"], one["outcome"], one["version"]) == (1, "a", "accepted", 1)
    assert one["event"] == office.lists("/reports/a")["versions"][0]["event"]


def test_of_several_each_is_answered_in_its_place(office: Office) -> None:
    office.hands_in(deal())
    answers = office.hands_in(deal("b"), deal(headline="Peru signs for nine"), deal("b"), {"id": "c"})
    assert [one["outcome"] for one in answers] == ["accepted", "amended", "duplicate", "refused"]
    assert "headline: is missing" in answers[3]["reason"]


def test_lines_are_answered_one_by_one_with_their_numbers(office: Office) -> None:
    answer = office.hands_in_lines(deal("a"), 3, deal("b"))
    assert answer.status_code == 200
    assert answer.json()["counts"] == {"accepted": 2, "refused": 1}
    assert [one["line"] for one in answer.json()["reports"]] == [1, 2, 3]


def test_one_object_that_makes_no_sense_is_an_error(office: Office) -> None:
    document = problem(office.posts("/reports", {"id": "c"}), 422)
    assert "headline: is missing" in document["detail"]
    assert office.lists("/reports") == []


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{", b"[", b'[{"id": "a"}', b"nonsense", b"[] []", b"\xff", b"[" * 100_000, b"[]", b"3"],
)
def test_a_body_that_is_no_report_is_refused_whole(office: Office, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert problem(office.posts("/reports", content=body, headers=headers), 422)["detail"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "text/csv"])
def test_a_body_of_another_kind_is_refused_with_those_that_are_taken(office: Office, kind: str) -> None:
    answer = office.posts("/reports", content=json.dumps(deal()), headers={"Content-Type": kind})
    assert "application/x-ndjson" in problem(answer, 415)["detail"]


def test_a_compressed_body_is_refused(office: Office) -> None:
    headers = LINES | {"Content-Encoding": "gzip"}
    problem(office.posts("/reports", content=b"x", headers=headers), 415)


def test_many_reports_are_more_than_other_bodies_may_be_and_too_many_are_refused(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [deal(f"r{n}", padding="x" * 1000) for n in range(100)]
    answer = office.hands_in_lines(*many)
    assert answer.json()["counts"] == {"accepted": 100}
    monkeypatch.setattr(submissions, "MAX_REPORTS", 2)
    assert "holds 3 reports" in problem(office.hands_in_lines(deal(), deal("b"), deal("c")), 422)["detail"]


def test_a_body_larger_than_the_limit_is_not_read(office: Office) -> None:
    headers = LINES | {"Content-Length": str(submissions.MAX_BODY + 1)}
    problem(office.posts("/reports", content=b"x", headers=headers), 413)


def test_under_the_same_key_the_same_is_answered_alike_and_filed_once(office: Office) -> None:
    once = {"Idempotency-Key": "monday-1"}
    first = office.hands_in_lines(deal(), headers=once)
    office.hands_in(deal(headline="Peru signs for nine"))
    again = office.hands_in_lines(deal(), headers=once)
    assert again.json() == first.json()
    assert len(office.lists("/reports/a")["versions"]) == 2


def test_under_the_same_key_something_else_is_refused(office: Office) -> None:
    once = {"Idempotency-Key": "monday-1"}
    office.hands_in_lines(deal(), headers=once)
    assert "monday-1" in problem(office.hands_in_lines(deal("b"), headers=once), 422)["detail"]
    assert len(office.lists("/reports")) == 1


@pytest.mark.both("two at once")
def test_two_who_choose_the_same_key_do_not_meet(office: Office) -> None:
    once = {"Idempotency-Key": "1"}
    office.hands_in_lines(deal(), headers=once)
    answer = office.hands_in_lines(deal("b"), headers=once, scope="ingest")
    assert answer.json()["counts"] == {"accepted": 1}


def test_a_feeder_is_told_nothing_of_what_others_said(office: Office) -> None:
    office.hands_in(deal("first"))
    answers = office.hands_in(deal("second"), deal("first"), {"id": "c"}, scope="ingest")
    assert answers[:2] == [
        {"line": 1, "outcome": "accepted", "id": "second"},
        {"line": 1, "outcome": "duplicate", "id": "first"},
    ]
    assert answers[2]["reason"]


def test_who_handed_in_stands_beside_the_report(office: Office) -> None:
    office.hands_in(deal(), scope="ingest")
    assert office.lists("/reports/a")["versions"][0]["origin"] == "key a-ingest"


@pytest.mark.parametrize("scope", ["read", "edit"])
def test_only_who_may_hand_in_does(office: Office, scope: Any) -> None:
    problem(office.posts("/reports", deal(), scope=scope), 403)
    problem(office.browser.posts(f"{API}/reports", json=deal()), 401)


def test_what_the_rules_do_not_know_is_refused_for_want_of_a_tag(office: Office) -> None:
    (answer,) = office.hands_in({"published_on": "2025-03-01", "country": "PE", "headline": "A deal"})
    assert answer["outcome"] == "refused"


def test_each_report_stands_on_one_page_the_latest_first(office: Office) -> None:
    office.hands_in(*(deal(f"r{n}", f"2025-03-{n % 5 + 1:02}") for n in range(12)))
    pages = office.pages("/reports?limit=5")
    assert [len(page) for page in pages] == [5, 5, 2]
    reports = [one for page in pages for one in page]
    assert len({one["id"] for one in reports}) == 12
    days = [one["published_on"] for one in reports]
    assert days == sorted(days, reverse=True)


@pytest.mark.both("about what a transaction sees")
def test_what_comes_in_meanwhile_shifts_no_page(office: Office) -> None:
    office.hands_in(*(deal(f"r{n}") for n in range(4)))
    first = office.gets("/reports?limit=2")
    office.hands_in(deal("newer", "2025-04-01"))
    rest = office.lists("/reports" + first.links["next"]["url"])
    assert [one["id"] for one in (*first.json(), *rest)] == ["r3", "r2", "r1", "r0"]


@pytest.mark.both("adds statements")
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("tag=visit", {"visit"}),
        ("country=br", {"visit"}),
        ("country=*", {"region"}),
        ("search=MINISTER", {"visit"}),
        ("since=2025-03-02", {"later"}),
        ("until=2025-03-01", {"visit", "region"}),
        ("as_of=2025-03-01", {"visit", "region"}),
        ("tag=visit&country=PE", set()),
        ("known_at=2026-01-20T12:30:00Z", set()),
        ("known_at=2026-01-21", {"visit", "region", "later"}),
    ],
)
def test_reports_are_found_by_what_they_say(office: Office, asked: str, found: set[str]) -> None:
    office.hands_in(
        deal("visit", tag="visit", country="BR", headline="The minister travels"),
        deal("region", country="*"),
        deal("later", "2025-03-02"),
    )
    assert {one["id"] for one in office.lists(f"/reports?{asked}")} == found


@pytest.mark.both("adds statements")
def test_reports_of_an_event_are_found_by_its_key(office: Office) -> None:
    office.hands_in(deal("a", event="one"), deal("b", event="one"), deal("c", event="two"))
    assert {one["id"] for one in office.lists("/reports?event=one")} == {"a", "b"}


def test_a_report_is_shown_in_all_its_versions_with_author_and_time(office: Office) -> None:
    office.hands_in(deal())
    office.does("/reports/a/amend", {"changes": {"grade": "A1"}, "because": "seen on film"}, scope="edit")
    detail = office.lists("/reports/a")
    told = [(one["version"], one["grade"], one["author"], one["reason"]) for one in detail["versions"]]
    assert told == [(1, "B2", None, None), (2, "A1", "a-edit", "seen on film")]
    assert [one["recorded_at"] for one in detail["versions"]] == [
        "2026-01-20T13:00:00Z",
        "2026-01-20T14:00:00Z",
    ]
    assert detail["decisions"][0]["why"]


@pytest.mark.both("adds statements")
def test_a_report_is_shown_as_it_was_known(office: Office) -> None:
    office.hands_in(deal())
    office.does("/reports/a/retract", {"because": "a hoax"})
    assert len(office.lists("/reports/a?known_at=2026-01-20T13:30:00Z")["versions"]) == 1
    problem(office.gets("/reports/a?known_at=2026-01-19"), 404)


@pytest.mark.parametrize("identity", ["feed/2025/1", "https://example.org/a?b=c", "ä", "a b", "+", "..x"])
def test_a_report_is_found_whatever_its_id_is(office: Office, identity: str) -> None:
    office.hands_in(deal(identity))
    address = f"/reports/{quote(identity, safe='')}"
    assert office.lists(address)["id"] == identity
    assert office.does(f"{address}/retract", {"because": "a hoax"})["report"] == identity


@pytest.mark.parametrize("path", ["/reports/nobody", "/reports/", "/reports/%00", "/reports/a%0Ab"])
def test_there_is_no_such_report(office: Office, path: str) -> None:
    assert office.gets(path).status_code in {404, 422}


@pytest.mark.parametrize(
    "asked",
    [
        "country=Peru",
        "tag=no tag",
        "since=yesterday",
        "until=2025-13-01",
        "known_at=2025-01-01T00:00:00",
        "limit=0",
        "limit=1001",
        "limit=x",
        "cursor=nonsense",
        "cursor=W10",
        "search=%00",
        "cuntry=PE",
        "tag=a&tag=b",
        "format=xml",
        "event=" + "x" * 201,
    ],
)
def test_a_question_that_makes_no_sense_is_refused(still: Office, asked: str) -> None:
    document = problem(still.gets(f"/reports?{asked}"), 422)
    assert document["errors"][0]["at"] == f"/{asked.partition('=')[0]}"


def test_hostile_text_is_inert_in_csv_and_stands_as_it_came_in_json(office: Office) -> None:
    office.hands_in(*(deal(f"r{n}", headline=text, publisher=text) for n, text in enumerate(HOSTILE)))
    answer = office.gets("/reports?format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="reports.csv"'
    assert "\u202e" not in answer.text
    cells = [cell.strip('"') for line in answer.text.splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell.lstrip()[:1] in "=+-@＝" and cell]
    assert {one["headline"] for one in office.lists("/reports")} == set(HOSTILE)


@pytest.mark.both("adds statements")
def test_csv_without_a_limit_has_everything(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.api.evidence._CHUNK", 3)
    office.hands_in(*(deal(f"r{n}") for n in range(10)))
    lines = office.gets("/reports", headers={"Accept": "text/csv"}).text.splitlines()
    assert lines[0].startswith("id,published_on,")
    assert len(lines) == 11
    page = office.gets("/reports?limit=4&format=csv")
    assert len(page.text.splitlines()) == 5
    assert "next" in page.links


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("text/csv", "text/csv"),
        ("text/csv;q=0.5, application/json;q=0.9", "application/json"),
        ("application/json;q=0.1, text/*", "text/csv"),
        ("text/html, */*;q=0.1", "application/json"),
        ("text/csv;q=x", "text/csv"),
    ],
)
def test_who_prefers_csv_gets_it(office: Office, accept: str, kind: str) -> None:
    answer = office.gets("/reports", headers={"Accept": accept})
    assert answer.headers["content-type"].partition(";")[0] == kind
    assert "Accept" in answer.headers["vary"].split(", ")


def test_who_takes_neither_json_nor_csv_is_told_what_there_is(office: Office) -> None:
    document = problem(office.gets("/reports", headers={"Accept": "application/pdf"}), 406)
    assert "text/csv" in document["detail"]
    assert "parquet" not in document["detail"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/v1/reports", "GET, POST"),
        ("/api/v1/reports/a", "GET"),
        ("/api/v1/reports/a/amend", "POST"),
        ("/api/v1/subscribers", "GET, POST"),
        ("/unsubscribe/x", "GET, POST"),
        ("/health/live", "GET"),
    ],
)
def test_an_address_names_all_of_its_methods(still: Office, path: str, allowed: str) -> None:
    answer = still.browser.asks("PUT", path, headers=still.key("admin"))
    problem(answer, 405)
    assert answer.headers["allow"] == allowed
