"""Keys: shown once, kept as hashes, and allowing what their scope says."""

import hashlib
from itertools import product
from pathlib import Path

import pytest

from model.errors import UsageError
from service import keys
from storage.database import Database
from storage.keys import Scope
from tests.service.commands import Answer, Desk, said_in_one_line
from tests.service.stations import Station

SCOPES: tuple[Scope, ...] = ("read", "ingest", "edit", "admin")
ALLOWED = {
    *(("read", "read"), ("ingest", "ingest"), ("edit", "read"), ("edit", "edit")),
    *(("admin", needed) for needed in SCOPES),
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def made(desk: Desk, name: str = "grafana", scope: str = "read") -> str:
    answer = desk.types("keys", "create", name, "--scope", scope)
    assert answer.code == 0, answer
    assert answer.err == f"this is the key {name} of scope {scope}; keep it, for it is not shown again\n"
    return answer.out.removesuffix("\n")


@pytest.mark.parametrize(("held", "needed"), list(product(SCOPES, SCOPES)), ids=" for ".join)
def test_scopes_allow_what_they_say_and_no_more(held: Scope, needed: Scope) -> None:
    assert keys.allows(held, needed) is ((held, needed) in ALLOWED)


def test_a_key_is_printed_alone_and_long_enough_never_to_be_guessed(desk: Desk) -> None:
    first, second = made(desk), made(desk, "feeder", "ingest")
    assert first != second
    assert first.startswith("pk_")
    assert len(first) >= 3 + 43
    assert first.isascii()


@pytest.mark.slow
def test_the_store_keeps_a_hash_and_not_the_key(desk: Desk) -> None:
    key = made(desk)
    (row,) = desk.rows("SELECT name, scope, hash, revoked_at FROM api_key")
    assert row == ("grafana", "read", hashlib.sha256(key.encode()).hexdigest(), None)


@pytest.mark.sqlite(reason="looks into the database's file")
def test_no_byte_of_the_key_is_on_the_disk(desk: Desk) -> None:
    key = made(desk).encode()
    assert not [path for path in desk.folder.rglob("*") if path.is_file() and key in path.read_bytes()]


def test_as_json_the_key_stands_beside_its_name(desk: Desk) -> None:
    document = desk.types("keys", "create", "grafana", "--scope", "edit", "--json").json
    assert {name: document[name] for name in ("name", "scope")} == {"name": "grafana", "scope": "edit"}
    assert document["key"].startswith("pk_")


def test_the_list_shows_who_may_what_and_nothing_secret(desk: Desk) -> None:
    secrets = [made(desk), made(desk, "feeder", "ingest")]
    desk.types("keys", "revoke", "feeder")
    listed, table = desk.types("keys", "list", "--json"), desk.types("keys", "list")
    assert [(one["name"], one["scope"]) for one in listed.json] == [("grafana", "read"), ("feeder", "ingest")]
    assert [one["revoked_at"] is None for one in listed.json] == [True, False]
    assert table.out.splitlines()[0].split() == ["name", "scope", "made", "revoked"]
    for key in secrets:
        assert key not in listed.out + table.out
        assert hashlib.sha256(key.encode()).hexdigest() not in listed.out + table.out


def test_a_list_of_none_is_empty_and_says_how_to_make_one(desk: Desk) -> None:
    answer = desk.types("keys", "list")
    assert (answer.code, answer.out) == (0, "")
    assert "posterity keys create NAME --scope read" in answer.err
    assert desk.types("keys", "list", "--json") == Answer(0, "[]\n", "")


def test_revoking_says_so_and_may_be_repeated(desk: Desk) -> None:
    made(desk)
    for _ in range(2):
        assert desk.types("keys", "revoke", "grafana") == Answer(0, "the key grafana is revoked\n", "")
    document = desk.types("keys", "revoke", "grafana", "--json").json
    assert document["revoked_at"] is not None


def test_revoking_an_unknown_key_names_the_nearest(desk: Desk) -> None:
    assert said_in_one_line(desk.types("keys", "revoke", "grafna"), 2) == (
        "no key is called 'grafna'; there are none yet"
    )
    made(desk)
    said = said_in_one_line(desk.types("keys", "revoke", "grafna"), 2)
    assert said == "no key is called 'grafna'; did you mean grafana?"


def test_a_name_is_given_once(desk: Desk) -> None:
    made(desk)
    desk.types("keys", "revoke", "grafana")
    answer = desk.types("keys", "create", "grafana", "--scope", "admin")
    assert said_in_one_line(answer, 2) == "a key was called 'grafana' before; choose another name"
    assert answer.out == ""


@pytest.mark.parametrize(
    "name", ["", "Grafana", "a b", "-x", "x" * 65, "a\nb", "ä", "\udcff", "../x", "[red]"], ids=ascii
)
def test_a_name_that_would_be_hard_to_type_is_refused(desk: Desk, name: str) -> None:
    said = said_in_one_line(desk.types("keys", "create", "--scope", "read", "--", name), 2)
    assert "small letters, digits and hyphens" in said
    assert desk.types("keys", "list", "--json").json == []


def test_a_scope_that_is_none_is_refused(desk: Desk) -> None:
    said = said_in_one_line(desk.types("keys", "create", "grafana", "--scope", "root"), 2)
    assert "'root' is no scope; write one of read, ingest, edit, admin" in said


def test_a_key_has_a_scope_by_decision_and_not_by_default(desk: Desk) -> None:
    assert "--scope" in said_in_one_line(desk.types("keys", "create", "grafana"), 2)


def test_each_command_about_keys_explains_itself_by_an_example(desk: Desk) -> None:
    for command in ("create", "list", "revoke"):
        answer = desk.types("keys", command, "--help")
        assert (answer.code, answer.err) == (0, "")
        assert f"Example: posterity keys {command}" in answer.out
    assert "--json" in answer.out


def test_a_key_is_found_by_whoever_presents_it_until_it_is_revoked(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    service = Station(tmp_path, database, database_url).service
    key = keys.create(service, "grafana", "read")
    found = keys.holder(service, key)
    assert found is not None
    assert (found.name, found.scope, found.recorded_at) == ("grafana", "read", service.clock())
    for other in (key[:-1], f"{key}x", key.upper(), f" {key}", "", "pk_", "\x00", "\udcff"):
        assert keys.holder(service, other) is None
    keys.revoke(service, "grafana")
    assert keys.holder(service, key) is None


def test_a_key_is_no_part_of_what_is_shown_of_it(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    service = Station(tmp_path, database, database_url).service
    key = keys.create(service, "grafana", "read")
    assert key not in repr(keys.keys(service))
    with pytest.raises(UsageError) as caught:
        keys.create(service, "grafana", "read")
    assert "pk_" not in str(caught.value)
