from pathlib import Path

import pytest
from sqlalchemy import text

from model.errors import Unavailable
from storage.backups import contents
from storage.database import migrate, open_database
from storage.files import held_alone, open_copy
from storage.reports import file_reports
from storage.revisions import HEAD
from tests.storage.samples import moment, report


def test_a_file_is_held_alone_only_where_nobody_else_has_it_open(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    path = tmp_path / "posterity.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    with open_database(f"sqlite:///{path}") as database:
        with database.session() as session:
            file_reports(session, [report()], at=moment(1), origin="inbox")
        with pytest.raises(Unavailable, match="open in another process; stop `posterity"), held_alone(path):
            pytest.fail("another has it open")
    with held_alone(path):
        assert [one.name for one in tmp_path.iterdir()] == ["posterity.db"]
        with open_database(f"sqlite:///{path}", patience=0.1) as late, pytest.raises(Unavailable):
            migrate(late)


def test_a_log_that_a_killed_process_left_is_folded_in(migrated_sqlite: Path, tmp_path: Path) -> None:
    path, copied = tmp_path / "posterity.db", tmp_path / "killed.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    with open_database(f"sqlite:///{path}") as database:
        with database.session() as session:
            file_reports(session, [report()], at=moment(1), origin="inbox")
        for ending in ("", "-wal"):  # as a machine that lost its power leaves them
            Path(f"{copied}{ending}").write_bytes(Path(f"{path}{ending}").read_bytes())
    with held_alone(copied):
        assert not Path(f"{copied}-wal").exists()
    with open_copy(copied) as database, database.reading() as session:
        assert contents(session, HEAD)["report_version"].rows == 1


@pytest.mark.parametrize("content", [b"", b"my shopping list\n" * 500])
def test_a_file_that_is_damaged_is_held_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "posterity.db"
    path.write_bytes(content)
    with held_alone(path):
        assert path.read_bytes() == content


def test_a_copy_is_read_and_nothing_of_it_or_beside_it_changes(migrated_sqlite: Path, tmp_path: Path) -> None:
    path = tmp_path / "copy?#%.db"
    path.write_bytes(migrated_sqlite.read_bytes())  # which keeps a log when it is opened to be written
    before = path.read_bytes()
    with open_copy(path) as copy:
        with copy.reading() as session:
            assert contents(session, HEAD)["run"].rows == 0
        with pytest.raises(Unavailable, match="may not be written"), copy.session() as session:
            session.execute(text("DELETE FROM run"))
    assert (path.read_bytes(), [one.name for one in tmp_path.iterdir()]) == (before, [path.name])
