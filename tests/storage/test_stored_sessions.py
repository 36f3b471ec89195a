from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from storage.keys import add_key, revoke_key
from storage.sessions import add_session, end_session, key_of_session
from tests.storage.samples import moment
from tests.storage.test_query_plans import SCANNED, plans

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def key(database: Database) -> None:
    with database.session() as session:
        assert add_key(session, "ana", "edit", "sha256:k", at=moment(1))
        add_session(session, "sha256:s", "ana", at=moment(2), until=moment(2) + HOUR)


def holder(database: Database, digest: str = "sha256:s", minutes: int = 0) -> str | None:
    with database.reading() as session:
        found = key_of_session(session, digest, at=moment(2) + timedelta(minutes=minutes))
    return found.name if found else None


def test_a_session_leads_to_its_key_until_it_ends(database: Database) -> None:
    assert holder(database) == "ana"
    assert holder(database, minutes=59) == "ana"
    assert holder(database, minutes=60) is None
    assert holder(database, "sha256:other") is None


def test_a_session_of_a_revoked_key_leads_nowhere(database: Database) -> None:
    with database.session() as session:
        revoke_key(session, "ana", at=moment(2))
    assert holder(database) is None


def test_a_session_can_be_ended_again_and_again(database: Database) -> None:
    for _ in range(2):
        with database.session() as session:
            end_session(session, "sha256:s")
    assert holder(database) is None


def test_a_session_is_of_a_key_that_there_is(database: Database) -> None:
    with pytest.raises(IntegrityError), database.session() as session:
        add_session(session, "sha256:t", "nobody", at=moment(2), until=moment(3))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_session_is_looked_up_and_no_table_scanned(database: Database) -> None:
    plan = plans(database, lambda session: key_of_session(session, "sha256:s", at=moment(2)))
    assert not SCANNED.search(plan), plan
