"""Scores over the API: how well the outlooks of each forecast came true."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from service.resolving import resolve
from service.scoring import track_record
from storage.database import Database
from tests.service.browsing import problem
from tests.service.offices import Office, deal

pytestmark = pytest.mark.sqlite("what is asked for and answered; its statements meet a server elsewhere")


@pytest.fixture
def office(tmp_path: Path, database: Database, database_url: str) -> Office:
    return Office(tmp_path, database, database_url)


OPEN: dict[str, Any] = {"forecast": "quiet", "title": "", "resolved": None, "outlooks": []}


def two_nights(office: Office) -> Any:
    """Two nights, each at its time: the second decides what the first expected of the week after it."""
    office.hands_in(deal(), deal("n", "2025-04-04", country="BR"))
    office.station.now = datetime(2025, 4, 1, 2, 15, tzinfo=UTC)
    first = office.runs("2025-03-31")
    office.station.now = datetime(2025, 5, 8, 2, 15, tzinfo=UTC)
    office.runs("2025-05-07")
    return first


def test_a_forecast_of_which_nothing_is_resolved_has_no_scores(office: Office) -> None:
    assert office.lists("/scores") == [OPEN]


def test_outlooks_that_came_true_are_scored_by_how_far_they_looked(office: Office) -> None:
    first = two_nights(office)
    (scores,) = office.lists("/scores")
    (week,) = scores["outlooks"]
    said = next(one["probability"] for one in first["outlook"] if one["days"] == 7)
    assert (week["days"], week["number"]) == (7, 1)
    assert week["mean_probability"] == pytest.approx(said)
    outcome = week["mean_outcome"]
    assert week["brier"] == pytest.approx(outcome * (1 - said) ** 2 + (1 - outcome) * said**2)
    assert week["climatology"] == pytest.approx(outcome * (1 - outcome))
    assert week["skill"] == pytest.approx(1 - week["brier"] / week["climatology"])


def test_scores_are_told_as_they_were_known(office: Office) -> None:
    two_nights(office)
    (scores,) = office.lists("/scores?known_at=2025-05-07T12:30:00Z")
    assert scores["outlooks"] == []
    (scores,) = office.lists("/scores?known_at=2025-05-09")
    assert scores["outlooks"] != []


def test_a_resolved_forecast_is_scored_beside_its_prior_and_the_uniform_one(office: Office) -> None:
    two_nights(office)
    on = date(2025, 5, 6)
    resolve(office.service, "quiet", "up", on=on, author="Ana", why="It is in the gazette")
    (told,) = office.lists("/scores")
    (scored,) = track_record(office.service).resolved
    answer = told["resolved"]
    assert [answer[name] for name in ("scenario", "on", "because", "by")] == [
        *("up", "2025-05-06", "It is in the gazette", "Ana")
    ]
    assert answer["uniform"]["brier"] == pytest.approx(0.5)
    for name, one in (("scores", scored.scores), ("prior", scored.prior)):
        assert answer[name] == {"brier": one.brier, "log": one.log, "rps": one.rps}
    assert answer["skill"]["prior"]["brier"] == pytest.approx(scored.skill("prior", "brier"))
    before = "/scores?known_at=2025-05-07T00:00:00Z"
    assert office.lists(before)[0]["resolved"] is None


def test_one_forecast_may_be_asked_for_and_must_be_there(office: Office) -> None:
    assert [one["forecast"] for one in office.lists("/scores?forecast=quiet")] == ["quiet"]
    assert "did you mean quiet" in problem(office.gets("/scores?forecast=quite"), 404)["detail"]


def test_scores_are_read_page_by_page(office: Office) -> None:
    assert office.pages("/scores?limit=1") == [[OPEN]]
    problem(office.gets("/scores?limit=0"), 422)
    problem(office.gets("/scores?cursor=x"), 422)


def test_scores_need_a_key_that_may_read(office: Office) -> None:
    problem(office.gets("/scores", scope="ingest"), 403)
