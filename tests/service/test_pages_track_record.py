"""The page of the track record: what `posterity scores` says, for a reader with a browser."""

import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ViewportSize, sync_playwright

from model.reliability import Reliability, reliability
from service.reliability_plot import HEIGHT, LEFT, SIZE, TOP, WIDTH, Plot, plot
from service.resolving import annul, resolve
from service.scoring import track_record
from service.track_record import Horizon
from storage.database import Database
from tests.service.archives import TODAY, Archive
from tests.service.commands import quiet
from tests.service.scenes import serving
from tests.service.visiting import HOSTILE, Visitor

pytestmark = pytest.mark.sqlite("what is shown, and to whom; its statements meet a server elsewhere")

NAMES = ("quiet", "second", "third", "fourth", "fifth", "void")
SAID = {("deals", 7): 0.25, ("deals", 30): 0.6}
PATH = "/track-record"


@pytest.fixture
def archive(tmp_path: Path, database: Database) -> Archive:
    return Archive(tmp_path, database, "".join(map(quiet, NAMES)))


@pytest.fixture
def lived(archive: Archive) -> Archive:
    """Two forecasts resolved, one annulled, and outlooks that were decided."""
    for day in range(1, 10):
        archive.publish(f"2025-02-{day:02}", 0.8, outlook=SAID)
    archive.publish("2025-02-03", 0.8, recorded="2025-06-01T00:00", outlook=SAID)
    archive.clock.now = TODAY
    archive.comes_true({"deals": 0.8})
    resolve(archive.service, "quiet", "up", on=date(2025, 4, 1), author="Ana", why="it came")
    resolve(archive.service, "second", "down", on=date(2025, 4, 1), author="Ana", why="it came")
    annul(archive.service, "void", on=date(2025, 4, 1), author="Ana", why=HOSTILE[0])
    return archive


def test_where_nothing_is_decided_it_teaches_how_a_track_record_comes_about(archive: Archive) -> None:
    words = Visitor(archive.service).reads(PATH)
    assert "No forecast is resolved yet" in words
    assert "posterity resolve ID SCENARIO --on DATE --because TEXT" in words
    assert "No outlook has resolved yet" in words
    assert "37 days after the first night" in words


def test_it_is_in_the_navigation(archive: Archive) -> None:
    html = Visitor(archive.service).opens(PATH).text
    assert '<a href="/track-record" aria-current="page">Track record</a>' in html


def test_it_shows_the_scores_that_posterity_scores_has(lived: Archive) -> None:
    visitor = Visitor(lived.service)
    assert "<script" not in visitor.opens(PATH).text
    words = visitor.reads(PATH)
    found = track_record(lived.service)
    for one in found.resolved:
        numbers = " ".join(f"{figure:.3f}" for figure in (one.scores.brier, one.scores.log, one.scores.rps))
        assert f"{one.title} {one.scenario_title} 1 Apr 2025 {one.days} {numbers}" in words
    assert found.overall
    brier = found.overall.scores["brier"]
    assert f"Brier, 0 to 2 {brier.value:.3f}" in words
    assert "So few prove little either way; from 5 on an interval is given." in words
    assert "void was annulled on 2025-04-01 (by Ana), and is not scored: <script>" in words
    assert "4 resolved outlooks" not in words
    assert "2 further outlooks do not count: their runs were recorded after the fact" in words
    for horizon in found.reliability:
        parts = horizon.reliability.decomposition
        assert f"{horizon.days} days 9 {parts.score:.3f} {parts.miscalibration:.3f}" in words


def test_from_five_forecasts_on_it_gives_intervals(lived: Archive) -> None:
    for name in ("third", "fourth", "fifth"):
        resolve(lived.service, name, "up", on=date(2025, 4, 1), author="Ana", why="it came")
    found = track_record(lived.service).overall
    assert found
    interval = found.skill["uniform"]["brier"].interval
    assert interval
    words = Visitor(lived.service).reads(PATH).replace("\N{MINUS SIGN}", "-")
    assert f"[{interval.low:+.2f}, {interval.high:+.2f}]" in words
    assert "90 % intervals, by resampling forecasts" in words


def test_what_was_called_impossible_scores_infinitely_and_is_said(archive: Archive) -> None:
    archive.publish("2025-02-01", 0.0)
    archive.clock.now = TODAY
    resolve(archive.service, "quiet", "up", on=date(2025, 4, 1), author="Ana", why="it came")
    visitor = Visitor(archive.service)
    assert "Infinite, as what came true had been called impossible: quiet." in visitor.reads(PATH)


def test_it_is_kept_until_something_is_decided_and_can_be_asked_as_of_then(lived: Archive) -> None:
    visitor = Visitor(lived.service)
    assert "2 resolved forecasts" in visitor.reads(PATH)
    resolve(lived.service, "third", "up", on=date(2025, 4, 1), author="Ana", why="it came")
    assert "3 resolved forecasts" in visitor.reads(PATH)
    then = visitor.reads(f"{PATH}?known_at=2025-12-01")
    assert "0 resolved forecasts" in then
    assert "as known 1 Dec 2025" in then


def test_the_diagram_is_described_and_its_figures_stand_in_a_table(lived: Archive) -> None:
    visitor = Visitor(lived.service)
    html = visitor.opens(PATH).text
    said = "Outlooks of 7 days: stated 25 %, happened 80 % of 9."
    assert f'role="img" aria-label="{said}"' in html
    assert re.search(r"25\.0 % to 25\.0 % 9 25\.0 % 80\.0 %", visitor.reads(PATH).replace("\xa0", " "))


def in_a_panel(found: Reliability) -> Plot:
    return plot(Horizon(days=7, reliability=found))


def test_lines_lie_where_the_probabilities_are() -> None:
    found = in_a_panel(reliability([0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0], groups=[0, 1, 2, 3]))
    assert list(found.points) == [(LEFT, TOP + SIZE), (LEFT + SIZE, TOP)]
    assert found.curve.startswith(f"M{float(LEFT)} {float(TOP + SIZE)}L")
    assert found.most == 2
    assert [bar.height for bar in found.bars] == [40.0, 40.0]


@pytest.mark.parametrize("stated", [[0.3] * 4, [0.1, 0.4, 0.4, 0.9]])
def test_everything_is_drawn_within_the_panel(stated: list[float]) -> None:
    found = in_a_panel(reliability(stated, [0.0, 1.0, 0.5, 1.0], groups=[0, 1, 2, 3]))
    numbers = [float(one) for one in re.findall(r"-?[\d.]+", found.band + found.curve)]
    assert all(0 <= one <= WIDTH for one in numbers[::2])
    assert all(0 <= one <= HEIGHT for one in numbers[1::2])
    assert all(bar.y + bar.height <= HEIGHT for bar in found.bars)


@pytest.fixture
def address(lived: Archive) -> Iterator[str]:
    with serving(lived.service) as url:
        yield url


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_fits_a_phone_and_asks_nobody_else(address: str, scheme: str) -> None:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium is installed here")
    viewport = ViewportSize(width=360, height=700)
    with (
        sync_playwright() as player,
        player.chromium.launch(executable_path=program, args=["--no-sandbox"]) as browser,
    ):
        page = browser.new_page(color_scheme=scheme, viewport=viewport)  # type: ignore[arg-type]  # one of two
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda one: said.append(one.text))
        page.on("request", lambda one: asked.append(urlsplit(one.url).netloc))
        page.goto(address + PATH)
        page.get_by_text("7 days ahead in figures").click()
        assert page.get_by_role("img").count() == 2
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        violations = Axe().run(page).response["violations"]
        assert [one["id"] for one in violations if one["impact"] in {"serious", "critical"}] == []
        assert said == []
        assert set(asked) == {urlsplit(address).netloc}
