import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import HTTPException

from service.pages.forms import LARGEST, fields, first
from service.pages.shell import POLICY, environment, query
from storage.database import Database, open_database
from tests.service.browsing import afar, near, problem
from tests.service.commands import ROOT, quiet
from tests.service.digests import Newsroom
from tests.service.scenes import PAGE, SCRIPT, TEMPLATE, scene, signed_in

ADDRESSES = (
    *("/", "/?q=andes", "/forecasts/andes", "/forecasts/new", "/forecasts/andes?known_at=2025-06-20"),
    *("/forecasts/andes?since=2025-04-20", "/forecasts/andes/runs/4", "/forecasts/andes/versions"),
    *("/forecasts/andes?tag=treaty&country=PE&grade=B2&silence_until=2025-09-01", "/docs", "/sign-in"),
    *("/forecasts/andes/runs/1/plots", "/events", "/events/h1", "/reports/h1", "/review", "/runs"),
)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Newsroom]:
    folder = tmp_path_factory.mktemp("pages")
    (folder / "posterity.db").write_bytes(migrated_sqlite.read_bytes())
    with open_database(f"sqlite:///{folder}/posterity.db") as database:
        yield scene(folder, database)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_is_inert_whatever_was_told(room: Newsroom, address: str) -> None:
    browser = near(room.service)
    answer = browser.gets(address, headers=PAGE | signed_in(room.service, browser))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    html = answer.text
    for hostile in ("<script>alert", "<img src=x", "<b>evil", "<i>in</i>", "\N{RIGHT-TO-LEFT OVERRIDE}"):
        assert hostile not in html
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", re.sub(r"&lt;.*?&gt;", "", html))
    assert all("src=" in one for one in re.findall(r"<script[^>]*>", html))
    assert html.count("<h1") == 1


def test_what_was_told_is_shown_word_for_word(room: Newsroom) -> None:
    html = near(room.service).gets("/forecasts/andes", headers=PAGE).text
    shown = html.replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'")
    assert SCRIPT in shown
    assert TEMPLATE in shown
    assert "says &lt;U+202E&gt;ylno&lt;U+202C&gt; who" in html


@pytest.mark.parametrize("address", ADDRESSES[:-5])
def test_pages_name_their_place_and_have_landmarks(room: Newsroom, address: str) -> None:
    html = near(room.service).gets(address, headers=PAGE).text
    for part in ('<html lang="en">', '<main id="main"', '<nav aria-label="Main">', 'class="skip"', "<footer"):
        assert part in html
    assert re.search(r"<title>[^<]+ – Posterity</title>", html)


def test_errors_are_pages_to_who_reads_in_a_browser(room: Newsroom) -> None:
    answer = near(room.service).gets("/forecasts/andse", headers=PAGE)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert "No forecast is called &#39;andse&#39;" in answer.text
    assert "andes" in answer.text


def test_errors_are_problem_documents_to_programs_and_everywhere_below_the_api(room: Newsroom) -> None:
    browser = near(room.service)
    assert "andse" in problem(browser.gets("/forecasts/andse"), 404)["detail"]
    problem(browser.gets("/api/v1/forecasts/andse", headers=PAGE), 404)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("/?qq=1", "q"),
        ("/forecasts/andes?since=yesterday", "2026-01-31"),
        ("/forecasts/andes?since=2025-06-01&since=2025-06-02", "twice"),
        ("/forecasts/andes?known_at=2025-13-01", "no moment"),
        ("/forecasts/andes?known=2025-06-01", "known_at"),
        ("/forecasts/andes/runs/x", "integer"),
        ("/forecasts/andes/runs/99999999999999999999", "less than"),
        ("/forecasts/andes?tag=%00", "NUL"),
        ("/forecasts/andes/chart.json?scale=cubic", "linear"),
        ("/forecasts/andes/chart.json?width=5", "greater"),
        (f"/?q={'x' * 300}", "200"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_says_what_to_write(
    room: Newsroom, address: str, says: str
) -> None:
    answer = near(room.service).gets(address, headers=PAGE)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")
    assert says in answer.text


def test_empty_fields_of_a_form_mean_nothing(room: Newsroom) -> None:
    address = "/forecasts/andes?since=&known_at=&tag=&country=&grade=&silence_until="
    assert near(room.service).gets(address, headers=PAGE).status_code == 200


def test_a_page_comes_but_once_while_it_is_the_same(room: Newsroom) -> None:
    browser = near(room.service)
    etag = browser.gets("/", headers=PAGE).headers["etag"]
    again = browser.gets("/", headers=PAGE | {"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert "no-cache" in again.headers["cache-control"]


def test_a_page_out_of_reach_says_so(tmp_path: Path, database: Database) -> None:
    room = Newsroom(tmp_path, database, quiet())
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE run_line")
        connection.exec_driver_sql("DROP TABLE posterior")
    answer = near(room.service).gets("/forecasts/quiet", headers=PAGE)
    assert answer.status_code in {500, 503}
    assert afar(room.service).gets("/sign-in", headers=PAGE).status_code == 200


def test_a_form_has_each_field_with_all_its_values() -> None:
    form = fields(b"a=1&a=2&b=%C3%A9+x&empty=")
    assert form == {"a": ["1", "2"], "b": ["é x"], "empty": [""]}
    assert (first(form, "b"), first(form, "none")) == ("é x", "")


@pytest.mark.parametrize("body", [b"a=%ff", b"a=\xff", b"a=%00", b"&".join([b"a=1"] * 3000)])
def test_a_form_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(HTTPException) as refused:
        fields(body)
    assert refused.value.status_code == 422


def test_a_form_is_read_within_bounds(room: Newsroom) -> None:
    browser = near(room.service)
    assert browser.posts("/sign-in", content=b"key=" + b"x" * LARGEST).status_code == 413
    sent = {"content-type": "application/json"}
    assert browser.posts("/sign-in", content=b"{}", headers=sent).status_code == 415


def test_values_are_shown_alike() -> None:
    template = environment().from_string(
        '{% import "pages/macros.html" as show %}'
        "{{ show.percent(0.531) }}|{{ show.percent(none) }}|{{ show.points(0.5, 0.62) }}|"
        "{{ show.points(0.5, 0.50001) }}|{{ show.points(none, 0.5) }}|{{ show.grade('B2') }}|{{ missing }}"
    )
    assert re.sub(r"<[^>]+>", "", template.render(missing=None)).split("|") == [
        *("53.1\N{NO-BREAK SPACE}%", "–", "\N{MINUS SIGN}12.0", "0.0", "–", "B2", "–")
    ]


def test_an_address_leaves_out_what_is_empty() -> None:
    assert query("/events", {"q": "a b&c", "tag": ""}, page=None) == "/events?q=a+b%26c"
    assert query("/events", q="") == "/events"


@pytest.mark.slow
def test_no_page_loads_what_samples_or_plots(room: Newsroom) -> None:
    program = """
import sys
from pathlib import Path
from service.composition import opened
from tests.service.browsing import near
with opened(Path(sys.argv[1]), migrated=False) as service:
    browser = near(service)
    for address in sys.argv[2:]:
        assert browser.gets(address, headers={"accept": "text/html"}).status_code == 200, address
loaded = {name.partition(".")[0] for name in sys.modules}
print(*sorted(loaded & {"pymc", "pytensor", "nutpie", "arviz", "arviz_plots", "vl_convert", "matplotlib"}))
"""
    config = room.folder / "process.toml"
    text = (room.folder / "config.toml").read_text(encoding="utf-8")
    config.write_text(f'[storage]\nurl = "{room.database.engine.url}"\n{text}', encoding="utf-8")
    readable = [one for one in ADDRESSES if one not in {"/review", "/forecasts/andes/runs/1/plots"}]
    done = subprocess.run(
        [sys.executable, "-c", program, config, *readable, "/forecasts/andes/chart.json"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=240,
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
