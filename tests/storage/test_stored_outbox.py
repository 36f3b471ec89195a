from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count

import pytest
from sqlalchemy.exc import IntegrityError

from storage import outbox
from storage.database import Database, open_database
from storage.outbox import Claimed
from tests.storage.samples import moment

NIGHT, HOUR = moment(1), timedelta(hours=1)
NEVER_SENT = "From: a@b\r\n\r\nÖ is not ASCII, and yet it comes back: the outbox changes no letter\r\n. \r\n"


def put(
    database: Database, recipient: str = "ana@example.org", key: str = "2026-W02", *, at: datetime = NIGHT
) -> bool:
    with database.session() as session:
        return outbox.queue(
            session,
            kind="digest",
            key=key,
            recipient=recipient,
            message_id=f"<{key}.{recipient}>",
            subject="Überraschung",
            document={"week": key, "moved": None},
            content=NEVER_SENT,
            at=at,
        )


def claim(database: Database, worker: str = "w1", *, at: datetime = NIGHT, most: int = 1) -> list[Claimed]:
    with database.session() as session:
        return outbox.claim(session, worker=worker, at=at, until=at + HOUR, most=most)


def counts(database: Database) -> dict[str, int]:
    """How many there are in each state that occurs."""
    with database.reading() as session:
        return {state: number for state, number in outbox.counts(session).items() if number}


def test_a_mail_comes_back_letter_for_letter(database: Database) -> None:
    assert put(database)
    (claimed,) = claim(database)
    assert claimed.content == NEVER_SENT
    assert (claimed.recipient, claimed.message_id) == ("ana@example.org", "<2026-W02.ana@example.org>")
    assert (claimed.attempts, claimed.recorded_at) == (1, moment(1))


def test_the_same_mail_again_is_not_queued(database: Database) -> None:
    assert [put(database), put(database, at=moment(2)), put(database, key="2026-W03")] == [True, False, True]
    assert counts(database) == {"waiting": 2}


def test_the_same_mail_is_not_queued_again_once_it_is_sent(database: Database) -> None:
    put(database)
    (claimed,) = claim(database)
    with database.session() as session:
        outbox.sent(session, claimed.id, at=moment(1))
    assert not put(database)
    assert counts(database) == {"sent": 1}


def test_what_else_is_in_the_transaction_stays_when_a_mail_was_there_already(database: Database) -> None:
    put(database)
    with database.session() as session:
        for recipient in ("ana@example.org", "bob@example.org"):
            outbox.queue(
                session,
                kind="digest",
                key="2026-W02",
                recipient=recipient,
                message_id=f"<{recipient}>",
                subject="",
                document={},
                content="",
                at=moment(1),
            )
    assert counts(database) == {"waiting": 2}


def test_two_mails_of_one_name_are_a_mistake(database: Database) -> None:
    put(database)
    with pytest.raises(IntegrityError), database.session() as session:
        outbox.queue(
            session,
            kind="alert",
            key="1",
            recipient="ana@example.org",
            message_id="<2026-W02.ana@example.org>",
            subject="",
            document={},
            content="",
            at=moment(1),
        )


def test_a_mail_is_claimed_by_one_only(database: Database) -> None:
    put(database)
    assert len(claim(database, "w1")) == 1
    assert claim(database, "w2") == []
    assert counts(database) == {"claimed": 1}


def test_those_due_the_longest_are_claimed_first(database: Database) -> None:
    for day, recipient in ((3, "c@x"), (1, "a@x"), (2, "b@x"), (9, "later@x")):
        put(database, recipient, at=moment(day))
    assert [one.recipient for one in claim(database, at=moment(5), most=2)] == ["a@x", "b@x"]
    assert [one.recipient for one in claim(database, at=moment(5), most=9)] == ["c@x"]


def test_a_claim_that_has_run_out_is_anyones(database: Database) -> None:
    put(database)
    (first,) = claim(database, "w1")
    assert claim(database, "w2", at=moment(1) + HOUR - timedelta(seconds=1)) == []
    (second,) = claim(database, "w2", at=moment(1) + HOUR)
    assert (second.id, second.attempts) == (first.id, 2)
    with database.session() as session:
        assert not outbox.later(session, first.id, worker="w1", error="x", due_at=moment(2))
        assert not outbox.dead(session, first.id, worker="w1", error="x", at=moment(2))
        assert not outbox.untried(session, first.id, worker="w1", error="x", due_at=moment(2))
    assert counts(database) == {"claimed": 1}


def test_what_was_sent_is_sent_even_where_the_claim_has_passed_to_another(database: Database) -> None:
    put(database)
    (first,) = claim(database, "w1")
    claim(database, "w2", at=moment(2))
    with database.session() as session:
        outbox.sent(session, first.id, at=moment(2))
        assert not outbox.later(session, first.id, worker="w2", error="x", due_at=moment(2))
    assert counts(database) == {"sent": 1}
    assert claim(database, "w3", at=moment(9)) == []


def test_a_mail_put_back_is_due_later(database: Database) -> None:
    put(database)
    (first,) = claim(database)
    with database.session() as session:
        assert outbox.later(session, first.id, worker="w1", error="450 later", due_at=moment(2))
    assert claim(database, at=moment(1, 23)) == []
    assert [one.attempts for one in claim(database, at=moment(2))] == [2]


def test_a_mail_that_the_server_never_saw_has_lost_no_attempt(database: Database) -> None:
    put(database)
    (first,) = claim(database)
    with database.session() as session:
        assert outbox.untried(session, first.id, worker="w1", error="away", due_at=moment(2))
    assert [one.attempts for one in claim(database, at=moment(2))] == [1]


def test_the_dead_are_listed_with_their_reason(database: Database) -> None:
    for key in ("2026-W02", "2026-W03"):
        put(database, key=key)
    for day in (2, 3):
        (one,) = claim(database, at=moment(day))
        with database.session() as session:
            assert outbox.dead(session, one.id, worker="w1", error=f"550 {day}", at=moment(day))
    with database.reading() as session:
        found = outbox.dead_messages(session)
    assert [(one.kind, one.key, one.error, one.since, one.attempts) for one in found] == [
        ("digest", "2026-W03", "550 3", moment(3), 1),
        ("digest", "2026-W02", "550 2", moment(2), 1),
    ]
    assert (found[0].recipient, found[0].subject) == ("ana@example.org", "Überraschung")
    assert counts(database) == {"dead": 2}


def test_what_is_due_is_put_off_together_and_what_is_claimed_is_not(database: Database) -> None:
    for recipient in ("a@x", "b@x", "c@x"):
        put(database, recipient)
    put(database, "later@x", at=moment(4))
    claim(database, at=moment(1))
    with database.session() as session:
        assert outbox.put_off(session, at=moment(1), until=moment(2), error="away") == 2
    assert claim(database, at=moment(1) + HOUR / 2, most=9) == []
    assert counts(database) == {"waiting": 3, "claimed": 1}


def test_only_what_has_waited_too_long_expires(database: Database) -> None:
    put(database, "old@x", at=moment(1))
    put(database, "new@x", at=moment(4))
    with database.session() as session:
        assert outbox.expire(session, before=moment(3), at=moment(5), error="away") == 1
        (gone,) = outbox.dead_messages(session)
    assert (gone.recipient, gone.since, gone.error) == ("old@x", moment(5), "away")


def test_the_oldest_that_waits_tells_how_late_the_mail_is(database: Database) -> None:
    with database.reading() as session:
        assert outbox.oldest_waiting(session) is None
    put(database, "a@x", at=moment(2))
    put(database, "b@x", at=moment(1))
    claim(database, at=moment(2))
    with database.reading() as session:
        assert outbox.oldest_waiting(session) == moment(1)
        assert outbox.oldest_waiting(session, "digest") == moment(1)
        assert outbox.oldest_waiting(session, "alert") is None


def test_the_text_of_sent_mails_can_be_forgotten_and_what_they_stated_stays(database: Database) -> None:
    for recipient in ("a@x", "b@x", "c@x"):
        put(database, recipient)
    for day in (1, 2):
        (one,) = claim(database, at=moment(day))
        with database.session() as session:
            outbox.sent(session, one.id, at=moment(day))
    with database.session() as session:
        assert outbox.forget(session, before=moment(2)) == 1
        assert outbox.forget(session, before=moment(2)) == 0
    assert not put(database, "a@x")
    (waiting,) = claim(database, at=moment(2))
    assert waiting.content == NEVER_SENT


def test_of_many_who_queue_one_mail_at_once_one_succeeds(database_url: str) -> None:
    def put_alone(_: int) -> bool:
        with open_database(database_url) as own:
            return put(own)

    with ThreadPoolExecutor(6) as pool:
        assert Counter(pool.map(put_alone, range(12))) == {True: 1, False: 11}


def test_of_many_who_claim_at_once_each_gets_others(database_url: str) -> None:
    with open_database(database_url) as database:
        for number in range(40):
            put(database, f"r{number}@example.org")

    def claim_all(worker: int) -> list[int]:
        with open_database(database_url) as own:
            batches = (claim(own, f"w{worker}", most=3) for _ in count())
            return [one.id for batch in iter(lambda: next(batches), []) for one in batch]

    with ThreadPoolExecutor(4) as pool:
        claimed = [one for own in pool.map(claim_all, range(4)) for one in own]
    assert len(claimed) == len(set(claimed)) == 40
