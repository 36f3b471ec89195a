"""`posterity digest`: written to a file or sent, and what it answers."""

import email
import email.policy
import json
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.service.andes import ANDES, FIRST
from tests.service.commands import Desk, said_in_one_line
from tests.service.smtp_peer import ALWAYS, Fault, Peer

pytestmark = pytest.mark.sqlite("who is written what; its statements meet a server elsewhere")


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture
def desk(tmp_path: Path, peer: Peer) -> Desk:
    """A folder with one run of a forecast, whose mail goes to the peer."""
    desk = Desk(tmp_path, digest_to(peer) + ANDES)
    desk.types("ingest", desk.write("r.jsonl", *FIRST))
    assert desk.types("run", "--as-of", "2025-06-30").code == 0
    return desk


def digest_to(peer: Peer) -> str:
    return f'[digest]\nsender = "Posterity <posterity@example.org>"\n{peer.settings()}\n'


def this_week(desk: Desk) -> str:
    answer = desk.types("digest", "--dry-run", "-o", desk.folder / "x.eml", "--json")
    return str(answer.json["week"])


def mail_in(path: Path) -> EmailMessage:
    parsed = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


@pytest.mark.slow
def test_a_dry_run_writes_a_whole_mail_and_stores_and_sends_nothing(desk: Desk, peer: Peer) -> None:
    before = desk.counts()
    answer = desk.types("digest", "--dry-run", "-o", desk.folder / "week.eml")
    assert (answer.code, answer.err) == (0, "")
    mail = mail_in(desk.folder / "week.eml")
    assert answer.out == (f"wrote {desk.folder}/week.eml\nTo: nobody@localhost\nSubject: {mail['Subject']}\n")
    assert mail["Subject"].endswith("Base 77 % (0.0 pp); stale") or "from its prior" in mail["Subject"]
    (text, page) = (mail.get_body([kind]) for kind in ("plain", "html"))
    assert text is not None
    assert page is not None
    assert "Deals in the Andes" in text.get_content()
    assert "A preview: nobody is subscribed" in " ".join(text.get_content().split())
    assert [part.get_content_type() for part in mail.walk()][-1] == "image/png"
    assert mail["List-Unsubscribe"] is None
    assert desk.counts() == before
    assert peer.received == []


def test_a_dry_run_names_its_file_after_the_week(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.folder)
    answer = desk.types("digest", "--dry-run", "--week", "2025-07-02", "--json")
    assert answer.json["week"] == "2025-W27"
    assert answer.json["path"] == "digest-2025-W27.eml"
    assert mail_in(desk.folder / "digest-2025-W27.eml")["To"] == "nobody@localhost"


@pytest.mark.slow
def test_a_dry_run_is_of_one_reader_who_may_be_named(desk: Desk) -> None:
    for name in ("ana", "ben"):
        desk.types("subscribers", "add", f"{name}@example.org")
    file = desk.folder / "x.eml"
    first = desk.types("digest", "--dry-run", "-o", file, "--json").json
    assert first["recipient"] == "ana@example.org"
    assert desk.types("digest", "--dry-run", "-o", file, "--to", "Ben@Example.org").code == 0
    assert mail_in(file)["To"] == "ben@example.org"
    assert mail_in(file)["List-Unsubscribe"] is not None


def test_a_digest_is_sent_to_every_reader_once(desk: Desk, peer: Peer) -> None:
    for name in ("ana", "ben"):
        desk.types("subscribers", "add", f"{name}@example.org")
    week = this_week(desk)
    answer = desk.types("digest")
    assert answer.code == 0, answer
    assert answer.out == (
        f"{week}: 2 letters posted, 0 posted before, no readers of forecasts that did not move far enough\n"
        "2 mails sent, 0 waiting, 0 given up\n"
    )
    again = desk.types("digest")
    assert again.code == 0
    assert "no letters posted, 2 posted before" in again.out
    assert sorted(recipient for recipient, _ in peer.counts) == ["ana@example.org", "ben@example.org"]
    assert set(peer.counts.values()) == {1}
    (one, _) = peer.received
    assert "Deals in the Andes" in str(one.message.get_body(["plain"]))


@pytest.mark.slow
def test_a_digest_may_go_to_one_reader_alone(desk: Desk, peer: Peer) -> None:
    for name in ("ana", "ben"):
        desk.types("subscribers", "add", f"{name}@example.org")
    done = desk.types("digest", "--to", "ben@example.org", "--json")
    assert done.code == 0
    assert (done.json["posted"], done.json["delivery"]["sent"]) == (1, 1)
    assert [one.recipients for one in peer.received] == [("ben@example.org",)]


@pytest.mark.both("adds statements")
def test_where_nobody_is_subscribed_that_is_said_and_no_error(desk: Desk) -> None:
    answer = desk.types("digest")
    assert answer.code == 0
    assert "nobody is subscribed; `posterity subscribers add ADDRESS` subscribes a reader" in answer.out


def test_a_reader_of_forecasts_that_are_gone_is_named(desk: Desk) -> None:
    desk.types("subscribers", "add", "ana@example.org", "--forecast", "andes")
    text = (desk.folder / "config.toml").read_text(encoding="utf-8")
    desk.configure(text.replace('id = "andes"', 'id = "cordillera"'))
    answer = desk.types("digest")
    assert answer.code == 0
    assert "ana@example.org: none of their forecasts is configured, so they get nothing\n" in answer.out
    refused = desk.types("digest", "--dry-run", "-o", desk.folder / "x.eml")
    assert "none of the forecasts of" in said_in_one_line(refused, 2)


@pytest.mark.slow
def test_what_could_not_be_delivered_is_an_error_and_is_delivered_by_the_next(desk: Desk, peer: Peer) -> None:
    desk.types("subscribers", "add", "ana@example.org")
    peer.refuse()
    answer = desk.types("digest")
    assert answer.code == 1
    assert "no mails sent, 1 waiting, 0 given up\n" in answer.out
    assert answer.err.startswith("the mail server is in trouble: ")
    assert answer.err.count("\n") == 1


@pytest.mark.slow
def test_a_mail_that_is_refused_for_good_is_an_error(desk: Desk, peer: Peer) -> None:
    desk.types("subscribers", "add", "ana@example.org")
    desk.types("subscribers", "add", "ben@example.org")
    peer.faults.append(Fault(at="RCPT", does="550 no such reader", recipient="ana@example.org", times=ALWAYS))
    answer = desk.types("digest", "--json")
    assert answer.code == 1
    delivery = answer.json["delivery"]
    assert (delivery["sent"], delivery["waiting"], delivery["dead"]) == (1, 0, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "x.eml"], "--output belongs to --dry-run; leave it out, or write --dry-run too"),
        (["--week", "2099-01-01"], "the week 2099-W01 has not begun; write a day of "),
        (["--week", "W47"], "'W47' is not a day; write 2025-12-31"),
        (["--to", "who@example.org"], '"who@example.org" is not subscribed; `posterity subscribers list`'),
        (["--dry-run", "--to", "who@example.org"], '"who@example.org" is not subscribed'),
    ],
    ids=["output", "future", "day", "reader", "dry reader"],
)
def test_what_cannot_be_done_is_said_in_one_line(desk: Desk, arguments: list[str], said: str) -> None:
    assert said in said_in_one_line(desk.types("digest", *arguments), 2)


@pytest.mark.slow
def test_a_file_that_cannot_be_written_is_out_of_reach(desk: Desk) -> None:
    answer = desk.types("digest", "--dry-run", "-o", desk.folder / "none" / "x.eml")
    assert "none/x.eml: cannot be written (No such file or directory)" in said_in_one_line(answer, 3)


@pytest.mark.both("a process is killed")
@pytest.mark.slow
def test_a_digest_that_is_killed_in_between_is_finished_by_the_next_and_nobody_gets_it_twice(
    desk: Desk, peer: Peer
) -> None:
    readers = [f"reader{number}@example.org" for number in range(30)]
    text = (desk.folder / "config.toml").read_text(encoding="utf-8")
    desk.configure(text.replace("[digest]", f"[digest]\nrecipients = {json.dumps(readers)}"))
    cut_short = [kill_after(desk, letters) for letters in (1, 10)]
    assert min(cut_short) < len(readers)
    assert desk.types("digest").code == 0
    stated = desk.rows("SELECT recipient, document FROM message WHERE kind = 'digest'")
    assert sorted(recipient for recipient, _ in stated) == sorted(readers)
    assert len({document for _, document in stated}) == 1
    assert sorted(recipient for recipient, _ in peer.counts) == sorted(readers)
    assert set(peer.counts.values()) == {1}


def kill_after(desk: Desk, letters: int) -> int:
    """Kill a digest once it has posted so many letters, and count those that it has."""
    process = desk.start("digest")
    while posted(desk) < letters and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    return posted(desk)


def posted(desk: Desk) -> int:
    return int(desk.rows("SELECT count(*) FROM message")[0][0])
