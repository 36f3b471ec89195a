"""The track record: what stood in time is scored, and nothing that was computed later betters it."""

import json
import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from model.bootstrap import LEAST
from model.resolution import expected_score
from model.scores import scores
from service.resolving import annul, resolve
from service.scoring import track_record
from service.track_record import ScoredForecast, TrackRecord
from storage.database import Database
from tests.service.archives import LIMA, TODAY, Archive
from tests.service.commands import quiet

PRIOR_BRIER = 2 * 0.4**2  # of 0.6 for what came true


@pytest.fixture
def archive(tmp_path: Path, database: Database) -> Archive:
    return Archive(tmp_path, database)


def brier(up: float) -> float:
    return 2 * (1 - up) ** 2


def closed(archive: Archive, on: str = "2025-01-11", scenario: str = "up", forecast: str = "quiet") -> None:
    archive.clock.now = TODAY
    resolve(archive.service, forecast, scenario, on=date.fromisoformat(on), author="Ana", why="it came")


def scored(archive: Archive, known_at: datetime | None = None) -> ScoredForecast:
    (only,) = track_record(archive.service, known_at).resolved
    return only


def briers(archive: Archive) -> list[float]:
    """The Brier score of each day."""
    return [round(one.scores.brier, 12) for one in scored(archive).spells for _ in range(one.days)]


def days(*told: tuple[int, float]) -> list[float]:
    return [round(brier(up), 12) for number, up in told for _ in range(number)]


def test_the_prior_is_scored_where_nothing_was_published(archive: Archive) -> None:
    closed(archive)
    found = scored(archive)
    assert (found.days, found.scores) == (10, found.prior)
    assert found.scores.brier == pytest.approx(PRIOR_BRIER)
    assert found.skill("prior", "brier") == 0


def test_what_stood_each_day_is_averaged_over_the_days(archive: Archive) -> None:
    archive.publish("2025-01-03", 0.8)
    archive.publish("2025-01-06", 0.9)
    closed(archive)
    assert briers(archive) == days((2, 0.6), (3, 0.8), (5, 0.9))
    expected = (2 * PRIOR_BRIER + 3 * brier(0.8) + 5 * brier(0.9)) / 10
    assert scored(archive).scores.brier == pytest.approx(expected)
    assert scored(archive).skill("prior", "brier") == pytest.approx(1 - expected / PRIOR_BRIER)


def test_the_day_of_the_resolution_does_not_count(archive: Archive) -> None:
    archive.publish("2025-01-11", 1.0)
    closed(archive)
    assert briers(archive) == days((10, 0.6))


def test_days_after_the_horizon_do_not_count_however_late_it_is_resolved(archive: Archive) -> None:
    closed(archive, on="2026-02-28")
    assert scored(archive).days == 365


def test_a_past_that_is_computed_after_the_fact_betters_nothing(archive: Archive) -> None:
    archive.publish("2025-01-03", 0.7)
    closed(archive)
    before = track_record(archive.service).resolved
    for day in range(1, 11):
        archive.publish(f"2025-01-{day:02}", 0.99, recorded="2026-02-01T00:00")
    assert track_record(archive.service).resolved == before


def test_a_backfill_counts_from_its_recording_and_only_where_nothing_newer_stands(archive: Archive) -> None:
    archive.publish("2025-01-02", 0.9, recorded="2025-01-05T12:00")
    archive.publish("2025-01-07", 0.7)
    archive.publish("2025-01-06", 0.99, recorded="2025-01-09T12:00")
    closed(archive)
    assert briers(archive) == days((4, 0.6), (2, 0.9), (4, 0.7))


def test_a_cutoff_that_is_corrected_counts_as_corrected_from_then_on(archive: Archive) -> None:
    archive.publish("2025-01-03", 0.7)
    archive.publish("2025-01-03", 0.8, recorded="2025-01-06T12:00")
    closed(archive)
    assert briers(archive) == days((2, 0.6), (3, 0.7), (5, 0.8))


@pytest.mark.parametrize("status", ["held", "failed"])
def test_what_was_not_published_never_stood(archive: Archive, status: Any) -> None:
    archive.publish("2025-01-03", 0.9, status=status)
    closed(archive)
    assert briers(archive) == days((10, 0.6))


def test_a_day_ends_at_midnight_where_the_schedule_is(tmp_path: Path, database: Database) -> None:
    archive = Archive(tmp_path, database, LIMA + quiet())
    archive.publish("2025-01-03", 0.9, recorded="2025-01-04T04:59")  # before midnight in Lima
    archive.publish("2025-01-05", 0.8, recorded="2025-01-06T05:00")
    closed(archive)
    assert briers(archive) == days((2, 0.6), (3, 0.9), (5, 0.8))


def test_certainty_that_was_wrong_scores_the_worst_and_its_log_is_said_to_be_infinite(
    archive: Archive,
) -> None:
    archive.publish("2025-01-10", 0.0)
    closed(archive)
    found = scored(archive)
    assert found.scores.log == math.inf
    assert found.spells[-1].scores.brier == 2
    told = track_record(archive.service).document()
    (one,) = told["forecasts"]
    assert (one["scores"]["log"], one["scores"]["log_is_infinite"]) == (None, True)
    assert one["skill"]["prior"]["log"] is None
    json.dumps(told, allow_nan=False)


def test_a_correction_scores_anew_and_what_was_said_before_can_still_be_asked(archive: Archive) -> None:
    archive.publish("2025-01-03", 0.8)
    closed(archive)
    first, then = scored(archive), archive.clock()
    archive.clock.now = datetime(2026, 3, 2, tzinfo=UTC)
    resolve(
        archive.service, "quiet", "down", on=date(2025, 1, 5), author="Ben", why="look again", correct=True
    )
    assert (scored(archive).decision.scenario, scored(archive).days) == ("down", 4)
    assert scored(archive, known_at=then) == first
    assert track_record(archive.service, datetime(2026, 2, 1, tzinfo=UTC)).resolved == ()


def test_what_is_annulled_has_no_score(archive: Archive) -> None:
    archive.clock.now = TODAY
    annul(archive.service, "quiet", on=None, author="Ana", why="the exercise was called off")
    found = track_record(archive.service)
    assert (found.resolved, found.overall, found.open) == ((), None, 0)
    assert [one.why for one in found.annulled] == ["the exercise was called off"]


def test_priors_that_were_stated_late_are_said_to_be_late(tmp_path: Path, database: Database) -> None:
    archive = Archive(tmp_path, database, quiet("other"))
    archive.clock.now = datetime(2025, 1, 8, tzinfo=UTC)
    archive.configure(quiet())
    closed(archive)
    assert (scored(archive).late_days, scored(archive).days) == (7, 10)


def test_the_static_prior_is_that_of_the_opening_whatever_is_stated_later(archive: Archive) -> None:
    archive.clock.now = datetime(2025, 1, 5, tzinfo=UTC)
    archive.configure(quiet().replace("prior = 0.4", "prior = 0.1").replace("prior = 0.6", "prior = 0.9"))
    closed(archive)
    assert scored(archive).prior.brier == pytest.approx(PRIOR_BRIER)
    assert briers(archive) == days((10, 0.6))


def test_a_run_of_a_version_without_the_scenario_gave_it_no_probability(archive: Archive) -> None:
    archive.publish("2025-01-06", 0.0, said={"down": 0.7, "elsewhere": 0.3})
    closed(archive)
    found = scored(archive)
    assert found.spells[-1].scores == scores((0.7, 0.0, 0.3), 1)
    assert found.spells[-1].probabilities == {"down": 0.7, "up": 0.0, "elsewhere": 0.3}
    assert found.uniform == scores((0.5, 0.5), 1)


def test_spells_name_the_runs_that_stood(archive: Archive) -> None:
    number = archive.publish("2025-01-03", 0.8)
    closed(archive)
    told = track_record(archive.service).document(daily=True)["forecasts"][0]["daily"]
    assert [(one["from"], one["to"], one["run"]) for one in told] == [
        ("2025-01-01", "2025-01-02", None),
        ("2025-01-03", "2025-01-10", number),
    ]


# ---- several -------------------------------------------------------------------------------------


def several(tmp_path: Path, database: Database, number: int) -> Archive:
    names = [f"f{place}" for place in range(number)]
    archive = Archive(tmp_path, database, "".join(map(quiet, names)))
    for place, name in enumerate(names):
        archive.publish("2025-01-01", 0.5 + 0.05 * place, forecast=name)
        closed(archive, forecast=name)
    return archive


def test_each_forecast_counts_once_in_the_mean(tmp_path: Path, database: Database) -> None:
    several(tmp_path, database, 3)
    archive = Archive(tmp_path, database, "".join(map(quiet, ("f0", "f1", "f2", "f3"))))
    closed(archive, on="2025-12-01", forecast="f3")
    found = track_record(archive.service).overall
    assert found is not None
    mean = (brier(0.5) + brier(0.55) + brier(0.6) + brier(0.6)) / 4
    assert found.number == 4
    assert found.scores["brier"].value == pytest.approx(mean)
    assert found.skill["prior"]["brier"].value == pytest.approx(1 - mean / PRIOR_BRIER)


@pytest.mark.parametrize(("number", "given"), [(LEAST - 1, False), (LEAST, True)])
def test_an_interval_is_given_from_five_forecasts_on(
    tmp_path: Path, database: Database, number: int, given: bool
) -> None:
    found = track_record(several(tmp_path, database, number).service).overall
    assert found is not None
    for mean in (*found.scores.values(), *found.skill["prior"].values(), *found.skill["uniform"].values()):
        assert (mean.interval is not None) is given
        if mean.interval and mean.value is not None:
            assert mean.interval.low < mean.value < mean.interval.high
            assert mean.interval.level == 0.9


def test_some_forecasts_can_be_asked_alone(tmp_path: Path, database: Database) -> None:
    archive = several(tmp_path, database, 3)
    found = track_record(archive.service, forecasts=("f1",))
    assert [one.forecast for one in found.resolved] == ["f1"]


# ---- outlooks ------------------------------------------------------------------------------------

SAID = {("deals", 7): 0.25, ("deals", 30): 0.6}


def lived(archive: Archive, nights: int = 4) -> TrackRecord:
    for day in range(1, nights + 1):
        archive.publish(f"2025-02-{day:02}", 0.6, outlook=SAID)
    archive.clock.now = TODAY
    archive.comes_true({"deals": 0.8})
    return track_record(archive.service)


def test_outlooks_are_scored_by_indicator_and_distance(archive: Archive) -> None:
    near, far = lived(archive).outlooks
    assert (near.forecast, near.indicator, near.days, near.number) == ("quiet", "deals", 7, 4)
    assert (near.mean_probability, near.mean_outcome) == pytest.approx((0.25, 0.8))
    expected = expected_score(0.8, 0.25)
    assert (near.brier, near.log) == pytest.approx((expected.brier, expected.log))
    assert near.climatology == pytest.approx(0.16)
    assert far.days == 30
    assert far.mean_probability == pytest.approx(0.6)


def test_outlooks_of_runs_that_came_late_do_not_count_and_are_counted_as_left_out(archive: Archive) -> None:
    before = lived(archive)
    archive.publish("2025-02-02", 0.6, recorded="2025-03-01T00:00", outlook={("deals", 7): 0.99})
    archive.comes_true({"deals": 0.8})
    after = track_record(archive.service)
    assert (after.outlooks, after.reliability) == (before.outlooks, before.reliability)
    assert (before.left_out, after.left_out) == (0, 1)


def test_reliability_is_judged_for_each_distance(archive: Archive) -> None:
    near, far = lived(archive).reliability
    assert (near.days, far.days) == (7, 30)
    (bin_,) = near.reliability.bins
    assert (bin_.number, bin_.stated) == (4, 0.25)
    assert bin_.happened == pytest.approx(0.8)
    parts = near.reliability.decomposition
    assert parts.score == pytest.approx(expected_score(0.8, 0.25).brier)


def test_an_indicator_that_was_called_impossible_and_happened_scores_an_infinite_log(
    archive: Archive,
) -> None:
    archive.publish("2025-02-01", 0.6, outlook={("deals", 7): 0.0})
    archive.comes_true({"deals": 1.0})
    found = track_record(archive.service)
    assert found.outlooks[0].log == math.inf
    (told,) = found.document()["outlooks"]
    assert (told["log"], told["log_is_infinite"]) == (None, True)


def test_a_document_holds_all_that_the_record_does(archive: Archive) -> None:
    lived(archive)
    closed(archive, on="2025-03-01")
    told = json.loads(json.dumps(track_record(archive.service).document(), allow_nan=False))
    assert set(told) == {
        *("known_at", "forecasts", "overall", "annulled", "open", "outlooks", "outlooks_left_out"),
        "reliability",
    }
    assert told["overall"]["skill"]["prior"]["brier"]["interval"] is None
    assert [one["days"] for one in told["reliability"]] == [7, 30]
    parts = told["reliability"][0]
    whole = parts["miscalibration"] - parts["discrimination"] + parts["uncertainty"]
    assert parts["score"] == pytest.approx(whole)
    assert told["outlooks"][0]["climatology"] == pytest.approx(0.16)


def test_where_nothing_is_decided_the_record_is_empty(archive: Archive) -> None:
    found = track_record(archive.service)
    assert (found.resolved, found.outlooks, found.reliability, found.overall) == ((), (), (), None)
    assert found.open == 1
