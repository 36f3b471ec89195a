import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from service import event_shown, evidence_shown, review
from service.counting import Counting
from service.intake import take_files
from service.pages.asked import elsewhere, web_link
from service.report_shown import shown_report
from storage.database import Database
from storage.evidence_pages import WantedEvents
from storage.runs import latest_published
from tests.service.andes import ANDES, contract, visit
from tests.service.browsing import afar
from tests.service.digests import Newsroom, Shown
from tests.service.visiting import HOSTILE, Visitor, asked, inert
from tests.storage.test_query_plans import SCANNED, plans

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite("what is shown, and to whom; its statements meet a server elsewhere"),
]

ANA: dict[str, Any] = {"author": "Ana", "why": "seen on film"}


@pytest.fixture
def room(tmp_path: Path, database: Database) -> Newsroom:
    room = Newsroom(tmp_path, database, ANDES)
    room.weeks()
    return room


@pytest.fixture
def visitor(room: Newsroom) -> Visitor:
    return Visitor(room.service)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory, kept_database: Database) -> Visitor:
    """A visitor of a room where nothing is ever changed."""
    room = Newsroom(tmp_path_factory.mktemp("still"), kept_database, ANDES)
    room.weeks()
    return Visitor(room.service)


def test_each_event_stands_with_its_days_countries_reports_and_where_it_counts(visitor: Visitor) -> None:
    words = visitor.reads("/events?search=tanks")
    assert "Peru buys tanks" in words
    assert "25 Jun 2025" in words
    assert "1 report" in words
    assert "Counts in Deals in the Andes : contract signed in Peru or Bolivia" in words
    denied = visitor.reads("/events?search=denies")
    assert "1 report, 1 denies" in denied


@pytest.mark.both("adds statements")
def test_filters_narrow_the_list_down_and_blank_fields_mean_nothing(visitor: Visitor) -> None:
    blank = "search=&tag=&country=&since=&until=&forecast=&indicator=&known_at="
    assert visitor.reads(f"/events?{blank}").count("credible") == visitor.reads("/events").count("credible")
    told = {
        "search=RADARS": "Bolivia and Peru buy radars",
        "tag=treaty": "A treaty is signed",
        "country=ve": "Washington objects",
        "since=2025-06-27&until=2025-06-27": "A president travels",
        "forecast=andes&indicator=treaty": "A treaty is signed",
    }
    everything = {*told.values(), "Peru buys tanks"}
    for query, expected in told.items():
        words = visitor.reads(f"/events?{query}")
        assert expected in words
        assert not [one for one in everything - {expected} if one in words], query


def test_a_forecast_narrows_down_to_what_counts_in_its_run_in_force(room: Newsroom, visitor: Visitor) -> None:
    with room.database.reading() as session:
        run = latest_published(session, "andes")
        assert run is not None
    counted = json.loads(run.document)["events"]
    assert visitor.opens("/events?forecast=andes").text.count('<li class="event">') == counted


def test_the_pager_leads_to_every_event_once(room: Newsroom, visitor: Visitor) -> None:
    room.night(
        "2025-06-30", *(visit(f"many-{n}", "2025-06-29", headline=f"Visit no. {n}") for n in range(60))
    )
    path, found = "/events?tag=state_visit", []
    while path:
        text = visitor.opens(path).text
        found += re.findall(r"Visit no\. (\d+)<", text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        path = following[1].replace("&amp;", "&") if following else ""
    assert sorted(map(int, found)) == list(range(60))


@pytest.mark.both("adds statements")
def test_the_past_is_shown_as_it_was_known(room: Newsroom, visitor: Visitor) -> None:
    assert "Peru buys tanks" not in visitor.reads("/events?known_at=2025-06-23")
    assert "Bolivia and Peru buy radars" in visitor.reads("/events?known_at=2025-06-23T12:00:00Z")
    review.retract(room.service, "c1", author="Ana", why="a hoax")
    assert "Every report of this event was retracted" in visitor.reads("/events/c1")
    assert "Every report" not in visitor.reads("/events/c1?known_at=2025-06-23")


def test_an_event_says_what_it_did_as_the_run_in_force_stored_it(room: Newsroom, visitor: Visitor) -> None:
    with room.database.reading() as session:
        run = latest_published(session, "andes")
    assert run is not None
    (cause,) = [one for one in json.loads(run.document)["reasons"] if one["event"] == "c9"]
    words = visitor.reads("/events/c9")
    for scenario in ("down", "base", "up"):
        bits, points = cause["bits"][scenario], cause["points"][scenario]
        assert f"{bits:+.2f} bits".replace("-", "\N{MINUS SIGN}") in words
        assert f"{points:+.1f} pp".replace("-", "\N{MINUS SIGN}") in words
    assert f"run {run.run} as of" in words


def test_a_candidate_of_what_happens_once_shares_its_numbers(visitor: Visitor) -> None:
    assert "the numbers are those of all that is known of this indicator" in visitor.reads("/events/t1")


def test_a_report_stands_with_its_grade_its_worth_and_why_it_belongs_there(visitor: Visitor) -> None:
    words = visitor.reads("/events/c9")
    assert "grade A1 : true with 95 %" in words
    assert "denies it" in words
    assert "Belongs here: the report names its event" in words
    assert "https://paper.example/tanks?a=1&b=2" in visitor.links("/events/c9")
    assert 'rel="noopener noreferrer nofollow external"' in visitor.opens("/events/c9").text


def test_corrections_are_shown_with_who_made_them_and_why(room: Newsroom, visitor: Visitor) -> None:
    review.amend(room.service, "c9", {"grade": "C3"}, **ANA)
    review.retract(room.service, "c10", author="Ben", why="a hoax")
    words = visitor.reads("/events/c9")
    assert "Version 2, amended 30 Jun 2025, 07:00 UTC by Ana: seen on film" in words
    assert "Version 2, retracted 30 Jun 2025, 07:00 UTC by Ben: a hoax" in words
    versions = visitor.reads("/reports/c9")
    assert "grade A1 C3" in versions
    assert "Version 1" in versions
    assert "This report was retracted by Ben" in visitor.reads("/reports/c10")


@pytest.mark.both("adds statements")
def test_an_event_that_was_merged_leads_on(room: Newsroom, visitor: Visitor) -> None:
    review.merge(room.service, "c1", ["c2"], **ANA)
    answer = visitor.opens("/events/c2", 410)
    assert "/events/c1" in Shown(answer.text).links
    assert "Peru buys more of them" in visitor.reads("/events/c1")


def test_a_forecast_that_has_not_seen_an_event_yet_says_so(room: Newsroom, visitor: Visitor) -> None:
    said = [
        contract("new", "2025-06-29", headline="A new deal"),
        contract("old", "2024-06-29", headline="Old"),
    ]
    room.clock.now = room.clock.now.replace(hour=12)
    path = room.folder / "more.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in said), encoding="utf-8")
    list(take_files(room.service, [path]))
    assert "did not know it; the next run will" in visitor.reads("/events/new")
    assert "it happened before this forecast opened on 2025-01-01" in visitor.reads("/events/old")


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/events/none", 404, "No event is called"),
        ("/reports/none", 404, "No report has the id"),
        ("/events?since=soon", 422, "is no day"),
        ("/events?cursor=nonsense", 422, "begin without one"),
        ("/events?contry=PE", 422, "country"),
        ("/events?forecast=andis", 404, "andes"),
        ("/events?indicator=treaty", 422, "choose its forecast too"),
        ("/events?known_at=2025-13-01", 422, "is no moment"),
        ("/events?search=%00", 422, "NUL"),
        ("/events?search=" + "x" * 201, 422, "longer than 200"),
        ("/events/" + quote("x" * 5000), 404, "No event is called"),
        ("/events/%ED%A0%80", 404, "No event is called"),
    ],
)
def test_what_cannot_be_shown_is_said(still: Visitor, path: str, status: int, said: str) -> None:
    assert said in still.reads(path, status)


def test_hostile_words_are_shown_as_words(room: Newsroom, visitor: Visitor) -> None:
    told = [
        contract(f"h{n}", "2025-06-29", headline=text, publisher=text, event="h", note=text)
        for n, text in enumerate(HOSTILE)
    ]
    room.night("2025-06-30", *told)
    paths = ["/events", "/events/h", *(f"/reports/h{n}" for n in range(len(HOSTILE)))]
    for path in (*paths, f"/events?search={quote(HOSTILE[0])}&tag={quote(HOSTILE[1])}"):
        inert(visitor.opens(path).text)
    words = visitor.reads("/events/h")
    assert "<script>alert('headline')</script>" in words
    assert "{{ 7 * 7 }} {% raw %} ${7*7}" in words
    assert "Minister <U+202E>seined<U+202C> it" in words


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "ftp://x.example/", "https://["])
def test_only_addresses_of_the_web_are_links(url: str) -> None:
    assert web_link(url) is None
    assert web_link("https://paper.example/a") == "https://paper.example/a"


@pytest.mark.parametrize(
    ("url", "publisher", "host"),
    [
        ("https://www.paper.example/a", "paper.example", ""),
        ("https://news.paper.example/a", "Paper.example", ""),
        ("https://evil.example/a", "paper.example", "evil.example"),
        ("https://notpaper.example/a", "paper.example", "notpaper.example"),
        ("https://paper.example/a", None, "paper.example"),
    ],
)
def test_a_link_says_where_it_leads_unless_that_is_its_publisher(
    url: str, publisher: str | None, host: str
) -> None:
    assert elsewhere(url, publisher) == host


def test_strangers_are_led_to_the_sign_in(room: Newsroom) -> None:
    answer = afar(room.service).gets("/events/c9", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fevents%2Fc9")


def test_an_empty_store_says_what_fills_it(tmp_path: Path, database: Database) -> None:
    words = Visitor(Newsroom(tmp_path, database, ANDES).service).reads("/events")
    assert "posterity ingest reports.jsonl" in words


def test_the_pages_scan_no_table(room: Newsroom) -> None:
    counting, service = Counting(room.service), room.service
    looks: list[Callable[[], object]] = [
        *(
            partial(evidence_shown.listed, service, counting, wanted, limit=25)
            for wanted in (
                WantedEvents(),
                WantedEvents(tag="treaty"),
                WantedEvents(search="peru", country="PE"),
            )
        ),
        partial(event_shown.shown_event, service, counting, "c9"),
        partial(shown_report, service, "c9"),
    ]
    for look in looks:
        plan = plans(room.database, partial(asked, look))
        assert not SCANNED.search(plan), plan
