"""Walks through the pages of evidence in a real browser: a reader with no script, an editor with no mouse."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from service import keys
from storage.database import open_database
from tests.service.digests import Newsroom
from tests.service.panels import CONFIGURATION, STORED, write_register, write_votes
from tests.service.reviewing import Bureau, deal
from tests.service.scenes import serving
from tests.service.test_pages_panel import FILES
from tests.service.visiting import HOSTILE

pytestmark = pytest.mark.slow

PATIENCE = 30_000
LONG = "Averyveryverylongwordwithoutaspaceinitthatgoesonandonandonandonandonandon"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium is installed here")
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


class Served:
    """A bureau that is served, and the key of an editor."""

    def __init__(self, bureau: Bureau, url: str) -> None:
        self.bureau, self.url = bureau, url
        self.key = keys.create(bureau.service, "ana", "edit")


@pytest.fixture
def desk(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Served]:
    shutil.copy(migrated_sqlite, tmp_path / "posterity.db")
    with open_database(f"sqlite:///{tmp_path}/posterity.db") as database:
        bureau = Bureau(tmp_path, database)
        bureau.says(deal("a1"), deal("a2", "2026-02-11"))
        bureau.says(deal("b1", "2026-01-05", headline="Peru signs for radars", event="pe-radars"))
        bureau.says(deal("b2", "2026-01-07", headline="Radars for Peru are signed", event="pe-radars-2"))
        bureau.guesses(
            deal("feed:1", "2026-01-20", headline="Peru signs for boats"),
            deal("feed:2", "2026-02-01", headline="Peru signs for trucks"),
            deal("feed:3", "2026-02-20", headline="Peru remembers a signing"),
        )
        with serving(bureau.service) as url:
            yield Served(bureau, url)


def tab_to(page: Page, selector: str, *, most: int = 80) -> None:
    """Press the Tab key until what is wanted has the focus, which must be seen."""
    wanted = page.locator(selector).first
    for _ in range(most):
        page.keyboard.press("Tab")
        if wanted.evaluate("(one) => one === document.activeElement"):
            outline = wanted.evaluate("(one) => getComputedStyle(one).outlineStyle")
            assert outline != "none", f"nobody sees the focus on {selector}"
            return
    raise AssertionError(f"the Tab key never comes to {selector}")


def presses(page: Page, *keys_pressed: str) -> None:
    for key in keys_pressed:
        page.keyboard.press(key)


def types_into(page: Page, selector: str, text: str) -> None:
    tab_to(page, selector)
    presses(page, "Control+a", "Delete")
    page.keyboard.type(text)


def signs_in(page: Page, desk: Served) -> None:
    page.goto(f"{desk.url}/review")
    tab_to(page, '.who a:has-text("Sign in")')
    presses(page, "Enter")
    types_into(page, "#field-key", desk.key)
    presses(page, "Enter")
    expect(page.locator(".who")).to_contain_text("ana")


@pytest.mark.parametrize("script", [True, False])
def test_an_editor_triages_merges_and_splits_by_keyboard_alone(
    browser: Browser, desk: Served, script: bool
) -> None:
    context = browser.new_context(java_script_enabled=script)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    signs_in(page, desk)

    # The first is taken in as it is.
    expect(page.locator("h1")).to_have_text("Review")
    tab_to(page, 'a:has-text("Peru signs for boats")')
    presses(page, "Enter")
    expect(page.locator("h1")).to_have_text("Peru signs for boats")
    tab_to(page, 'button:has-text("Accept")')
    presses(page, "Enter")
    expect(page.get_by_role("status")).to_contain_text("1 was accepted by ana")

    # The second is something else, and Enter in a field accepts it.
    expect(page.locator("h1")).to_have_text("Peru signs for trucks")
    types_into(page, "#field-grade", "B1")
    types_into(page, "#field-event", "pe-trucks")
    presses(page, "Enter")
    expect(page.get_by_role("status")).to_contain_text("belongs to pe-trucks")

    # The third is turned down: first without a reason, which loses nothing.
    expect(page.locator("h1")).to_have_text("Peru remembers a signing")
    types_into(page, "#field-tag", "loan")
    tab_to(page, 'button:has-text("Reject")')
    presses(page, "Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was done")
    expect(page.locator("#field-tag")).to_have_value("loan")
    types_into(page, "#field-why", "an anniversary")
    tab_to(page, 'button:has-text("Reject")')
    presses(page, "Enter")
    expect(page.get_by_role("status")).to_have_text("That was the last of them.")

    # Two events are one.
    types_into(page, "#field-event", "pe-radars")
    presses(page, "Enter")
    types_into(page, "#events", "pe-radars-2")
    types_into(page, "#why-merge", "one signing")
    presses(page, "Enter")
    expect(page.get_by_role("status")).to_contain_text("ana put 1 report into this event")

    # And one is two.
    key = desk.bureau.event_of("a1")
    page.goto(f"{desk.url}/events/{key}")
    tab_to(page, 'a:has-text("Merge or split")')
    presses(page, "Enter")
    tab_to(page, 'input[value="a2"]')
    presses(page, "Space")
    types_into(page, "#why-split", "another delivery")
    presses(page, "Enter")
    expect(page.get_by_role("status")).to_contain_text("ana put 1 report into this event")

    context.close()
    bureau = desk.bureau
    assert bureau.waiting() == []
    assert [one.report.grade for one in bureau.versions("feed:2")] == ["C3", "B1"]
    assert bureau.event_of("feed:2") == "pe-trucks"
    assert bureau.versions("feed:3") == []
    assert bureau.members("pe-radars") == {"b1", "b2"}
    assert bureau.members(key) == {"a1"}


def test_single_letters_decide_outside_of_fields_and_can_be_switched_off(
    browser: Browser, desk: Served
) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    signs_in(page, desk)
    page.goto(f"{desk.url}/review/1")
    presses(page, "w")
    page.keyboard.type("a ran n")
    expect(page.locator("#field-why")).to_have_value("a ran n")
    presses(page, "Escape", "n")
    expect(page.locator("h1")).to_have_text("Peru signs for trucks")
    presses(page, "a")
    expect(page.get_by_role("status")).to_contain_text("2 was accepted by ana")
    page.locator("summary").click()
    page.get_by_label("Single letters on").uncheck()
    page.reload()
    presses(page, "a", "n", "r")
    expect(page.locator("h1")).to_have_text("Peru remembers a signing")
    assert [one.number for one in desk.bureau.waiting()] == [1, 3]
    page.close()


@pytest.mark.parametrize("script", [True, False])
def test_a_reader_searches_an_event_and_goes_down_to_a_report(
    browser: Browser, desk: Served, script: bool
) -> None:
    context = browser.new_context(java_script_enabled=script)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(desk.url)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Events").click()
    page.get_by_label(re.compile("Words of a headline")).fill("radars")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("list", name="Events found").get_by_role("link")).to_have_count(2)
    page.get_by_role("link", name="Peru signs for radars").click()
    expect(page.locator("h1")).to_have_text("Peru signs for radars")
    page.locator("#reports ~ ol").get_by_role("link", name="Peru signs for radars").click()
    expect(page.get_by_role("heading", name="Version 1")).to_be_visible()
    expect(page.locator("main")).to_contain_text("feed")
    context.close()


# ---- what all pages keep -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Served]:
    """A store with the record, hostile words, long words, and reports that wait."""
    folder = tmp_path_factory.mktemp("walks")
    shutil.copy(migrated_sqlite, folder / "posterity.db")
    write_register(folder)
    write_votes(folder)
    with open_database(f"sqlite:///{folder}/posterity.db") as database:
        bureau = Bureau(folder, database)
        hostile = [
            deal(f"h{n}", headline=f"{text} {LONG}", publisher=f"{LONG}.example", event="h")
            for n, text in enumerate(HOSTILE)
        ]
        bureau.says(*hostile)
        bureau.guesses(*(deal(f"w{n}", headline=f"{text} {LONG}") for n, text in enumerate(HOSTILE)))
        room = Newsroom(folder, database, FILES + CONFIGURATION)
        room.night("2025-06-30", *STORED)
        bureau.service = room.service
        with serving(room.service) as url:
            yield Served(bureau, url)


PAGES = (
    *("/events", "/events?search=nothing+is+like+this", "/events?forecast=quiet", "/events/h", "/reports/h0"),
    *("/review", "/review/1", "/review/regroup?event=h", "/runs", "/panel", "/panel?countries=XX"),
    *("/track-record", "/events/none", "/review/99"),
)


@pytest.fixture(scope="module")
def state(browser: Browser, everything: Served) -> dict[str, object]:
    """The cookie of an editor who has signed in."""
    context = browser.new_context()
    page = context.new_page()
    signs_in(page, everything)
    found = context.storage_state()
    context.close()
    return dict(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_accessible_fits_a_phone_and_asks_nobody_else(
    browser: Browser, everything: Served, state: dict[str, object], path: str, scheme: str
) -> None:
    context = browser.new_context(
        storage_state=state,  # type: ignore[arg-type]  # as another context gave it
        color_scheme=scheme,  # type: ignore[arg-type]  # one of two
        viewport={"width": 360, "height": 700},
    )
    page = context.new_page()
    said: list[str] = []
    abroad: list[str] = []
    page.on("console", lambda one: said.append(one.text) if "status of 4" not in one.text else None)
    page.on("request", lambda one: abroad.append(one.url))
    page.goto(everything.url + path)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.locator("h1").count() == 1
    violations = Axe().run(page).response["violations"]
    grave = [one["id"] for one in violations if one["impact"] in {"serious", "critical"}]
    assert grave == [], violations
    assert said == []
    own = urlsplit(everything.url).netloc
    assert [url for url in abroad if urlsplit(url).netloc != own] == []
    context.close()


def test_the_countries_can_be_printed_and_their_tables_opened_without_a_script(
    browser: Browser, everything: Served
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{everything.url}/panel")
    page.get_by_text("Brazil in figures").click()
    expect(page.get_by_role("region", name="Brazil, year by year")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator("nav").first).to_be_hidden()
    expect(page.locator("svg.plot").first).to_be_visible()
    context.close()
