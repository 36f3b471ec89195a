import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import text

from service.composition import Service, utc_now
from service.letters import Letter
from service.mail import message
from service.outbox import LIFETIME, MOST_ATTEMPTS, Delivery, deliver, pause_after
from storage import outbox
from storage.database import Database, migrate, open_database
from storage.leases import LeaseLost
from tests.service.letters import MONDAY, Hand, letter, mailing, page, write
from tests.service.smtp_peer import ALWAYS, DROP, STALL, Fault, Peer

MINUTE = timedelta(minutes=1)
ANA = "ana@example.org"

type Served = Callable[..., tuple[Peer, Service]]


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def served(tmp_path: Path, database: Database, clock: Hand) -> Iterator[Served]:
    """Make a peer with these faults, and a service that mails to it."""
    with ExitStack() as stack:

        def serve(*faults: Fault, timeout: int = 20) -> tuple[Peer, Service]:
            peer = stack.enter_context(Peer(*faults))
            return peer, mailing(tmp_path, database, peer.settings(timeout_seconds=timeout), clock=clock)

        yield serve


def readers(number: int) -> list[Letter]:
    return [page(f"Reader {one} <r{one}@example.org>", text=f"Dear {one}") for one in range(number)]


def each_once(peer: Peer, letters: list[Letter]) -> bool:
    """Whether each reader had their own mail, once."""
    expected = {one.recipient.partition("<")[2].rstrip(">") for one in letters}
    assert all(number == 1 for number in peer.counts.values())
    assert all(one.message["To"].addresses[0].addr_spec == one.recipients[0] for one in peer.received)
    return {address for address, _ in peer.counts} == expected and len(peer.received) == len(letters)


def test_each_mail_is_sent_once_over_one_connection(served: Served) -> None:
    peer, service = served()
    letters = readers(12)
    write(service, *letters)
    assert deliver(service, worker="w") == Delivery(sent=12)
    assert deliver(service, worker="w") == Delivery()
    assert each_once(peer, letters)
    assert peer.connections == 1


def test_what_is_sent_is_what_was_posted_byte_for_byte(served: Served) -> None:
    peer, service = served()
    one = page("Ana <Ana@Example.org>", text="Überraschung\n.dot\n")
    write(service, one)
    deliver(service, worker="w")
    (received,) = peer.received
    assert received.content == message(service, one, at=MONDAY).as_bytes()
    assert received.recipients == ("Ana@example.org",)


def test_an_empty_outbox_asks_no_server(served: Served) -> None:
    peer, service = served()
    assert deliver(service, worker="w") == Delivery()
    assert peer.connections == 0


def test_a_delivery_ends_after_as_many_as_it_may_send(served: Served) -> None:
    _, service = served()
    write(service, *readers(5))
    assert deliver(service, worker="w", most=3) == Delivery(sent=3, waiting=2)
    assert deliver(service, worker="w") == Delivery(sent=2)


def test_a_mail_refused_for_now_is_sent_when_its_time_has_come(served: Served, clock: Hand) -> None:
    peer, service = served(Fault(at="RCPT", does="450 4.2.0 greylisted", times=3))
    write(service, letter())
    done = []
    for minutes in (0, 1, 2, 4):  # each is the pause since the one before
        clock.now += timedelta(minutes=minutes)
        done.append(deliver(service, worker="w").sent)
        assert deliver(service, worker="w").sent == 0  # not again in the same minute
    assert done == [0, 0, 0, 1]
    assert each_once(peer, [letter()])


def test_pauses_double_up_to_an_hour() -> None:
    pauses = [pause_after(attempts) // MINUTE for attempts in range(1, MOST_ATTEMPTS)]
    assert pauses[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert 23 * 60 < sum(pauses) < 25 * 60


def test_a_mail_that_is_refused_again_and_again_is_given_up(served: Served, clock: Hand) -> None:
    peer, service = served(Fault(at="RCPT", does="450 4.2.0 full", times=ALWAYS, recipient=ANA))
    write(service, letter(), letter("bob@example.org"))
    done = []
    for attempt in range(1, MOST_ATTEMPTS + 2):
        done.append(deliver(service, worker="w"))
        clock.now += pause_after(attempt)
    assert done[0] == Delivery(sent=1, waiting=1)
    assert [one.dead for one in done] == [0] * (MOST_ATTEMPTS - 1) + [1, 0]
    with service.database.reading() as session:
        (dead,) = outbox.dead_messages(session)
    assert (dead.recipient, dead.error, dead.attempts) == (ANA, "450 4.2.0 full", MOST_ATTEMPTS)
    assert {address for address, _ in peer.counts} == {"bob@example.org"}


def test_a_recipient_whom_the_server_does_not_know_is_given_up_at_once(served: Served) -> None:
    peer, service = served(Fault(at="RCPT", does="550 5.1.1 no such user", recipient="r1@example.org"))
    write(service, *readers(3))
    assert deliver(service, worker="w") == Delivery(sent=2, dead=1)
    assert len(peer.received) == 2
    with service.database.reading() as session:
        assert [one.error for one in outbox.dead_messages(session)] == ["550 5.1.1 no such user"]


@pytest.mark.slow
def test_a_server_that_is_away_is_asked_once_and_no_mail_loses_an_attempt(
    served: Served, clock: Hand
) -> None:
    peer, service = served()
    letters = readers(20)
    write(service, *letters)
    peer.refuse()
    done = deliver(service, worker="w")
    assert (done.sent, done.waiting, done.dead) == (0, 20, 0)
    assert "Connection refused" in done.trouble
    assert deliver(service, worker="w") == Delivery(waiting=20)  # all of it was put off
    clock.now += MINUTE + timedelta(seconds=1)
    peer.listen()
    assert deliver(service, worker="w").sent == 20
    assert each_once(peer, letters)
    assert attempts(service) == {1}


def attempts(service: Service) -> set[int]:
    with service.database.reading() as session:
        return set(session.scalars(text("SELECT attempts FROM message")))


@pytest.mark.slow
def test_a_server_that_is_away_for_a_weekend_costs_nobody_a_mail(served: Served, clock: Hand) -> None:
    peer, service = served()
    letters = readers(3)
    write(service, *letters)
    peer.refuse()
    tries = 0
    while clock.now < MONDAY + timedelta(days=2, hours=12):
        tries += bool(deliver(service, worker="w").trouble)
        clock.now += 5 * MINUTE
    assert 200 < tries < 300  # every quarter of an hour
    peer.listen()
    clock.now += timedelta(minutes=16)
    assert deliver(service, worker="w").sent == 3
    assert each_once(peer, letters)


def test_what_has_waited_too_long_for_a_server_is_given_up(served: Served, clock: Hand) -> None:
    peer, service = served()
    write(service, *readers(3))
    peer.refuse()
    clock.now += LIFETIME - MINUTE
    assert deliver(service, worker="w").dead == 0
    write(service, letter())
    clock.now += timedelta(minutes=20)
    done = deliver(service, worker="w")
    assert (done.dead, done.waiting) == (3, 1)
    with service.database.reading() as session:
        assert all("Connection refused" in one.error for one in outbox.dead_messages(session))


def test_one_mail_that_a_server_cannot_stand_holds_up_no_other(served: Served, clock: Hand) -> None:
    first = "r0@example.org"
    peer, service = served(Fault(at="RCPT", does="535 5.7.8 log in first", times=ALWAYS, recipient=first))
    write(service, *readers(4))
    assert "wants a login" in deliver(service, worker="w").trouble
    clock.now += MINUTE
    assert deliver(service, worker="w").sent == 3
    assert {address for address, _ in peer.counts} == {f"r{number}@example.org" for number in (1, 2, 3)}


@pytest.mark.slow
def test_a_stalled_server_is_left_until_the_next_delivery(served: Served, clock: Hand) -> None:
    peer, service = served(Fault(at="greeting", does=STALL), timeout=1)
    letters = readers(3)
    write(service, *letters)
    done = deliver(service, worker="w")
    assert (done.sent, done.waiting) == (0, 3)
    assert "no answer within 1 seconds" in done.trouble
    clock.now += 2 * MINUTE
    assert deliver(service, worker="w").sent == 3
    assert each_once(peer, letters)


def test_a_mail_whose_taking_was_not_heard_of_is_repeated_to_the_byte(served: Served, clock: Hand) -> None:
    peer, service = served(Fault(at="DATA", does=DROP, recipient="r1@example.org"))
    letters = readers(4)
    write(service, *letters)
    assert deliver(service, worker="w") == Delivery(sent=3, waiting=1)
    clock.now += MINUTE
    assert deliver(service, worker="w") == Delivery(sent=1)
    first, second = (one for one in peer.received if one.recipients == ("r1@example.org",))
    assert first.content == second.content
    assert sorted(peer.counts.values()) == [1, 1, 1, 2]


def test_a_connection_lost_after_the_answer_costs_nothing(served: Served) -> None:
    peer, service = served(Fault(at="taken", does=DROP, times=ALWAYS))
    letters = readers(4)
    write(service, *letters)
    assert deliver(service, worker="w") == Delivery(sent=4)
    assert each_once(peer, letters)
    assert peer.connections == 4


def test_a_server_that_loses_one_connection_after_another_is_left_alone(served: Served, clock: Hand) -> None:
    peer, service = served(Fault(at="RCPT", does=DROP, times=2))
    letters = readers(6)
    write(service, *letters)
    done = deliver(service, worker="w")
    assert (done.sent, done.waiting, bool(done.trouble)) == (0, 6, True)
    assert deliver(service, worker="w").sent == 4
    clock.now += MINUTE
    assert deliver(service, worker="w").sent == 2
    assert each_once(peer, letters)


def test_a_claim_of_one_who_died_runs_out_and_the_mail_is_sent(served: Served, clock: Hand) -> None:
    peer, service = served()
    write(service, *readers(2))
    with service.database.session() as session:
        outbox.claim(session, worker="died", at=clock.now, until=clock.now + 5 * MINUTE)
    assert deliver(service, worker="w") == Delivery(sent=1, waiting=1)
    clock.now += 5 * MINUTE
    assert deliver(service, worker="w") == Delivery(sent=1)
    assert each_once(peer, readers(2))


def test_a_mail_that_ends_whoever_sends_it_is_given_up(served: Served, clock: Hand) -> None:
    peer, service = served()
    write(service, letter())
    for _ in range(MOST_ATTEMPTS):
        with service.database.session() as session:
            assert outbox.claim(session, worker="died", at=clock.now, until=clock.now + MINUTE)
        clock.now += MINUTE
    assert deliver(service, worker="w") == Delivery(dead=1)
    assert peer.connections == 0


@pytest.mark.slow
def test_a_mail_in_hand_is_kept_while_the_server_takes_its_time(served: Served, clock: Hand) -> None:
    peer, service = served(timeout=5)
    peer.delay = 1
    write(service, letter())
    slow = Thread(target=deliver, args=(service,), kwargs={"worker": "slow"})
    slow.start()
    wait_for_a_claim(service)
    clock.now += timedelta(seconds=15)
    assert deliver(service, worker="other") == Delivery(waiting=1)
    slow.join()
    assert each_once(peer, [letter()])


def wait_for_a_claim(service: Service) -> None:
    for _ in range(1500):
        if outbox_states(service)["claimed"]:
            return
        time.sleep(0.02)
    pytest.fail("nobody claimed a mail")


def outbox_states(service: Service) -> dict[outbox.State, int]:
    with service.database.reading() as session:
        return outbox.counts(session)


def test_who_has_lost_the_lease_sends_no_more_and_notes_what_was_sent(served: Served) -> None:
    peer, service = served()
    letters = readers(3)
    write(service, *letters)

    def lost(_: object) -> None:
        if peer.received:
            raise LeaseLost("another process works now")

    old = replace(service, database=replace(service.database, guard=lost))
    with pytest.raises(LeaseLost):
        deliver(old, worker="old")
    assert outbox_states(service)["sent"] == 1
    assert deliver(service, worker="new").sent == 2
    assert each_once(peer, letters)


@pytest.mark.slow
def test_a_database_that_is_away_when_a_mail_was_taken_is_waited_for(tmp_path: Path, clock: Hand) -> None:
    # SQLite alone can be taken away and given back by a test, by a lock.
    path = tmp_path / "posterity.db"
    with open_database(f"sqlite:///{path}", patience=0.1) as own, open_database(f"sqlite:///{path}") as other:
        migrate(own)
        with Peer() as peer:
            service = mailing(tmp_path, own, peer.settings(), clock=clock)
            write(service, *readers(2))
            peer.delay = 0.5
            gone, back = Event(), Event()
            done: list[Delivery] = []
            worker = Thread(target=lambda: done.append(deliver(service, worker="w")))

            def hold() -> None:
                with other.session() as session:
                    session.execute(text("SELECT 1"))
                    gone.set()
                    back.wait()

            holder = Thread(target=hold)
            worker.start()
            wait_for_a_claim(service)
            holder.start()
            gone.wait()
            peer.wait_for(1)
            worker.join(2)
            assert worker.is_alive()
            back.set()
            worker.join()
            holder.join()
            assert done == [Delivery(sent=2)]
            assert each_once(peer, readers(2))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 4])
def test_deliverers_at_once_send_each_mail_once(
    tmp_path: Path, database_url: str, clock: Hand, workers: int
) -> None:
    letters = readers(40)
    with Peer(delay=0.01) as peer, open_database(database_url) as first:
        write(mailing(tmp_path, first, clock=clock), *letters)

        def deliver_alone(number: int) -> Delivery:
            folder = tmp_path / str(number)
            folder.mkdir()
            with open_database(database_url) as own:
                return deliver(mailing(folder, own, peer.settings(), clock=clock), worker=f"w{number}")

        with ThreadPoolExecutor(workers) as pool:
            done = list(pool.map(deliver_alone, range(workers)))
        assert sum(one.sent for one in done) == 40
        assert [one.trouble for one in done] == [""] * workers
        assert each_once(peer, letters)


DELIVERER = """
import sys
from pathlib import Path
from service.composition import opened
from service.outbox import deliver
with opened(Path(sys.argv[1]), migrated=False) as service:
    deliver(service, worker=sys.argv[2])
"""


@pytest.mark.slow
@pytest.mark.parametrize("had", [1, 7, 13])
def test_after_a_kill_the_rest_is_sent_and_at_most_the_mail_in_hand_repeated(
    tmp_path: Path, database_url: str, had: int
) -> None:
    letters = readers(20)
    with Peer(delay=0.03) as peer, open_database(database_url) as database:
        clock = Hand(utc_now())  # by which the process goes too
        stored = f'[storage]\nurl = "{database_url}"\n'
        service = mailing(tmp_path, database, peer.settings(), clock=clock, more=stored)
        write(service, *letters)
        command = [sys.executable, "-c", DELIVERER, str(tmp_path / "config.toml"), "killed"]
        with subprocess.Popen(command) as killed:
            peer.wait_for(had)
            killed.send_signal(signal.SIGKILL)
            assert killed.wait() == -signal.SIGKILL
        before = len(peer.received)
        assert had <= before < 20
        states = outbox_states(service)
        assert (states["claimed"], states["dead"]) in {(0, 0), (1, 0)}
        clock.now += timedelta(hours=1)
        deliver(service, worker="next")
        assert outbox_states(service) == {"waiting": 0, "claimed": 0, "sent": 20, "dead": 0}
        repeated = [name for name, number in peer.counts.items() if number > 1]
        assert len(peer.counts) == 20
        assert len(repeated) <= states["claimed"]
        for address, name in repeated:
            copies = {one.content for one in peer.received if one.message_id == name}
            assert len(copies) == 1, address
            assert peer.counts[address, name] == 2
