from concurrent.futures import ThreadPoolExecutor

import pytest

from storage.content import differences
from storage.database import Database, open_database
from storage.forecasts import Recorded, current_version, record_version, versions
from storage.runs import store_run
from tests.storage.samples import moment, run

FIRST: dict[str, object] = {
    "id": "rla",
    "scenarios": [{"id": "base", "prior": 0.6}, {"id": "up", "prior": 0.4}],
    "tags": ["a"],
}
SECOND: dict[str, object] = {
    "id": "rla",
    "scenarios": [{"id": "base", "prior": 0.7}, {"id": "up", "prior": 0.3}],
    "tags": ["a"],
}


def record(database: Database, definition: dict[str, object], digest: str, day: int) -> Recorded:
    with database.session() as session:
        return record_version(session, "rla", definition, digest, at=moment(day))


def test_a_first_definition_is_version_one_and_changes_nothing(database: Database) -> None:
    found = record(database, FIRST, "sha256:1", 1)
    assert found == Recorded(new=True, version=1, difference=[], evidence_seen=False)


def test_the_same_definition_again_is_nothing_new(database: Database) -> None:
    record(database, FIRST, "sha256:1", 1)
    assert record(database, FIRST, "sha256:1", 2) == Recorded(
        new=False, version=1, difference=[], evidence_seen=False
    )


def test_a_change_is_a_new_version_with_its_difference(database: Database) -> None:
    record(database, FIRST, "sha256:1", 1)
    changed = [
        {"path": "scenarios.base.prior", "old": 0.6, "new": 0.7},
        {"path": "scenarios.up.prior", "old": 0.4, "new": 0.3},
    ]
    assert record(database, SECOND, "sha256:2", 2).difference == changed
    with database.reading() as session:
        first, second = versions(session, "rla")
    assert (first.definition, second.definition) == (FIRST, SECOND)
    assert (second.difference, second.recorded_at) == (changed, moment(2))


def test_a_return_to_an_earlier_definition_is_a_version_of_its_own(database: Database) -> None:
    for day, (definition, digest) in enumerate([(FIRST, "1"), (SECOND, "2"), (FIRST, "1")], start=1):
        record(database, definition, digest, day)
    with database.reading() as session:
        assert [one.digest for one in versions(session, "rla")] == ["1", "2", "1"]
        assert [one.digest for one in versions(session, "rla", known_at=moment(2))] == ["1", "2"]
        of_digest = current_version(session, "rla", digest="2")
        then = current_version(session, "rla", known_at=moment(2))
        assert of_digest == then
        assert current_version(session, "rla", known_at=moment(1, hour=0)) is None
        assert current_version(session, "other") is None


@pytest.mark.parametrize(("status", "seen"), [("published", True), ("held", True), ("failed", False)])
def test_a_version_says_whether_its_author_had_seen_a_result(
    database: Database, status: str, seen: bool
) -> None:
    record(database, FIRST, "1", 1)
    with database.session() as session:
        store_run(session, run(status=status))
    assert record(database, SECOND, "2", 2).evidence_seen is seen


def test_the_same_definition_recorded_at_once_is_one_version(database_url: str) -> None:
    def record_alone(_: int) -> int:
        with open_database(database_url) as database:
            return record(database, FIRST, "sha256:1", 1).version

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(record_alone, range(4))) == {1}


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
        ({"a": 1}, {}, [("a", 1, None)]),
        ({}, {"a": {"b": 1}}, [("a", None, {"b": 1})]),
        ({"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"c": 3, "d": 2}}}, [("a.b.c", 1, 3)]),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, [("a", ["x", "y"], ["y", "x"])]),
        ({"a": [{"id": "x", "n": 1}]}, {"a": [{"id": "y"}, {"id": "x", "n": 2}]},
         [("a.y", None, {"id": "y"}), ("a.x.n", 1, 2)]),
        ({"a": [{"id": "x"}, {"id": "y"}]}, {"a": [{"id": "y"}, {"id": "x"}]},
         [("a (order)", ["x", "y"], ["y", "x"])]),
        ({"a": []}, {"a": [{"id": "x"}]}, [("a.x", None, {"id": "x"})]),
        ({"a": []}, {"a": ["x"]}, [("a", [], ["x"])]),
    ],
)  # fmt: skip
def test_differences_name_the_path_and_both_values(
    old: object, new: object, found: list[tuple[str, object, object]]
) -> None:
    assert differences(old, new) == [{"path": path, "old": a, "new": b} for path, a, b in found]
