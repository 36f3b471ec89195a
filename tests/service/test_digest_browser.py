"""The digest's page in a real browser: narrow and wide, light and dark."""

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from service.letters import Letter
from storage.database import open_database
from tests.service.andes import ANDES, contract
from tests.service.commands import quiet
from tests.service.digests import Newsroom

pytestmark = pytest.mark.slow

READABLE = 4.5  # contrast of text, WCAG 2.2, 1.4.3
LONG = "Averyveryverylongwordwithoutaspaceinitthatgoesonandonandonandonandon " * 2

# The contrast of each text with what stands behind it, the worst first.
CONTRASTS = """() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (one) => (one /= 255) <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = channels(getComputedStyle(element).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
    const [one, other] = [channels(getComputedStyle(element).color), behind(element)].map(luminance);
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    found.push([contrast, texts.currentNode.data.trim().slice(0, 60)]);
  }
  return found.sort((one, other) => one[0] - other[0]);
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium is installed here")
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def letter(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Letter:
    """A letter with all that one may have: several forecasts, trouble, changes and hostile words."""
    folder = tmp_path_factory.mktemp("browser")
    shutil.copy(migrated_sqlite, folder / "posterity.db")
    with open_database(f"sqlite:///{folder}/posterity.db") as database:
        room = Newsroom(folder, database, ANDES + quiet("new").replace("2025-01-01", "2025-08-01"))
        room.weeks()
        room.adjust("expected = { down = 4, base = 2, up = 1 }", "expected = { down = 5, base = 2, up = 1 }")
        url = "https://evil.example/"
        hostile = contract(
            "e", "2025-06-28", headline=f"<img src={url}x.png> {LONG}", publisher=LONG, url=url
        )
        room.night("2025-06-30", hostile)
        room.held("2025-06-30")
        return room.letter()


def opened(browser: Browser, letter: Letter, *, width: int, scheme: Any) -> tuple[Page, list[str]]:
    """The page as a mail program shows it, and what it asked the network for."""
    assert letter.html is not None
    html = letter.html
    for name, content in letter.images.items():
        html = html.replace(f"cid:{name}", f"data:image/png;base64,{base64.b64encode(content).decode()}")
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(html)
    return page, [url for url in asked if not url.startswith("data:")]


@pytest.mark.parametrize("width", [320, 360, 800])
def test_nothing_is_wider_than_the_screen(browser: Browser, letter: Letter, width: int) -> None:
    page, asked = opened(browser, letter, width=width, scheme="light")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert asked == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read(browser: Browser, letter: Letter, scheme: str) -> None:
    page, _ = opened(browser, letter, width=640, scheme=scheme)
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 50
    assert contrasts[0][0] >= READABLE, contrasts[:5]
    page.close()


def test_the_dark_page_is_dark(browser: Browser, letter: Letter) -> None:
    lightness = {}
    for scheme in ("light", "dark"):
        page, _ = opened(browser, letter, width=640, scheme=scheme)
        colours = page.evaluate(
            "['.page', '.card'].map((one) => getComputedStyle(document.querySelector(one)).backgroundColor)"
        )
        lightness[scheme] = [sum(map(int, colour[4:-1].split(","))) for colour in colours]
        page.close()
    assert max(lightness["dark"]) < 150
    assert min(lightness["light"]) > 700


@pytest.mark.parametrize("width", [360, 640])
def test_the_chart_is_there_and_fits_beside_nothing(browser: Browser, letter: Letter, width: int) -> None:
    page, _ = opened(browser, letter, width=width, scheme="dark")
    (chart,) = page.evaluate(
        "[...document.images].map((one) => [one.complete, one.naturalWidth, one.clientWidth, one.alt])"
    )
    complete, natural, shown, alt = chart
    assert complete
    assert natural > 2 * 400
    assert 0.8 * width < shown < width
    assert alt.startswith("Chart: Probabilities from")
    page.close()


def test_what_the_styles_only_improve_is_not_needed(browser: Browser, letter: Letter) -> None:
    bare = letter.html
    assert bare is not None
    without = bare[: bare.index("<style>")] + bare[bare.index("</style>") :]
    page = browser.new_page(viewport={"width": 640, "height": 800}, color_scheme="light")
    page.set_content(without)
    assert page.evaluate("document.documentElement.scrollWidth") == 640
    assert page.evaluate(CONTRASTS)[0][0] >= READABLE
    assert page.evaluate("document.querySelector('.card').clientWidth") <= 640
    page.close()
