"""The Atom feed of a forecast, as a reader of feeds takes it."""

from datetime import UTC, date, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import feedparser  # type: ignore[import-untyped]
import pytest

from service.feed import MOST
from storage.database import Database
from tests.service.believing import CAUSE, believed, days_of
from tests.service.browsing import near
from tests.service.stations import Station

pytestmark = pytest.mark.sqlite("what is asked for and answered; its statements meet a server elsewhere")

FEED = "/api/v1/forecasts/quiet/feed.atom"
ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = [
    "<script>alert(1)</script>",
    "]]><b>x</b>",
    "&amp;lt; & &#0; &evil;",
    "a\x00b\x1b[31mc\x85d\u2028e",
    "\u202egnp.exe\u2066",
    "\ud800 half",
    "{{ 7 * 7 }} {% raw %} ${x}",
    "=HYPERLINK(1)",
]


@pytest.fixture
def station(tmp_path: Path, database: Database, database_url: str) -> Station:
    return Station(tmp_path, database, database_url, "[alerts]\nmove_points = 5\n")


def read(station: Station) -> feedparser.FeedParserDict:
    answer = near(station.service).gets(FEED)
    assert answer.headers["content-type"] == "application/atom+xml"
    found = feedparser.parse(answer.content, response_headers={"content-type": "application/atom+xml"})
    assert not found.bozo, found.bozo_exception
    return found


def valid(content: bytes) -> None:
    """What RFC 4287 asks of a feed and of each entry."""
    root = ET.fromstring(content)  # noqa: S314 - we wrote it
    assert root.tag == f"{ATOM}feed"
    for one in [root, *root.findall(f"{ATOM}entry")]:
        for name in ("id", "title", "updated"):
            (element,) = one.findall(f"{ATOM}{name}")
            assert element.text
        updated = one.findtext(f"{ATOM}updated")
        assert updated is not None
        assert datetime.fromisoformat(updated).tzinfo is not None
        assert [link.get("rel") for link in one.findall(f"{ATOM}link")].count("alternate") == 1
    assert root.findtext(f"{ATOM}author/{ATOM}name")
    ids = [one.findtext(f"{ATOM}id") for one in root.iter(f"{ATOM}entry")]
    assert len(set(ids)) == len(ids)


def test_it_tells_of_runs_that_moved_far_the_newest_first(station: Station) -> None:
    days_of(station, date(2026, 1, 1), [0.5, 0.56, 0.59, 0.53, 0.7])
    believed(station, date(2026, 1, 6), 0.1, status="held")
    found = read(station)
    assert [entry.title for entry in found.entries] == [
        "down 30.0 % (-17.0 pp)",
        "down 47.0 % (+6.0 pp)",
        "down 44.0 % (-6.0 pp)",
    ]
    newest = found.entries[0]
    assert newest.updated == "2026-01-06T02:15:00+00:00" == found.feed.updated
    assert newest.link == "/forecasts/quiet/runs/5"
    text = newest.content[0].value
    assert "As of 2026-01-05 (run 5)" in text
    assert "up: 70.0 % (+17.0 pp), likely" in text
    assert f"- {CAUSE['text']}" in text


def test_it_is_valid_with_entries_and_without(station: Station) -> None:
    valid(near(station.service).gets(FEED).content)
    days_of(station, date(2026, 1, 1), [0.5, 0.9])
    valid(near(station.service).gets(FEED).content)


def test_entries_keep_their_ids_and_what_comes_later_changes_none(station: Station) -> None:
    days_of(station, date(2026, 1, 1), [0.5, 0.6])
    before = read(station).entries[0]
    days_of(station, date(2026, 1, 3), [0.6, 0.9])
    believed(station, date(2026, 1, 1), 0.1, known_at=datetime(2026, 1, 19, tzinfo=UTC))
    after = {entry.id: entry for entry in read(station).entries}
    assert after[before.id] == before
    assert len(after) == 3


def test_a_forecast_may_have_a_limit_of_its_own(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    station = Station(tmp_path, database, database_url)
    path = station.folder / "config.toml"
    own = path.read_text().replace('id = "quiet"\n', 'id = "quiet"\nalerts = { move_points = 20 }\n')
    path.write_text(own)
    from service.composition import Service  # noqa: PLC0415
    from service.configuration import load  # noqa: PLC0415

    service = Service(configuration=load(path, {}), database=database, clock=station.service.clock)
    days_of(station, date(2026, 1, 1), [0.5, 0.65, 0.9])
    found = feedparser.parse(near(service).gets(FEED).content)
    assert [entry.title for entry in found.entries] == ["down 10.0 % (-25.0 pp)"]


def test_links_lead_to_where_others_reach_us(tmp_path: Path, database: Database, database_url: str) -> None:
    station = Station(tmp_path, database, database_url, '[serve]\npublic_url = "https://f.example.org/x"\n')
    days_of(station, date(2026, 1, 1), [0.1, 0.9])
    found = read(station)
    assert found.entries[0].link == "https://f.example.org/x/forecasts/quiet/runs/2"
    assert found.feed.links[0].href == "https://f.example.org/x/api/v1/forecasts/quiet/feed.atom"


def test_other_scenarios_are_a_new_question_and_no_move(station: Station) -> None:
    believed(station, date(2026, 1, 1), 0.1)
    believed(station, date(2026, 1, 2), 0.9, previous={"worse": 0.2, "better": 0.8})
    assert read(station).entries == []


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_others_wrote_is_shown_and_does_nothing(station: Station, text: str) -> None:
    believed(station, date(2026, 1, 1), 0.1)
    kept = text.replace("\x00", "").encode(errors="replace").decode()  # a database keeps no more than that
    believed(station, date(2026, 1, 2), 0.9, moved=[CAUSE | {"text": kept}])
    content = near(station.service).gets(FEED).content
    valid(content)
    shown = ET.fromstring(content).findtext(f"{ATOM}entry/{ATOM}content") or ""  # noqa: S314 - we wrote it
    assert "\u202e" not in shown
    assert "\x1b" not in shown
    assert b"<script" not in content
    assert shown.count("\n- ") == 1


@pytest.mark.slow
def test_only_the_newest_hundred_are_told(station: Station) -> None:
    days_of(station, date(2025, 1, 1), [0.2, 0.8] * (MOST // 2 + 10))
    entries = read(station).entries
    assert len(entries) == MOST
    assert entries[0].link.endswith(f"/runs/{MOST + 20}")
