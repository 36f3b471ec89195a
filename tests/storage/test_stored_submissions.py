"""What is handed in twice under one key is answered as it was the first time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from model.errors import UsageError
from storage.database import FILING, Database, exclusive, open_database
from storage.submissions import answered, keep
from tests.storage.samples import moment


def test_the_same_content_under_the_same_key_has_the_same_answer(database: Database) -> None:
    with database.session() as session:
        assert answered(session, "k", "sha256:a") is None
        keep(session, "k", "sha256:a", '{"é":1}', at=moment(1))
        assert answered(session, "k", "sha256:a") == '{"é":1}'
    with database.reading() as session:
        assert answered(session, "k", "sha256:a") == '{"é":1}'
        assert answered(session, "K", "sha256:a") is None


def test_other_content_under_a_key_that_was_used_is_refused(database: Database) -> None:
    with database.session() as session:
        keep(session, "k\u202e" + "x" * 100, "sha256:a", "{}", at=moment(1))
    with (
        database.reading() as session,
        pytest.raises(
            UsageError, match=r"^the key 'k\\u202ex+' was used with other content; choose a new key$"
        ),
    ):
        answered(session, "k\u202e" + "x" * 100, "sha256:b")


def test_of_many_who_hand_in_the_same_at_once_one_is_the_first(database_url: str) -> None:
    def hand_in(number: int) -> str:
        with open_database(database_url) as database, database.session() as session:
            exclusive(session, FILING)
            before = answered(session, "k", "sha256:a")
            if before is None:
                keep(session, "k", "sha256:a", f"of {number}", at=moment(1))
            return before or f"of {number}"

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(hand_in, range(8)))) == 1
