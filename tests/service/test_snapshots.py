"""`posterity export` and `import`: another installation has the same history, and it comes out again."""

import io
import re
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings

from model.definition import canonical
from model.domain import Forecast
from model.errors import PosterityError
from service.composition import opened
from service.configuration import load
from service.show_snapshot import precision
from service.snapshot_definition import forecast_of, toml
from service.snapshot_lines import LONGEST, Header, write
from storage.database import migrate, open_database
from tests.service.commands import Desk, quiet, report, said_in_one_line
from tests.service.snapshots import SECRET, lines_in, lived, of_kind, snapshot
from tests.service.visiting import Visitor, inert
from tests.strategies import forecasts

pytestmark = pytest.mark.slow

LATER = "2100-01-01"
NewUrl = Callable[[str], str]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, database_kind: str) -> Desk:
    """Only to be asked: what changes it makes its own."""
    return lived(Desk(tmp_path_factory.mktemp(f"snapshots-{database_kind}")))


@pytest.fixture(scope="module")
def file(desk: Desk) -> Path:
    return snapshot(desk, desk.folder / "quiet.json")


@pytest.fixture
def other(tmp_path: Path) -> Desk:
    """Another installation, with a forecast and a run of its own."""
    desk = Desk(tmp_path / "other", quiet("other"))
    assert desk.types("run", "--as-of", "2025-02-01").code == 0
    return desk


def shown(desk: Desk) -> list[str]:
    """What people ask of a forecast, without the numbers of its runs."""
    questions = (
        *(("history", "quiet", "--all-runs"), ("history", "quiet", "--known-at", LATER)),
        *(("explain", "quiet"), ("explain", "quiet", "--since", "2025-02-01"), ("watch", "quiet")),
        *(("events",), ("reports",), ("reports", "a"), ("events", "b-event")),
        *(("scores", "--known-at", LATER), ("scores", "--only", "outlooks", "--format", "csv")),
        ("history", "quiet", "--format", "hubverse"),
    )
    answers = [desk.types(*one) for one in questions]
    assert [one.err for one in answers if one.code] == []
    return [re.sub(r"(2025-\d\d-\d\d|\brun) +\d+\b", r"\1", one.out) for one in answers]


def test_another_installation_shows_what_this_one_does(desk: Desk, file: Path, other: Desk) -> None:
    other.configure((desk.folder / "config.toml").read_text(encoding="utf-8"))
    answer = other.types("import", file)
    assert (answer.code, answer.err) == (0, "")
    assert f"imported quiet from {file}: 2 versions of its definition" in answer.out
    assert "2 runs imported, the last recomputed: agrees to 1e-1" in answer.out
    assert "its reports give the evidence that it saw" in answer.out
    assert shown(other) == shown(desk)


def test_its_facts_were_recorded_when_they_were_recorded_there(desk: Desk, file: Path, other: Desk) -> None:
    other.types("import", file)
    first, last = (one["recorded_at"] for one in of_kind(lines_in(file), "run"))
    for moment in (first, last):
        asked = "history", "quiet", "--json", "--known-at", moment
        there, here = desk.types(*asked).json, other.types(*asked).json
        assert [one | {"run": 0} for one in here] == [one | {"run": 0} for one in there]
    assert len(other.types("history", "quiet", "--json", "--known-at", first).json) == 1


def test_what_it_took_in_it_hands_on_byte_for_byte(file: Path, other: Desk, tmp_path: Path) -> None:
    other.types("import", file)
    assert snapshot(other, tmp_path / "again.json").read_bytes() == file.read_bytes()
    assert other.types("export", "quiet").out.encode() == file.read_bytes()


def test_its_runs_have_the_next_numbers_here(file: Path, other: Desk) -> None:
    told = other.types("import", file, "--json").json
    assert told["runs"] == [2, 3]
    assert [one["run"] for one in other.types("history", "quiet", "--json").json] == [2, 3]
    assert other.rows("SELECT id, supersedes FROM run ORDER BY id") == [(1, 0), (2, 0), (3, 0)]


def test_the_same_again_adds_nothing_and_says_so(file: Path, other: Desk) -> None:
    other.types("import", file)
    before = other.counts()
    answer = other.types("import", file)
    assert answer.code == 0
    assert answer.out.startswith(f"nothing added: all that {file} holds of quiet is here already\n")
    assert "2 runs here already, the last recomputed: agrees to 1e-1" in answer.out
    assert other.counts() == before


def test_every_run_is_recomputed_where_that_is_asked(file: Path, other: Desk) -> None:
    answer = other.types("import", file, "--recompute-all", "--json")
    told = answer.json
    assert (told["recomputed"], told["agree"], told["same_evidence"]) == (2, 2, 2)
    assert told["largest_difference"] < 1e-12
    assert "2 recomputed: agree to 1e-1" in other.types("import", file, "--recompute-all").out


def test_a_later_snapshot_adds_what_came_since_and_an_earlier_one_nothing(
    tmp_path: Path, other: Desk
) -> None:
    here = Desk(tmp_path / "here")
    here.types("ingest", here.write("a.jsonl", report("a")))
    here.types("run", "--as-of", "2025-02-01")
    early = snapshot(here, tmp_path / "early.json")
    other.types("import", early)
    lived(here)
    here.types("resolve", "quiet", "up", "--on", "2025-06-01", "--because", "it came", "--by", "Ana")
    late = snapshot(here, tmp_path / "late.json")
    told = other.types("import", late, "--json").json
    assert told["added"]["resolution"] == 1
    assert told["present"]["run"] == 1
    assert snapshot(other, tmp_path / "again.json").read_bytes() == late.read_bytes()
    before = other.counts()
    assert other.types("import", early).out.startswith("nothing added")
    assert other.counts() == before


def test_a_night_that_failed_and_one_that_was_superseded_come_with_it(tmp_path: Path, other: Desk) -> None:
    here = Desk(tmp_path / "here")
    assert here.types("run", "--as-of", "2025-04-30").code == 0
    here.types("ingest", here.write("a.jsonl", report("a")))
    assert here.types("run", "--as-of", "2025-04-30").code == 0
    file = snapshot(here, tmp_path / "quiet.json")
    assert other.types("import", file).code == 0
    assert other.rows("SELECT id, supersedes FROM run ORDER BY id") == [(1, 0), (2, 0), (3, 2)]
    assert snapshot(other, tmp_path / "again.json").read_bytes() == file.read_bytes()


def test_what_it_prints_to_add_configures_the_forecast_as_it_is(file: Path, other: Desk) -> None:
    answer = other.types("import", file)
    said, _, stated = answer.out.partition("\n\n")
    assert "It is not configured here, so no night updates it" in said
    assert said.endswith("add this to config.toml:")
    other.configure(quiet("other") + stated)
    told = other.types("import", file, "--json").json
    assert (told["configured"], told["configured_differently"]) == (True, [])
    other.configure(quiet())
    assert "config.toml states it otherwise (scenarios.up.resolves, " in other.types("import", file).out


@pytest.mark.sqlite("nothing is near a database")
@pytest.mark.parametrize("title", ["a\u200bb", "\x7f \u202e", '"quoted" \\ \U0001f600 é', "\U000e0001"])
def test_a_title_can_be_written_whatever_it_holds(title: str) -> None:
    written = toml({"id": "a", "title": title, "scenarios": [], "indicators": []})
    assert tomllib.loads(written)["forecasts"][0]["title"] == title
    assert all(line.isprintable() for line in written.splitlines())


@settings(max_examples=40, deadline=None)
@given(forecasts())
def test_any_definition_can_be_written_for_the_configuration(forecast: Forecast) -> None:
    stated = canonical(forecast)
    assert canonical(forecast_of(stated)) == stated
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_text(toml(stated), encoding="utf-8")
        (read,) = load(path, {}).forecasts
    assert canonical(read) == stated


def test_no_secret_and_nobodys_address_is_in_it(tmp_path: Path) -> None:
    desk = lived(Desk(tmp_path / "desk"))
    key = desk.types("keys", "create", "ana", "--scope", "admin", "--json").json["key"]
    desk.types("subscribers", "add", f"{SECRET}@example.org")
    desk.types("digest", "--week", "2025-05-05")
    held = snapshot(desk, tmp_path / "quiet.json").read_text(encoding="ascii")
    ((hashed,),) = desk.rows("SELECT hash FROM api_key")
    for one in (key, hashed, SECRET, "password", str(tmp_path)):
        assert one not in held


def test_what_was_never_on_record_is_not_exported(desk: Desk, tmp_path: Path) -> None:
    new = Desk(tmp_path / "new")
    assert "has nothing on record yet; try `posterity run`" in said_in_one_line(
        new.types("export", "quiet"), 2
    )
    assert "no forecast is called 'quiett'" in said_in_one_line(desk.types("export", "quiett"), 2)
    assert desk.types("export", "quiett", tmp_path / "a.json").code == 2
    assert {one.name for one in tmp_path.iterdir()} == {"new"}
    both = desk.types("export", "quiet", tmp_path / "a.json", "--output", tmp_path / "b.json")
    assert "two files are named" in said_in_one_line(both, 2)
    gone = desk.types("export", "quiet", "-o", tmp_path / "none" / "a.json")
    assert "cannot be written" in said_in_one_line(gone, 3)


def test_pages_and_api_show_what_was_imported(file: Path, other: Desk) -> None:
    other.types("import", file)
    with opened(other.folder / "config.toml") as service:
        visitor = Visitor(service)
        inert(visitor.opens("/forecasts/quiet").text)
        own = {one for one in visitor.links("/forecasts/quiet") if one.startswith(("/forecasts", "/events/"))}
        assert {"/forecasts/quiet/runs/3"} <= own
        for path in own | {"/", "/events/b-event", "/reports/a", "/runs", "/forecasts/quiet/runs/2"}:
            visitor.opens(path)
        told = visitor.gets("/api/v1/forecasts/quiet/history").json()
        assert [one["run"] for one in told] == [2, 3]
        assert visitor.gets("/api/v1/forecasts/quiet").json()["configured"] is False
        assert visitor.gets("/api/v1/events/b-event").status_code == 200


@pytest.mark.slow
def test_it_goes_from_either_kind_of_database_to_the_other(tmp_path: Path, new_url: NewUrl) -> None:
    first = lived(_fresh(tmp_path / "first", new_url("sqlite")))
    file = snapshot(first, tmp_path / "first.json")
    for place, kind in enumerate(("postgresql", "sqlite")):
        desk = _fresh(tmp_path / str(place), new_url(kind))
        assert desk.types("import", file).code == 0
        assert shown(desk) == shown(first)
        again = snapshot(desk, tmp_path / f"{place}.json")
        assert again.read_bytes() == file.read_bytes()
        file = again


def _fresh(folder: Path, url: str) -> Desk:
    with open_database(url) as database:
        migrate(database)
    return Desk(folder, url=url)


@pytest.mark.sqlite("nothing is near a database")
def test_what_would_not_be_read_is_not_written() -> None:
    line = Header(forecast="quiet").model_copy(update={"forecast": "x" * LONGEST})
    with pytest.raises(PosterityError, match=r"a snapshot of it takes more than 64 MiB"):
        write([line], io.BytesIO())


def test_a_difference_is_told_as_a_power_of_ten() -> None:
    assert [precision(one) for one in (0, 3e-17, 1e-12, 1.1e-12, 0.02)] == [
        *("to 1e-15", "to 1e-15", "to 1e-12", "to 1e-11", "to 1e-1")
    ]
