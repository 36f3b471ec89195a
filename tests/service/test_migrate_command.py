"""`posterity migrate`: to this release's tables, and back to those of an earlier one once it is allowed."""

from pathlib import Path

import pytest

from storage.database import open_database
from storage.revisions import HEAD, REVISIONS
from storage.schema import tables_at
from tests.service.commands import CUTOFF, Desk, report, said_in_one_line
from tests.storage.every_table import ROWS, fill


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Rows in every table."""
    desk = Desk(tmp_path, bare=True)
    assert desk.types("migrate").code == 0
    with open_database(desk.url) as database, database.session() as session:
        fill(session, HEAD)
    return desk


def names(revision: str) -> set[str]:
    return {table.name for table in tables_at(revision)}


def test_the_way_back_names_what_it_drops_and_does_nothing_unless_it_is_allowed(desk: Desk) -> None:
    before = desk.counts()
    said = said_in_one_line(desk.types("migrate", "--to", "0002"), 2)
    assert said.startswith("going back to revision 0002 drops alert (1 row), api_key (1 row), ")
    assert "message (2 rows)" in said
    assert all(f"{name} ({len(ROWS[name])} " in said for name in names(HEAD) - names("0002"))
    assert "outlook" not in said
    assert said.endswith("make a backup first (`posterity backup FILE`), then add --yes")
    assert desk.counts() == before


def test_the_way_back_drops_what_is_allowed_and_says_so(desk: Desk) -> None:
    before = desk.counts()
    answer = desk.types("migrate", "--to", "0001", "--yes")
    assert (answer.code, answer.err) == (0, "")
    first, dropped, advice = answer.out.splitlines()
    assert first == f"{desk.where} is at revision 0001"
    assert dropped.startswith("dropped: alert (1 row), ")
    assert advice == f"install the release of revision 0001 now: this one goes on to {HEAD} again"
    kept = names("0001") | {"alembic_version"}
    assert desk.counts() == {name: number for name, number in before.items() if name in kept}


def test_the_way_back_is_told_to_machines_too(desk: Desk) -> None:
    dropped = {name: len(ROWS[name]) for name in names(HEAD) - names("0002")}
    told = {"database": desk.where, "revision": "0002", "migrated": True, "dropped": dropped}
    assert desk.types("migrate", "--to", "0002", "--yes", "--json").json == told
    again = told | {"migrated": False, "dropped": {}}
    assert desk.types("migrate", "--to", "0002", "--json").json == again
    assert desk.types("migrate", "--to", "0002").out.startswith(f"{desk.where} is at revision 0002 already\n")


@pytest.mark.slow
def test_the_way_forward_needs_no_allowance(desk: Desk) -> None:
    desk.types("migrate", "--to", "0001", "--yes")
    assert desk.types("migrate", "--to", "0002").code == 0
    answer = desk.types("migrate", "--json")
    assert answer.json == {"database": desk.where, "revision": HEAD, "migrated": True, "dropped": {}}
    assert desk.types("run", "--as-of", CUTOFF).code == 0


def test_a_file_goes_forward_by_itself_and_a_server_asks(desk: Desk) -> None:
    desk.types("migrate", "--to", "0001", "--yes")
    answer = desk.types("history", "rla", "--json")
    if desk.is_sqlite:
        assert answer.code == 0
    else:
        assert "has tables of revision 0001, not" in said_in_one_line(answer, 2)


@pytest.mark.parametrize("revision", ["0999", "base", "-1"])
def test_an_unknown_revision_is_refused_with_those_that_there_are(desk: Desk, revision: str) -> None:
    said = said_in_one_line(desk.types("migrate", f"--to={revision}", "--yes"), 2)
    assert said == f"'{revision}' is no revision of the tables; write one of {', '.join(REVISIONS)}"


def test_tables_of_others_that_are_in_the_way_are_said_in_one_line(empty_url: str, tmp_path: Path) -> None:
    with open_database(empty_url) as database, database.session() as session:
        session.connection().exec_driver_sql("CREATE TABLE run (distance REAL)")
    desk = Desk(tmp_path / "desk", url=empty_url)
    said = said_in_one_line(desk.types("migrate"), 2)
    assert f"the database {desk.where} cannot be brought to revision {HEAD} " in said
    assert "run" in said
    if desk.is_sqlite:
        assert said_in_one_line(desk.types("ingest", desk.write("r.jsonl", report())), 2) == said
