"""The pages in a real browser: as an analyst, by keyboard alone, with no script, in light and dark."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright

from service import keys
from storage.database import open_database
from tests.service.digests import Newsroom
from tests.service.scenes import scene, serving

pytestmark = pytest.mark.slow

PAGES = (
    *("/", "/forecasts/andes", "/forecasts/new", "/forecasts/andes?known_at=2025-06-20", "/sign-in"),
    *("/forecasts/andes?tag=treaty&country=PE&grade=B2&silence_until=2025-09-01#what-if", "/docs"),
    *("/forecasts/andes/runs/4", "/forecasts/andes/runs/4/plots"),
    *("/forecasts/andes/versions", "/forecasts/none"),
)
EXPECTED = re.compile(r"status of 404")  # what the browser itself says of the page of an error
WIDE = '<svg xmlns="http://www.w3.org/2000/svg" width="1152" height="1114"><rect/></svg>'
PATIENCE = 90_000  # for a busy machine


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium is installed here")
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Newsroom]:
    folder = tmp_path_factory.mktemp("browser")
    shutil.copy(migrated_sqlite, folder / "posterity.db")
    with open_database(f"sqlite:///{folder}/posterity.db") as database:
        room = scene(folder, database)
        plots = room.service.configuration.storage.draws.with_name("pages") / "plots" / "4"
        plots.mkdir(parents=True)
        (plots / "up-ranks.svg").write_text(WIDE)
        yield room


@pytest.fixture(scope="module")
def address(room: Newsroom) -> Iterator[str]:
    with serving(room.service) as url:
        yield url


class Visitor:
    """Somebody at a browser; what its console says and what it asks others for is kept."""

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        self.url = url
        self.context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.said: list[str] = []
        self.abroad: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self._note(request.url))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not EXPECTED.search(message.text):
            self.said.append(message.text)

    def _note(self, url: str) -> None:
        if urlsplit(url).netloc != urlsplit(self.url).netloc and not url.startswith("data:"):
            self.abroad.append(url)

    def opens(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def sees_the_chart(self) -> None:
        expect(self.page.locator("#chart .drawn svg")).to_be_visible(timeout=PATIENCE)

    def leaves(self) -> None:
        """Close the browser's window; nothing was wrong, and nobody else was asked for anything."""
        self.context.close()
        assert self.said == []
        assert self.abroad == []


@pytest.fixture
def visitor(browser: Browser, address: str) -> Iterator[Visitor]:
    somebody = Visitor(browser, address)
    yield somebody
    somebody.leaves()


def test_an_analyst_goes_from_the_overview_to_the_event_that_moved_a_forecast(visitor: Visitor) -> None:
    page = visitor.opens("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Where we stand")
    page.get_by_role("link", name="Deals <i>in</i> the Andes").first.click()
    visitor.sees_the_chart()
    expect(page.locator(".note.held")).to_contain_text("was held")
    page.locator("#chart .drawn svg .layer_5_marks path").last.click()
    page.wait_for_url(re.compile(r"/events/[a-z0-9]+$"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_the_chart_changes_its_scale(visitor: Visitor) -> None:
    page = visitor.opens("/forecasts/andes")
    visitor.sees_the_chart()
    expect(page.locator("#chart .drawn svg")).not_to_contain_text("99.9")
    page.get_by_label("Log-odds").check()
    expect(page.locator("#chart .drawn svg")).to_contain_text("99.9")
    page.get_by_label("Linear").check()
    expect(page.locator("#chart .drawn svg")).not_to_contain_text("99.9")


def ticks(page: Page) -> list[str]:
    return page.locator("#chart .drawn .role-axis-label text").all_text_contents()


def test_the_chart_zooms_by_button_and_by_dragging(visitor: Visitor) -> None:
    page = visitor.opens("/forecasts/andes")
    visitor.sees_the_chart()
    whole = ticks(page)
    page.get_by_role("button", name="30 d").click()
    expect(page.get_by_role("button", name="30 d")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(
        "(before) => document.querySelector('#chart .drawn').innerText !== before", arg=whole
    )
    near = ticks(page)
    assert near != whole
    page.get_by_role("button", name="All").click()
    expect(page.locator("#chart .drawn .role-axis-label text").first).to_have_text(whole[0])
    page.locator("#chart").scroll_into_view_if_needed()
    box = page.locator("#chart .drawn svg").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.4 * box["height"], steps=4)
    expect(page.locator(".brush")).to_be_visible()
    page.mouse.up()
    expect(page.get_by_role("button", name="All")).to_have_attribute("aria-pressed", "false")
    page.locator("#chart .drawn svg").dblclick(position={"x": 200, "y": 60})
    expect(page.get_by_role("button", name="All")).to_have_attribute("aria-pressed", "true")


def test_the_past_looks_as_it_was_known(visitor: Visitor) -> None:
    page = visitor.opens("/forecasts/andes")
    visitor.sees_the_chart()
    page.get_by_label("As known at the end of").fill("2025-06-20")
    page.get_by_role("button", name="Show the past").click()
    visitor.sees_the_chart()
    expect(page.locator(".notice")).to_contain_text("20 Jun 2025")
    expect(page.get_by_text("run 2", exact=True).first).to_be_visible()
    page.get_by_role("link", name="Show what is known now").click()
    expect(page.locator(".notice")).to_have_count(0)


def test_what_if_answers_on_the_page(visitor: Visitor) -> None:
    page = visitor.opens("/forecasts/andes")
    page.locator("#tag-1").select_option("treaty")
    page.locator("#country-1").fill("PE")
    page.locator("#grade-1").fill("B2")
    page.get_by_role("button", name="What if?").click()
    expect(page.get_by_role("table", name=re.compile("What would come of it"))).to_be_visible()
    page.locator("#grade-1").fill("Z9")
    page.get_by_role("button", name="What if?").click()
    expect(page.get_by_role("alert")).to_contain_text("grade")


def test_a_keyboard_reaches_everything_that_a_mouse_does(visitor: Visitor) -> None:
    page = visitor.opens("/forecasts/andes")
    visitor.sees_the_chart()
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator(":focus")).to_have_attribute("id", "main")
    wanted = page.evaluate(
        """() => [...document.querySelectorAll("main :is(a[href], button, input, select, summary)")]
            .filter((one) => one.checkVisibility() && one.type !== "hidden" && !one.closest(".drawn"))
            .filter((one) => one.type !== "radio" || one.checked).length"""
    )
    reached = 0
    for _ in range(6 * wanted):
        page.keyboard.press("Tab")
        inside, seen = page.evaluate(
            """() => { const one = document.activeElement; const style = getComputedStyle(one);
                const counts = one.matches("a, button, input, select, summary") && !one.closest(".drawn");
                return [one.closest("main") !== null && counts && !one.dataset.met && (one.dataset.met = "1"),
                        style.outlineStyle !== "none" || one.matches("input, select")]; }"""
        )
        reached += bool(inside)
        assert seen, "the focus is not seen"
        if reached == wanted:
            break
    assert reached == wanted


def test_the_events_on_the_chart_are_gone_through_and_opened_by_keyboard_alone(visitor: Visitor) -> None:
    page = visitor.opens("/forecasts/andes")
    visitor.sees_the_chart()
    events = page.get_by_role("list", name=re.compile("Events on the chart")).get_by_role("link")
    names = events.all_text_contents()
    assert len(names) > 1
    assert names == sorted(names)  # each begins with its day
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.locator(".marks a:focus").count():
            break
    expect(page.locator(":focus")).to_have_accessible_name(names[0])
    expect(page.locator(".told")).to_have_text(names[0])
    page.keyboard.press("ArrowRight")
    expect(page.locator(":focus")).to_have_accessible_name(names[1])
    page.keyboard.press("End")
    expect(page.locator(".told")).to_have_text(names[-1])
    page.keyboard.press("Tab")
    assert not page.locator(".marks a:focus").count()
    expect(page.locator(".told")).to_be_hidden()
    page.keyboard.press("Shift+Tab")
    expect(page.locator(":focus")).to_have_accessible_name(names[-1])
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/events/"))
    assert re.sub(r"^[0-9-]+: ", "", names[-1]).startswith(page.get_by_role("heading", level=1).inner_text())


def test_the_table_beside_the_chart_opens_by_keyboard(visitor: Visitor) -> None:
    page = visitor.opens("/forecasts/andes")
    summary = page.get_by_text("The same as a table")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("table", name=re.compile("What was published at each cutoff"))).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_keeps_anyone_out(browser: Browser, address: str, scheme: Any, width: int) -> None:
    somebody = Visitor(browser, address, color_scheme=scheme, viewport={"width": width, "height": 800})
    found = []
    for path in PAGES:
        page = somebody.opens(path)
        if page.locator("#chart").count():
            somebody.sees_the_chart()
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        violations = Axe().run(page).response["violations"]
        found += [
            (path, one["id"], one["nodes"][0]["html"][:200])
            for one in violations
            if one["impact"] in {"serious", "critical"}
        ]
        assert page.evaluate("document.documentElement.scrollWidth") == width, path
    somebody.leaves()
    assert found == []


def test_without_script_everything_but_the_moving_chart_is_there(browser: Browser, address: str) -> None:
    somebody = Visitor(browser, address, java_script_enabled=False)
    page = somebody.opens("/forecasts/andes")
    expect(page.locator("#chart svg.picture")).to_be_visible()
    expect(page.locator("#scale")).to_be_hidden()
    page.get_by_text("The same as a table").click()
    expect(page.get_by_role("table", name=re.compile("What was published at each cutoff"))).to_be_visible()
    page.locator("#moved").get_by_label("Since").fill("2025-06-16")
    page.get_by_role("button", name="Tell").click()
    expect(page.locator("#moved")).to_contain_text("16 Jun 2025")
    page.get_by_text("on the chart").click()
    page.locator(".events a").first.click()
    expect(page).to_have_url(re.compile("/events/"))
    somebody.leaves()


def test_the_picture_stays_where_the_script_cannot_be_had(browser: Browser, address: str) -> None:
    somebody = Visitor(browser, address)

    def refuse(route: Route) -> None:
        route.abort()

    somebody.page.route("**/chart.json*", refuse)
    page = somebody.opens("/forecasts/andes")
    expect(page.locator("#chart")).to_have_attribute("data-trouble", re.compile(".+"))
    expect(page.locator("#chart svg.picture")).to_be_visible()
    somebody.context.close()


def test_an_editor_signs_in_and_out(visitor: Visitor, room: Newsroom) -> None:
    key = keys.create(room.service, "browser", "edit")
    page = visitor.opens("/")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".who")).to_contain_text("browser")
    assert page.url == f"{visitor.url}/"
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page = visitor.opens("/")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_chart_wears_the_readers_colours(browser: Browser, address: str, scheme: Any) -> None:
    somebody = Visitor(browser, address, color_scheme=scheme)
    page = somebody.opens("/forecasts/andes")
    somebody.sees_the_chart()
    line = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--s0').trim()")
    assert page.locator(f"#chart .drawn path[stroke='{line}']").count() > 0
    somebody.leaves()


def test_a_page_is_light_on_the_wire(browser: Browser, address: str) -> None:
    somebody = Visitor(browser, address)
    sizes: list[int] = []
    somebody.page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    somebody.opens("/").wait_for_load_state("networkidle")
    first, sizes[:] = sum(sizes), []
    somebody.opens("/").wait_for_load_state("networkidle")
    assert first < 60_000
    assert sum(sizes) < 2_000
    somebody.leaves()
