"""Backing up and restoring killed at any step: what was there is whole, and the next time does it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from service.backups import verified
from tests.service.commands import Desk, report
from tests.service.killing import killed
from tests.service.test_backup import answers, backed_up, told
from tests.service.test_backup_faults import aside, is_empty

pytestmark = pytest.mark.slow


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return told(Desk(tmp_path / "desk"))


@pytest.fixture
def backup(desk: Desk, tmp_path: Path) -> Path:
    return backed_up(desk, tmp_path / "posterity.backup")


def moments(steps: int) -> Sequence[int]:
    """Some of the steps, and all of the last ones, in which files take their places.

    There is one more where a draft of an earlier time is cleared up.
    """
    return [*range(1, steps - 4, steps // 4), *range(steps - 4, steps + 1)]


def test_a_backup_that_is_killed_leaves_the_earlier_one_and_the_next_clears_up(
    desk: Desk, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    path = folder / "x.backup"
    steps, ends = killed(desk, -1, "backup", path), 0
    desk.types("ingest", desk.write("more.jsonl", report("c")))
    for last in moments(steps):
        ends += not killed(desk, last, "backup", path)
        assert verified(path).tables["report_version"].rows in {2, 3}
    assert ends > 7
    assert backed_up(desk, path)
    assert [one.name for one in folder.iterdir()] == ["x.backup"]
    assert verified(path).tables["report_version"].rows == 3


def test_a_restoring_that_is_killed_leaves_an_empty_database_or_a_whole_one(
    desk: Desk, backup: Path, tmp_path: Path
) -> None:
    steps, counts = killed(Desk(tmp_path / "usual", bare=True), -1, "restore", backup), desk.counts()
    new = Desk(tmp_path / "new", bare=True)
    for last in moments(steps)[:-1]:
        assert not killed(new, last, "restore", backup)
        if not is_empty(new):
            assert new.counts() == counts
            new = Desk(tmp_path / f"new-{last}", bare=True)
    assert new.types("restore", backup).code == 0
    assert (new.counts(), answers(new)) == (counts, answers(desk))


@pytest.mark.sqlite(reason="a server's database is never replaced")
def test_a_replacing_that_is_killed_leaves_the_old_database_or_the_new_one(
    desk: Desk, backup: Path, tmp_path: Path
) -> None:
    counts = desk.counts()
    steps = killed(told(Desk(tmp_path / "usual")), -1, "restore", backup, "--replace")
    desk.types("ingest", desk.write("more.jsonl", report("c")))
    seen = set()
    for last in moments(steps):
        killed(desk, last, "restore", backup, "--replace")
        found = desk.counts()
        seen.add(found["report_version"])
        if found["report_version"] == 2:
            assert found == counts
            desk.types("ingest", desk.folder / "more.jsonl")
    assert seen == {2, 3}
    assert desk.types("restore", backup, "--replace").code == 0
    assert desk.counts() == counts
    assert not [path for path in desk.database.parent.iterdir() if path.suffix == ".draft"]
    assert all(aside_one.stat().st_size for aside_one in aside(desk))
