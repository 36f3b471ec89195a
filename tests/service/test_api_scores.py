"""Scores over the API: how well the outlooks of each forecast came true."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from storage.database import Database
from tests.service.browsing import problem
from tests.service.offices import Office, deal


@pytest.fixture
def office(tmp_path: Path, database: Database, database_url: str) -> Office:
    return Office(tmp_path, database, database_url)


def two_nights(office: Office) -> Any:
    """Two nights, each at its time: the second decides what the first expected of the week after it."""
    office.hands_in(deal(), deal("n", "2025-04-04", country="BR"))
    office.station.now = datetime(2025, 4, 1, 2, 15, tzinfo=UTC)
    first = office.runs("2025-03-31")
    office.station.now = datetime(2025, 5, 8, 2, 15, tzinfo=UTC)
    office.runs("2025-05-07")
    return first


def test_a_forecast_of_which_nothing_is_resolved_has_no_scores(office: Office) -> None:
    assert office.lists("/scores") == [{"forecast": "quiet", "title": "", "outlooks": []}]


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


def test_one_forecast_may_be_asked_for_and_must_be_there(office: Office) -> None:
    assert [one["forecast"] for one in office.lists("/scores?forecast=quiet")] == ["quiet"]
    assert "did you mean quiet" in problem(office.gets("/scores?forecast=quite"), 404)["detail"]


def test_scores_are_read_page_by_page(office: Office) -> None:
    assert office.pages("/scores?limit=1") == [[{"forecast": "quiet", "title": "", "outlooks": []}]]
    problem(office.gets("/scores?limit=0"), 422)
    problem(office.gets("/scores?cursor=x"), 422)


def test_scores_need_a_key_that_may_read(office: Office) -> None:
    problem(office.gets("/scores", scope="ingest"), 403)
