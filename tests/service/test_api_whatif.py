"""What if, over the API: the same as a command says, at once, and nothing of it stored."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from service.show_whatif import document, hypothesis
from storage.database import Database
from tests.service.browsing import near, problem
from tests.service.offices import API, Office, deal

pytestmark = pytest.mark.sqlite("what is asked for and answered; its statements meet a server elsewhere")

WHAT_IF = "/forecasts/quiet/what-if"


def filled(found: Office) -> Office:
    found.hands_in(deal())
    found.runs("2025-05-31")
    found.runs()
    return found


@pytest.fixture
def office(tmp_path: Path, database: Database, database_url: str) -> Office:
    return filled(Office(tmp_path, database, database_url))


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory, kept_database: Database, kept_url: str) -> Office:
    """An office where nothing is ever changed."""
    return filled(Office(tmp_path_factory.mktemp("still"), kept_database, kept_url))


def asks(office: Office, **body: Any) -> Any:
    return office.does(WHAT_IF, body, scope="read")


def test_it_answers_as_the_command_does(office: Office) -> None:
    event = {"tag": "deal", "country": "PE", "also": ["BR"], "grade": "B2"}
    answer = asks(office, events=[event], silence_until="2025-09-30")
    typed = hypothesis(
        office.service,
        "quiet",
        ["tag=deal,country=PE,also=BR,grade=B2"],
        silence_until=office.station.now.date().replace(year=2025, month=9, day=30),
        as_of=None,
    )
    assert answer == document(typed)
    assert answer["probabilities"] != answer["now"]


def test_it_may_be_asked_of_an_earlier_cutoff_and_of_silence_alone(office: Office) -> None:
    answer = asks(office, silence_until="2025-08-31", as_of="2025-06-10")
    assert (answer["as_of"], answer["observed_until"], answer["events"]) == ("2025-05-31", "2025-08-31", [])


def test_a_probability_may_stand_instead_of_a_grade(office: Office) -> None:
    event = {"tag": "deal", "country": "*", "probability_true": 0.25}
    assert asks(office, events=[event])["events"][0]["credibility"] == pytest.approx(0.25)


def test_who_sits_here_needs_no_key_and_nothing_is_stored(office: Office) -> None:
    before = office.lists("/reports"), office.lists("/events")
    body = {"events": [{"tag": "deal", "country": "PE"}]}
    assert near(office.service).posts(f"{API}{WHAT_IF}", json=body).status_code == 200
    assert (office.lists("/reports"), office.lists("/events")) == before


def test_from_afar_it_needs_a_key_that_may_read(office: Office) -> None:
    problem(office.posts(WHAT_IF, {}, scope="ingest"), 403)
    problem(office.browser.posts(f"{API}{WHAT_IF}", json={}), 401)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "nothing is supposed"),
        ({"events": []}, "nothing is supposed"),
        ({"events": [{"tag": "visit", "country": "PE"}]}, "events/0: no indicator of quiet counts"),
        ({"events": [{"tag": "deal", "country": "Peru"}]}, "events/0: country"),
        ({"events": [{"tag": "deal", "country": "PE", "grade": "Z"}]}, "grade"),
        ({"events": [{"tag": "deal"}]}, "does not fit"),
        ({"events": [{"tag": "deal", "country": "PE", "headline": "x"}]}, "does not fit"),
        ({"events": [{"tag": "deal", "country": "PE", "probability_true": 1}]}, "does not fit"),
        ({"events": [{"tag": "deal", "country": "PE"}] * 51}, "does not fit"),
        ({"silence_until": "2025-01-31"}, "not ahead"),
        ({"silence_until": "2026-01-31"}, "not ahead"),
        ({"silence_until": "soon"}, "does not fit"),
        ({"silence_until": 5}, "does not fit"),
    ],
)
def test_what_cannot_be_supposed_is_refused(still: Office, body: dict[str, Any], says: str) -> None:
    assert says in problem(still.posts(WHAT_IF, body), 422)["detail"]


def test_everything_that_is_wrong_is_said_at_once(office: Office) -> None:
    events = [{"tag": "visit", "country": "PE"}, {"tag": "deal", "country": "Peru"}]
    detail = problem(office.posts(WHAT_IF, {"events": events}), 422)["detail"]
    assert "events/0: " in detail
    assert "events/1: " in detail


@pytest.mark.parametrize(
    ("path", "body"),
    [("/forecasts/quite/what-if", {}), (WHAT_IF, {"as_of": "2025-03-01"})],
)
def test_there_is_no_such_run(office: Office, path: str, body: dict[str, Any]) -> None:
    problem(office.posts(path, {"silence_until": "2025-09-30"} | body), 404)


@pytest.mark.slow
def test_the_process_that_answers_never_loads_pymc(office: Office) -> None:
    program = """
import sys
import subprocess
import sys
from pathlib import Path
from service.composition import opened
from tests.service.browsing import near
with opened(Path(sys.argv[1])) as service:
    browser = near(service)
    body = {"events": [{"tag": "deal", "country": "PE"}], "silence_until": "2025-12-31"}
    assert browser.posts("/api/v1/forecasts/quiet/what-if", json=body).status_code == 200
    for path in ("events", "reports", "review", "scores"):
        assert browser.gets(f"/api/v1/{path}").status_code == 200
print(*{name.partition(".")[0] for name in sys.modules})
"""
    path = office.station.folder / "config.toml"
    done = subprocess.run([sys.executable, "-c", program, path], check=True, capture_output=True, text=True)
    assert not {"pymc", "pytensor", "nutpie", "arviz"} & set(done.stdout.split())
