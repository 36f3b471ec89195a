import base64
import gc
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from model.errors import Unavailable
from service.composition import Service
from service.mail import message
from service.smtp import Mailer, Outcome, check, mailer
from storage.database import Database, open_database
from tests.service.letters import MONDAY, mailing, page
from tests.service.smtp_peer import ALWAYS, DROP, STALL, Fault, Peer, Stage, certificate

PASSWORD = "-".join(("correct", "horse"))
LOGIN = {"username": "ana", "password": PASSWORD}
ENOUGH = 15.0  # seconds in which what is limited to 1 second must have ended on a busy machine
CONTENT = b"To: ana@example.org\r\nSubject: x\r\n\r\n.a dot\r\n..\r\n"


@pytest.fixture
def database() -> Iterator[Database]:
    """One that is never reached."""
    with open_database("sqlite://") as opened:
        yield opened


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def service(tmp_path: Path, database: Database, request: pytest.FixtureRequest) -> Service:
    """A service whose peer is the test's `peer`."""
    peer: Peer = request.getfixturevalue("peer")
    return mailing(tmp_path, database, peer.settings())


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as listening:
        yield listening


def hand_over(server: Mailer, recipient: str = "ana@example.org") -> Outcome:
    return server.send(recipient, CONTENT)


def refused(folder: Path, database: Database, settings: str) -> str:
    """Why the mail server cannot be reached, which must be one line."""
    with pytest.raises(Unavailable) as caught:
        check(mailing(folder, database, settings))
    assert "\n" not in str(caught.value)
    gc.collect()  # a socket left open would be a warning here
    return str(caught.value)


def test_a_mail_arrives_byte_for_byte(peer: Peer, service: Service) -> None:
    content = message(service, page(text=".\n..dots\nFrom me\n" + "long " * 900), at=MONDAY).as_bytes()
    with mailer(service) as server:
        assert server.send("ana@example.org", content) == Outcome(verdict="sent")
    (received,) = peer.received
    assert received.content == content
    assert (received.sender, received.recipients) == ("posterity@example.org", ("ana@example.org",))


def test_several_mails_go_over_one_connection(peer: Peer, service: Service) -> None:
    with mailer(service) as server:
        outcomes = [hand_over(server, f"r{number}@example.org").verdict for number in range(5)]
    assert outcomes == ["sent"] * 5
    assert {one.connection for one in peer.received} == {1}


def test_a_server_that_closes_after_each_mail_is_connected_to_again(
    tmp_path: Path, database: Database
) -> None:
    with Peer(most_a_connection=2) as peer, mailer(mailing(tmp_path, database, peer.settings())) as server:
        assert [hand_over(server).verdict for _ in range(5)] == ["sent"] * 5
        assert [one.connection for one in peer.received] == [1, 1, 2, 2, 3]


def test_a_server_that_says_goodbye_is_connected_to_again(tmp_path: Path, database: Database) -> None:
    with Peer() as peer, mailer(mailing(tmp_path, database, peer.settings())) as server:
        assert hand_over(server).verdict == "sent"
        peer.faults.append(Fault(at="MAIL", does="421 4.3.2 idle for too long"))
        assert hand_over(server).verdict == "sent"
        assert [one.connection for one in peer.received] == [1, 2]


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault(at="RCPT", does="550 5.1.1 no such user"), ("dead", "550 5.1.1 no such user")),
        (Fault(at="RCPT", does="450 4.2.0 greylisted"), ("later", "450 4.2.0 greylisted")),
        (Fault(at="MAIL", does="451 4.3.0 try again"), ("later", "451 4.3.0 try again")),
        (Fault(at="MAIL", does="552 5.3.4 too large"), ("dead", "552 5.3.4 too large")),
        (Fault(at="DATA", does="554 5.7.1 looks like spam"), ("dead", "554 5.7.1 looks like spam")),
        (Fault(at="DATA", does="452 4.3.1 disk full"), ("later", "452 4.3.1 disk full")),
        (Fault(at="RCPT", does="421 4.3.2 going down"), ("lost", "421 4.3.2 going down")),
        (Fault(at="DATA", does=DROP), ("lost", "Connection unexpectedly closed")),
        (Fault(at="RCPT", does=DROP), ("lost", "Connection unexpectedly closed")),
        (Fault(at="RCPT", does="999 so what"), ("lost", "999 so what")),
    ],
    ids=lambda one: f"{one.at} {one.does}" if isinstance(one, Fault) else one[0],
)
def test_what_the_server_answers_decides_and_the_next_mail_is_sent(
    tmp_path: Path, database: Database, fault: Fault, outcome: tuple[str, str]
) -> None:
    with Peer(fault) as peer, mailer(mailing(tmp_path, database, peer.settings())) as server:
        found = hand_over(server)
        assert found.verdict == outcome[0]
        assert outcome[1] in found.words
        assert hand_over(server).verdict == "sent"


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_stalls_over_a_mail_holds_us_no_longer_than_the_limit(
    tmp_path: Path, database: Database, stage: Stage
) -> None:
    began = time.monotonic()
    fault = Fault(at=stage, does=STALL)
    with (
        Peer(fault) as peer,
        mailer(mailing(tmp_path, database, peer.settings(timeout_seconds=1))) as server,
    ):
        outcome = hand_over(server)
        assert (outcome.verdict, hand_over(server).verdict) == ("lost", "sent")
    assert "no answer within 1 seconds" in outcome.words
    assert time.monotonic() - began < ENOUGH


@pytest.mark.slow
def test_a_server_that_greets_no_one_holds_us_no_longer_than_the_limit(
    tmp_path: Path, database: Database
) -> None:
    began = time.monotonic()
    with Peer(Fault(at="greeting", does=STALL)) as peer:
        why = refused(tmp_path, database, peer.settings(timeout_seconds=1))
    assert why.startswith(f"the mail server 127.0.0.1:{peer.port} does not answer as it should")
    assert "no answer within 1 seconds" in why
    assert time.monotonic() - began < ENOUGH


@pytest.mark.slow
def test_a_server_that_dribbles_byte_by_byte_holds_us_no_longer_than_the_limit(
    tmp_path: Path, database: Database
) -> None:
    began = time.monotonic()
    with Peer(dribble=0.6) as peer:
        why = refused(tmp_path, database, peer.settings(timeout_seconds=1))
    assert "no answer within 1 seconds" in why
    assert time.monotonic() - began < ENOUGH


@pytest.mark.slow
def test_a_server_that_stops_reading_holds_us_no_longer_than_the_limit(
    tmp_path: Path, database: Database
) -> None:
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        Thread(target=_promise, args=(deaf,), daemon=True).start()
        settings = f'smtp = {{ host = "127.0.0.1", port = {deaf.getsockname()[1]}, timeout_seconds = 1 }}'
        with mailer(mailing(tmp_path, database, settings)) as server:
            outcome = server.send("ana@example.org", CONTENT + b"x" * 50_000_000)
    assert outcome.verdict == "lost"
    assert time.monotonic() - began < ENOUGH


def _promise(deaf: socket.socket) -> None:
    """Say yes to everything at once, and then read no more."""
    connection, _ = deaf.accept()
    with connection:
        connection.sendall(b"220 a\r\n250 b\r\n250 c\r\n250 d\r\n354 e\r\n")
        time.sleep(ENOUGH)


@pytest.mark.slow
def test_a_server_that_refuses_connections_is_out_of_reach(tmp_path: Path, database: Database) -> None:
    with Peer() as peer:
        peer.refuse()
        why = refused(tmp_path, database, peer.settings())
    assert why == (
        f"the mail server 127.0.0.1:{peer.port} does not answer as it should (Connection refused); "
        "check digest.smtp, and that it runs"
    )


@pytest.mark.slow
def test_a_host_that_does_not_exist_is_out_of_reach(tmp_path: Path, database: Database) -> None:
    why = refused(tmp_path, database, 'smtp = { host = "nowhere.invalid", timeout_seconds = 5 }')
    assert "the mail server nowhere.invalid:25 does not answer as it should" in why


@pytest.mark.slow
@pytest.mark.parametrize("greeting", ["554 5.3.2 no service here", "421 4.3.2 too busy"])
def test_a_server_that_turns_us_away_is_out_of_reach(
    tmp_path: Path, database: Database, greeting: str
) -> None:
    with Peer(Fault(at="greeting", does=greeting)) as peer:
        assert greeting in refused(tmp_path, database, peer.settings())


def test_a_sender_whom_the_server_refuses_is_no_fault_of_the_mail(tmp_path: Path, database: Database) -> None:
    fault = Fault(at="MAIL", does="550 5.7.1 not yours", times=ALWAYS)
    why = r"takes no mail of ours \(550 5.7.1 not yours\); check digest.sender"
    with (
        Peer(fault) as peer,
        mailer(mailing(tmp_path, database, peer.settings())) as server,
        pytest.raises(Unavailable, match=why),
    ):
        hand_over(server)


def test_the_check_sends_nothing(peer: Peer, service: Service) -> None:
    assert check(service) == f"127.0.0.1:{peer.port} answers, unencrypted"
    assert peer.received == []


@pytest.mark.slow
def test_the_check_hears_what_a_server_has_against_us(tmp_path: Path, database: Database) -> None:
    with Peer(Fault(at="NOOP", does="451 4.3.0 in maintenance")) as peer:
        assert "(451 4.3.0 in maintenance)" in refused(tmp_path, database, peer.settings())


def test_starttls_encrypts_and_logs_in(tmp_path: Path, database: Database, pem: Path) -> None:
    with Peer(tls=pem, login=("ana", PASSWORD)) as peer:
        settings = peer.settings("starttls", "localhost", ca_file=str(pem), **LOGIN)
        service = mailing(tmp_path, database, settings)
        assert check(service) == f"localhost:{peer.port} answers, over TLSv1.3, and takes our login"
        with mailer(service) as server:
            assert hand_over(server).verdict == "sent"
    (received,) = peer.received
    assert (received.secured, received.login) == (True, "ana")


def test_tls_from_the_first_byte_on(tmp_path: Path, database: Database, pem: Path) -> None:
    with Peer(tls=pem, implicit=True, login=("ana", PASSWORD)) as peer:
        settings = peer.settings("tls", "localhost", ca_file=str(pem), **LOGIN)
        service = mailing(tmp_path, database, settings)
        assert check(service) == f"localhost:{peer.port} answers, over TLSv1.3, and takes our login"
        with mailer(service) as server:
            assert [hand_over(server).verdict for _ in range(2)] == ["sent", "sent"]
    assert [(one.secured, one.login) for one in peer.received] == [(True, "ana")] * 2


def test_the_certificates_file_may_be_relative_to_the_configuration(
    tmp_path: Path, database: Database, pem: Path
) -> None:
    (tmp_path / "own.pem").write_bytes(pem.read_bytes())
    with Peer(tls=pem) as peer:
        service = mailing(tmp_path, database, peer.settings("starttls", "localhost", ca_file="own.pem"))
        assert "over TLS" in check(service)


@pytest.mark.slow
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    tmp_path: Path, database: Database, pem: Path, security: str
) -> None:
    with Peer(tls=pem, implicit=security == "tls", login=("ana", PASSWORD)) as peer:
        why = refused(tmp_path, database, peer.settings(security, "localhost", **LOGIN))
    assert "shows a certificate that is not trusted (self-signed certificate); check digest.smtp.host" in why


@pytest.mark.slow
def test_a_certificate_of_another_host_is_not_trusted(tmp_path: Path, database: Database, pem: Path) -> None:
    with Peer(tls=pem) as peer:
        why = refused(tmp_path, database, peer.settings("starttls", "127.0.0.1", ca_file=str(pem)))
    assert "certificate is not valid for '127.0.0.1'" in why


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "why"),
    [("absent.pem", "No such file or directory"), ("config.toml", "it holds no certificate")],
)
def test_a_file_of_certificates_that_is_none_is_named(
    tmp_path: Path, database: Database, file: str, why: str
) -> None:
    settings = f'smtp = {{ security = "tls", ca_file = "{file}" }}'
    assert (
        refused(tmp_path, database, settings) == f"{file} cannot be used ({why}); check digest.smtp.ca_file"
    )


@pytest.mark.slow
def test_a_server_without_starttls_is_not_mailed_to_in_the_clear(tmp_path: Path, database: Database) -> None:
    with Peer() as peer:
        why = refused(tmp_path, database, peer.settings("starttls"))
    assert "lacks what is configured (STARTTLS extension not supported by server.)" in why


@pytest.mark.slow
def test_a_server_without_tls_is_told_from_one_that_is_down(tmp_path: Path, database: Database) -> None:
    with Peer() as peer:
        why = refused(tmp_path, database, peer.settings("tls"))
    assert "does not speak TLS with us" in why
    assert "check digest.smtp.port and security" in why


@pytest.mark.slow
def test_a_wrong_password_is_said_and_never_repeated(tmp_path: Path, database: Database, pem: Path) -> None:
    with Peer(tls=pem, login=("ana", "another")) as peer:
        why = refused(tmp_path, database, peer.settings("starttls", "localhost", ca_file=str(pem), **LOGIN))
    assert "refuses our login (535 5.7.8 no such login, password was …)" in why
    assert PASSWORD not in why


def test_what_a_server_repeats_of_our_login_is_left_out(tmp_path: Path, database: Database) -> None:
    coded = base64.b64encode(f"\0ana\0{PASSWORD}".encode()).decode()
    fault = Fault(at="RCPT", does=f"550 you said {coded} and {PASSWORD}", times=ALWAYS)
    with (
        Peer(fault, login=("ana", PASSWORD)) as peer,
        mailer(mailing(tmp_path, database, peer.settings(**LOGIN))) as server,
    ):
        assert hand_over(server).words == "550 you said … and …"


def test_a_servers_words_are_put_on_one_short_line(tmp_path: Path, database: Database) -> None:
    fault = Fault(at="RCPT", does=f"550-first\x1b[31m\r\n550-\u202esecond\r\n550 {'x' * 400}")
    with Peer(fault) as peer, mailer(mailing(tmp_path, database, peer.settings())) as server:
        words = hand_over(server).words
    assert words.startswith("550 first [31m second xxx")
    assert words.isprintable()
    assert len(words) == 200


@pytest.mark.slow
def test_a_login_travels_unencrypted_within_this_machine_only(tmp_path: Path, database: Database) -> None:
    with Peer(login=("ana", PASSWORD)) as peer:
        assert "takes our login" in check(mailing(tmp_path, database, peer.settings(**LOGIN)))
    with Peer(login=("ana", PASSWORD), host=_address_outside()) as peer:
        why = refused(tmp_path, database, peer.settings(**LOGIN))
    assert why == (
        f"the password for {peer.host}:{peer.port} would travel unencrypted; "
        'write security = "starttls" or "tls" in digest.smtp'
    )


def _address_outside() -> str:
    """An address of this machine at which others reach it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unsent:
        try:
            unsent.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine is on no network")
        return str(unsent.getsockname()[0])


@pytest.mark.slow
def test_a_user_name_without_a_password_is_said(tmp_path: Path, database: Database) -> None:
    with Peer() as peer:
        why = refused(tmp_path, database, peer.settings(username="ana"))
    assert why == "digest.smtp.username has no password beside it; set POSTERITY__DIGEST__SMTP__PASSWORD"


@pytest.mark.slow
def test_a_password_beyond_ascii_is_said(tmp_path: Path, database: Database) -> None:
    foreign = f"{PASSWORD}-ä"
    with Peer(login=("ana", foreign)) as peer:
        why = refused(tmp_path, database, peer.settings(**LOGIN | {"password": foreign}))
    assert "username or password have letters beyond ASCII" in why


def test_a_server_that_wants_a_login_is_no_fault_of_the_mail(tmp_path: Path, database: Database) -> None:
    with (
        Peer(login=("ana", PASSWORD)) as peer,
        mailer(mailing(tmp_path, database, peer.settings())) as server,
        pytest.raises(Unavailable, match=r"530 5\.7\.0 Authentication required"),
    ):
        hand_over(server)


def test_neither_host_nor_password_of_a_mailer_is_shown(tmp_path: Path, database: Database) -> None:
    with Peer() as peer:
        server = mailer(mailing(tmp_path, database, peer.settings(**LOGIN)))
        assert PASSWORD not in repr(server)
        assert PASSWORD not in repr(vars(server))


def test_a_name_of_two_addresses_is_tried_at_both(tmp_path: Path, database: Database) -> None:
    found = {one[4][0] for one in socket.getaddrinfo("localhost", 25, type=socket.SOCK_STREAM)}
    with Peer() as peer:  # on 127.0.0.1 alone
        service = mailing(tmp_path, database, peer.settings(host="localhost"))
        assert "answers" in check(service), found
