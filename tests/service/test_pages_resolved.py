"""A forecast that is resolved: its pages say what came true, and how good it was."""

import re
from pathlib import Path

import pytest

from service.resolving import annul, reopen, resolve
from service.scoring import track_record
from storage.database import Database
from tests.service.browsing import near
from tests.service.digests import Newsroom
from tests.service.scenes import PAGE, scene

pytestmark = pytest.mark.sqlite("what is shown, and to whom; its statements meet a server elsewhere")


@pytest.fixture
def room(tmp_path: Path, database: Database) -> Newsroom:
    return scene(tmp_path, database)


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def page(room: Newsroom, path: str) -> str:
    answer = near(room.service).gets(path, headers=PAGE)
    assert answer.status_code == 200
    return text_of(answer.text)


def test_the_overview_says_what_came_true_as_soon_as_it_is_decided(room: Newsroom) -> None:
    browser = near(room.service)
    forecast = room.service.configuration.forecasts[0]
    answer = forecast.scenarios[-1]
    resolve(
        room.service,
        forecast.id,
        answer.id,
        on=room.service.today(),
        author="Ana",
        why="It is in the gazette",
    )
    assert f"resolved as {answer.title}" in text_of(browser.gets("/", headers=PAGE).text)
    reopen(room.service, forecast.id, author="Ana", why="Too early")
    assert "resolved as" not in text_of(browser.gets("/", headers=PAGE).text)


def test_a_resolved_forecast_shows_its_scores_beside_its_prior_and_the_uniform_one(room: Newsroom) -> None:
    forecast = room.service.configuration.forecasts[0]
    path = f"/forecasts/{forecast.id}"
    assert "How good it was" not in page(room, path)
    resolve(
        room.service,
        forecast.id,
        forecast.scenarios[0].id,
        on=room.service.today(),
        author="Ana",
        why="It is in the gazette",
    )
    (scored,) = track_record(room.service).resolved
    told = page(room, path)
    assert "It is in the gazette" in told
    assert "no night updates it any more" in told
    for name, one in (
        ("This forecast", scored.scores),
        ("Its prior, never updated", scored.prior),
        ("All scenarios alike", scored.uniform),
    ):
        assert f"{name} {one.brier:.3f} {one.log:.3f} {one.rps:.3f}" in told


def test_an_annulled_forecast_has_no_score(room: Newsroom) -> None:
    forecast = room.service.configuration.forecasts[0]
    annul(room.service, forecast.id, on=None, author="Ana", why="The question makes no sense any more")
    told = page(room, f"/forecasts/{forecast.id}")
    assert "annulled" in told
    assert "How good it was" not in told
