from storage.database import Database
from storage.keys import StoredKey, add_key, key_in_force, revoke_key, stored_keys
from tests.storage.samples import moment


def test_a_key_is_found_by_its_hash_and_by_nothing_else(database: Database) -> None:
    with database.session() as session:
        assert add_key(session, "grafana", "read", "h1", at=moment(1))
        assert key_in_force(session, "h1") == StoredKey(
            name="grafana", scope="read", recorded_at=moment(1), revoked_at=None
        )
        assert key_in_force(session, "grafana") is None
        assert key_in_force(session, "H1") is None


def test_a_name_is_given_once_even_where_its_key_was_revoked(database: Database) -> None:
    with database.session() as session:
        add_key(session, "grafana", "read", "h1", at=moment(1))
        revoke_key(session, "grafana", at=moment(2))
        assert not add_key(session, "grafana", "admin", "h2", at=moment(3))
        assert key_in_force(session, "h2") is None
        assert [one.scope for one in stored_keys(session)] == ["read"]


def test_a_revoked_key_is_no_longer_in_force_and_stays_in_the_list(database: Database) -> None:
    with database.session() as session:
        add_key(session, "old", "edit", "h1", at=moment(1))
        add_key(session, "new", "edit", "h2", at=moment(2))
        revoked = revoke_key(session, "old", at=moment(3))
        assert revoked is not None
        assert revoked.revoked_at == moment(3)
        assert key_in_force(session, "h1") is None
        assert key_in_force(session, "h2") is not None
        assert [(one.name, one.revoked_at) for one in stored_keys(session)] == [
            ("old", moment(3)),
            ("new", None),
        ]


def test_revoking_again_keeps_the_first_moment_and_revoking_nobody_changes_nothing(
    database: Database,
) -> None:
    with database.session() as session:
        add_key(session, "old", "edit", "h1", at=moment(1))
        revoke_key(session, "old", at=moment(3))
        again = revoke_key(session, "old", at=moment(4))
        assert again is not None
        assert again.revoked_at == moment(3)
        assert revoke_key(session, "older", at=moment(4)) is None


def test_a_hash_that_is_known_under_another_name_is_refused(database: Database) -> None:
    with database.session() as session:
        add_key(session, "one", "read", "h1", at=moment(1))
        assert not add_key(session, "two", "admin", "h1", at=moment(1))
        found = key_in_force(session, "h1")
        assert found is not None
        assert found.scope == "read"
