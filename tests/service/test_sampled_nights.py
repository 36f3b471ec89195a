"""Nights of many forecasts, of which PyMC checks a rotating sample."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import pytest

from model import gate
from service import sampled_nights
from service.api.documents import RunDocument
from service.composition import Service, opened
from service.knowledge import Knowledge, known_evidence
from service.nightly import night
from service.steps import Processes
from service.worker import do_step
from storage.leases import take
from tests.service.commands import Desk, quiet, report
from tests.service.visiting import Visitor

pytestmark = pytest.mark.slow

DAY = date(2025, 6, 29)
NAMES = [f"f{place}" for place in range(8)]
LONG = timedelta(hours=1)


def stated(sample: object, names: list[str] = NAMES) -> str:
    each = "".join(quiet(name, up=3 + place / 4) for place, name in enumerate(names))
    return f"[model]\npymc = {sample}\n{each}"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path / "desk", stated(2))
    made.types("ingest", made.write("r.jsonl", report("a"), report("b", "2025-06-10", country="BO")))
    return made


@pytest.fixture
def service(desk: Desk) -> Iterator[Service]:
    with opened(desk.folder / "config.toml") as service:
        yield service


def run(service: Service, day: date = DAY) -> dict[str, Any]:
    forecasts = service.configuration.forecasts
    return {one["forecast"]: one for one in night(service, forecasts, as_of=day, say=lambda _: None)}


def sampled(documents: dict[str, Any]) -> list[str]:
    return sorted(name for name, one in documents.items() if one["pymc"] is not None)


def numbers(document: Any) -> dict[str, Any]:
    left_out = {"run", "seconds", "pymc", "checks", "sample", "diagnostics"}
    return {name: value for name, value in document.items() if name not in left_out}


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """One core, for which no other process is started."""
    monkeypatch.setattr(sampled_nights, "cores", lambda: 1)


@pytest.mark.usefixtures("here")
def test_each_night_checks_others_until_all_have_been(service: Service) -> None:
    seen = [sampled(run(service, DAY - timedelta(days=3 - place))) for place in range(4)]
    assert seen == [["f0", "f1"], ["f2", "f3"], ["f4", "f5"], ["f6", "f7"]]
    later = run(service, DAY + timedelta(days=1))
    assert sampled(later) == ["f0", "f1"]
    assert later["f2"]["sample"]["last"] == f"{DAY - timedelta(days=2)}"
    assert later["f2"]["sample"]["within_nights"] == 1


@pytest.mark.usefixtures("here")
def test_a_run_that_was_not_checked_says_so_and_shows_nothing_for_pymc(desk: Desk, service: Service) -> None:
    document = run(service)["f7"]
    assert (document["status"], document["engine"]) == ("published", "exact")
    assert (document["pymc"], document["checks"], document["diagnostics"]) == (None, [], None)
    told = "Not in tonight's sample, so PyMC did not check it; it was never checked yet"
    assert document["sample"]["text"].startswith(told)
    shown = desk.types("run", "--as-of", f"{DAY}", "--no-ingest", "--forecast", "f7").out
    assert told in shown
    assert "agree" not in shown.replace(told, "")
    (row,) = (line for line in shown.splitlines() if line.startswith("up"))
    assert " – " in row
    assert told in desk.types("explain", "f7", "--diagnostics").out
    lines = desk.types("history", "f7", "--format", "csv").out.splitlines()
    assert [line.split(",")[10:12] for line in lines[1:]] == [["", ""], ["", ""]]


@pytest.mark.usefixtures("here")
def test_the_pages_and_the_api_say_so_too(service: Service) -> None:
    document = run(service)["f7"]
    visitor = Visitor(service)
    told = "Not in tonight's sample, so PyMC did not check it; it was never checked yet"
    page = visitor.reads(f"/forecasts/f7/runs/{document['run']}")
    assert told in page
    assert "PyMC did not fit this run: it was not in that night's sample." in page
    assert told in visitor.reads("/forecasts/f7")
    served = visitor.gets(f"/api/v1/forecasts/f7/runs/{document['run']}").json()
    assert served["sample"] == document["sample"]
    RunDocument.model_validate_json(json.dumps(served))


@pytest.mark.usefixtures("here")
def test_the_numbers_are_those_of_a_night_that_checks_every_forecast(desk: Desk, service: Service) -> None:
    few = run(service)
    other = Desk(desk.folder.parent / "other", stated('"every"'))
    other.types("ingest", desk.folder / "r.jsonl")
    with opened(other.folder / "config.toml") as every:
        whole = run(every)
    assert sampled(whole) == NAMES
    assert {name: numbers(one) for name, one in few.items()} == {
        name: numbers(one) for name, one in whole.items()
    }
    for name in sampled(few):
        assert few[name]["pymc"] == whole[name]["pymc"]


@pytest.mark.usefixtures("here")
def test_a_night_that_stops_anywhere_goes_on_with_the_same_sample(desk: Desk, service: Service) -> None:
    forecasts = service.configuration.forecasts
    for done in (1, 5, 7):
        begun = night(service, forecasts, as_of=DAY, say=lambda _: None)
        assert len(list(islice(begun, done))) == done
        begun.close()  # type: ignore[attr-defined]  # a generator
    documents = run(service)
    assert sampled(documents) == ["f0", "f1"]
    assert desk.counts()["run"] == len(NAMES)
    again = run(service)
    assert {one["status"] for one in again.values()} == {"unchanged"}
    assert desk.counts()["run"] == len(NAMES)


@pytest.mark.usefixtures("here")
def test_a_failed_check_holds_the_run_and_is_made_again_every_night(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "NATS_APART", -1.0)
    first = run(service, DAY - timedelta(days=1))
    assert [name for name, one in first.items() if one["status"] == "held"] == ["f0", "f1"]
    monkeypatch.undo()
    monkeypatch.setattr(sampled_nights, "cores", lambda: 1)
    second = run(service)
    assert sampled(second) == ["f0", "f1", "f2", "f3"]
    assert second["f0"]["sample"]["why"] == "its last check failed"
    assert {one["status"] for one in second.values()} == {"published"}


@pytest.mark.usefixtures("here")
def test_what_cannot_be_computed_fails_by_itself_and_takes_nobodys_place(desk: Desk) -> None:
    broken = quiet("broken")
    without = broken[: broken.index("[[forecasts.indicators]]")]
    desk.configure(stated(2) + without)
    with opened(desk.folder / "config.toml") as service:
        documents = run(service)
    assert documents["broken"]["status"] == "failed"
    assert {one["status"] for name, one in documents.items() if name in NAMES} == {"published"}


def test_evidence_read_once_for_all_is_that_of_each_alone(service: Service) -> None:
    forecasts = service.configuration.forecasts
    known = Knowledge(service, forecasts, as_of=DAY)
    for one in forecasts:
        assert known.evidence(one) == known_evidence(service, one, as_of=DAY)


@pytest.mark.usefixtures("here")
def test_the_schedulers_step_does_the_whole_night(desk: Desk) -> None:
    path, noon = desk.folder / "config.toml", datetime(2025, 6, 30, 12, tzinfo=UTC)
    with opened(path) as service, service.database.session() as session:
        lead = take(session, "test:1", at=noon, lasts=LONG)
    assert lead is not None
    result = do_step(path, lead.token, ["night", f"{DAY}", "announced"], clock=lambda: noon)
    assert (result.outcome, result.detail) == ("done", "8 forecasts, 2 of them checked by PyMC")
    assert (desk.counts()["run"], desk.counts()["announcement"]) == (8, 8)


@pytest.mark.slow
def test_processes_side_by_side_come_to_the_same_to_the_last_digit(
    desk: Desk, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampled_nights, "_ALONE", 0)
    monkeypatch.setattr(sampled_nights, "cores", lambda: 2)
    beside = run(service)
    monkeypatch.setattr(sampled_nights, "cores", lambda: 1)
    other = Desk(desk.folder.parent / "other", stated(2))
    other.types("ingest", desk.folder / "r.jsonl")
    with opened(other.folder / "config.toml") as alone:
        one_by_one = run(alone)
    assert {name: numbers(one) for name, one in beside.items()} == {
        name: numbers(one) for name, one in one_by_one.items()
    }
    assert sampled(beside) == sampled(one_by_one)


@pytest.mark.slow
@pytest.mark.sqlite("it is processes that are killed, not what they write to")
def test_a_killed_night_leaves_no_process_and_is_finished_by_the_next(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", stated(1, [f"f{place}" for place in range(30)]))
    desk.types("ingest", desk.write("r.jsonl", report("a")))
    path = desk.folder / "config.toml"
    with opened(path) as service, service.database.session() as session:
        lead = take(session, "test:1", at=service.clock(), lasts=LONG)
    assert lead is not None
    with Processes(path, LONG)._started(lead.token, ["night", f"{DAY}", "unannounced"]) as process:
        end = time.monotonic() + 60
        while desk.rows("SELECT count(*) FROM run") < [(10,)] and time.monotonic() < end:
            time.sleep(0.02)
        began = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    _gone, left = psutil.wait_procs(began, timeout=20)
    assert not left
    assert 10 <= desk.counts()["run"] <= 30
    result = Processes(path, LONG).run(lead.token, ["night", f"{DAY}", "unannounced"])
    assert result.outcome == "done"
    assert desk.rows("SELECT count(*), count(DISTINCT forecast_id) FROM run") == [(30, 30)]
