"""Nights in which PyMC samples for real: what is kept of them, and what holds one back."""

import subprocess
from datetime import date
from pathlib import Path

import pytest
import xarray as xr

from model.errors import Unavailable
from model.update import Effort, update
from service.composition import opened
from service.draws import keep
from service.knowledge import known_evidence
from storage.runs import latest_published
from tests.service.commands import CUTOFF, Answer, Desk, quiet, report, said_in_one_line, vivid

pytestmark = pytest.mark.slow

TOO_FEW = (Effort(draws=20, tune=200), Effort(draws=30, tune=200))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, database_kind: str) -> Desk:
    desk = Desk(tmp_path_factory.mktemp(f"sampled-{database_kind}"), vivid())
    desk.types("ingest", desk.write("r.jsonl", report(), report("b", published="2025-05-10")))
    return desk


@pytest.fixture(scope="module")
def published(desk: Desk) -> Answer:
    return desk.types("run", "--as-of", "2025-05-31", "--json")


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits that are given so few draws that no gate can let them pass."""
    assert update.__kwdefaults__ is not None
    monkeypatch.setitem(update.__kwdefaults__, "attempts", TOO_FEW)


def test_a_night_is_published_when_both_computations_agree(published: Answer) -> None:
    assert (published.code, published.err) == (0, "")
    (document,) = published.json
    assert document["status"] == "published"
    assert all(check["passed"] for check in document["checks"])
    assert document["pymc"]["probabilities"] == pytest.approx(document["probabilities"], abs=0.01)
    assert all(0 < error <= 0.003 for error in document["pymc"]["monte_carlo_error"].values())


def test_its_draws_are_kept_for_arviz(desk: Desk, published: Answer) -> None:
    assert published.code == 0
    ((name,),) = desk.rows("SELECT draws FROM run WHERE as_of = '2025-05-31'")
    with xr.open_datatree(desk.folder / "var" / "draws" / name, engine="h5netcdf") as tree:
        assert {"posterior", "sample_stats", "observed_data", "constant_data"} <= set(tree.children)
        assert tree["posterior"].sizes["chain"] == 4
        assert set(tree["posterior"].coords["scenario"].values) == {"down", "up"}
    assert not list(desk.folder.rglob("*.tmp"))


def test_the_same_night_in_a_process_of_its_own_is_unchanged(desk: Desk, published: Answer) -> None:
    again = desk.process("run", "--as-of", "2025-05-31", "--json")
    assert (again.code, again.err) == (0, "")
    assert again.json == [published.json[0] | {"status": "unchanged"}]


@pytest.mark.usefixtures("published", "hurried")
def test_a_held_night_is_stored_and_the_last_published_one_stays_in_force(desk: Desk) -> None:
    answer = desk.types("run", "--as-of", CUTOFF, "--json")
    assert answer.code == 1
    (document,) = answer.json
    assert document["status"] == "held"
    assert "ess_bulk" in {check["name"] for check in document["checks"] if check["passed"] is False}
    with opened(desk.folder / "config.toml") as service, service.database.reading() as session:
        in_force = latest_published(session, "vivid")
    assert in_force is not None
    assert in_force.as_of == date(2025, 5, 31)
    assert [one["status"] for one in desk.types("history", "vivid", "--json").json] == ["published", "held"]


@pytest.mark.usefixtures("published", "hurried")
def test_a_held_night_says_why_now_and_whenever_it_is_asked_for_again(desk: Desk) -> None:
    desk.types("run", "--as-of", "2025-07-31")
    answer = desk.types("run", "--as-of", "2025-07-31")
    assert answer.code == 1
    assert "unchanged, nothing was stored" in answer.out
    assert "HELD, not published: " in answer.out
    assert "(limit 100)" in answer.out
    assert "The last published result stays in force." in answer.out


@pytest.mark.usefixtures("published", "hurried")
def test_a_night_whose_draws_cannot_be_kept_stores_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, '[storage]\ndraws = "config.toml/draws"\n' + vivid())
    said = said_in_one_line(desk.types("run", "--as-of", CUTOFF), 3)
    assert "config.toml/draws" in said
    assert "check [storage] draws, its permissions and the disk" in said
    assert desk.counts()["run"] == 0
    assert desk.counts()["run_document"] == 0


@pytest.mark.sqlite(reason="about files alone")
def test_a_full_disk_keeps_no_half_of_the_draws(desk: Desk, tmp_path: Path) -> None:
    with opened(desk.folder / "config.toml") as service:
        evidence = known_evidence(service, service.forecast("vivid"), as_of=date(2025, 5, 31))
    posterior = update(evidence, fingerprint="x", attempts=TOO_FEW[:1])
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this system lets us mount no disk")
    try:
        with pytest.raises(Unavailable, match=r"cannot be written to .*: No space left on device"):
            keep(place / "draws", evidence, posterior, "f" * 64)
        assert [path for path in place.rglob("*") if path.is_file()] == []
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.sqlite(reason="about the sampler, and takes 20 s")
def test_a_forecast_with_which_the_sampler_gives_up_does_not_keep_the_others_waiting(tmp_path: Path) -> None:
    desk = Desk(tmp_path, vivid(up=1e300) + quiet())
    many = [report(f"r{n}", f"2025-0{1 + n // 28}-{1 + n % 28:02}", event=f"e{n}") for n in range(100)]
    desk.types("ingest", desk.write("r.jsonl", *many))
    answer = desk.process("run", "--as-of", CUTOFF, "--json")
    assert answer.code == 1
    assert "Traceback" not in answer.err
    hopeless, sound = answer.json
    assert hopeless["status"] in {"failed", "held"}
    assert sound["status"] == "published"


def test_two_who_run_the_same_night_at_once_store_it_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.types("migrate")
    both = [desk.start("run", "--as-of", CUTOFF) for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    counts = desk.counts()
    assert (counts["run"], counts["run_document"], counts["posterior"]) == (1, 1, 2)
