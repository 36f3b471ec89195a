"""Readers subscribe and unsubscribe: by the configuration, by command and by the link in a mail."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from model.errors import ConfigurationError
from service import readers
from service.mail import message
from storage.database import Database, open_database
from storage.subscribers import Subscriber, subscriber_of
from tests.service.commands import Desk, quiet, said_in_one_line
from tests.service.configurations import FORECAST
from tests.service.letters import MONDAY, Hand, letter, mailing

TWO = 'recipients = ["Ana Ö <Ana@example.org>", "bob@example.org"]'
NAMED = f"[digest]\n{TWO}\n{quiet('quiet')}{quiet('loud')}"


def addresses(found: list[Subscriber]) -> list[str]:
    return [one.address for one in found]


def test_configured_recipients_are_subscribed_once(tmp_path: Path, database: Database) -> None:
    service = mailing(tmp_path, database, TWO)
    assert addresses(readers.seed(service)) == ["Ana@example.org", "bob@example.org"]
    assert readers.seed(service) == []
    found = readers.listed(service)
    assert [(one.mailbox, one.forecasts, one.alerts) for one in found] == [
        ("Ana Ö <Ana@example.org>", (), True),
        ("bob@example.org", (), True),
    ]


def test_a_recipient_who_is_configured_later_is_subscribed_then(tmp_path: Path, database: Database) -> None:
    readers.seed(mailing(tmp_path, database, TWO))
    more = mailing(tmp_path, database, TWO.replace("]", ', "zoe@example.org"]'))
    assert addresses(readers.seed(more)) == ["zoe@example.org"]


def test_who_unsubscribed_is_not_subscribed_again_by_the_configuration(
    tmp_path: Path, database: Database
) -> None:
    service = mailing(tmp_path, database, TWO)
    ana, _ = readers.seed(service)
    assert readers.unsubscribe(service, ana.token) is not None
    assert readers.seed(mailing(tmp_path, database, TWO.replace("Ana@", "ANA@"))) == []
    assert addresses(readers.listed(service)) == ["bob@example.org"]


def test_what_a_reader_chose_goes_before_the_configuration(tmp_path: Path, database: Database) -> None:
    service = mailing(tmp_path, database, TWO)
    readers.subscribe(service, "ana@example.org", alerts=False)
    assert addresses(readers.seed(service)) == ["bob@example.org"]
    assert [one.alerts for one in readers.listed(service)] == [False, True]


def test_an_address_that_no_server_takes_is_refused_with_the_configuration(
    tmp_path: Path, database: Database
) -> None:
    with pytest.raises(ConfigurationError, match="letters beyond ASCII before the @"):
        mailing(tmp_path, database, 'recipients = ["bob@example.org", "jörg@example.org"]')
    assert readers.listed(mailing(tmp_path, database)) == []


def test_a_reader_unsubscribes_by_the_link_in_a_mail(tmp_path: Path, database: Database) -> None:
    clock = Hand()
    service = mailing(tmp_path, database, clock=clock, more='[serve]\npublic_url = "https://example.org"')
    ana = readers.subscribe(service, "ana@example.org")
    mail = message(service, letter(ana.mailbox, unsubscribe=ana.token), at=MONDAY)
    (token,) = re.findall(r"<https://example\.org/unsubscribe/([^/>]+)>", str(mail["List-Unsubscribe"]))
    clock.now += timedelta(days=1)
    gone = replace(ana, active=False, since=clock.now)
    assert readers.unsubscribe(service, token) == gone
    clock.now += timedelta(days=1)
    assert readers.unsubscribe(service, token) == gone
    assert readers.listed(service) == []


@pytest.mark.parametrize("token", ["", "x", "' OR 1=1 --", "\N{BULLET}" * 500])
def test_a_link_of_nobody_unsubscribes_nobody(tmp_path: Path, database: Database, token: str) -> None:
    service = mailing(tmp_path, database, TWO)
    readers.seed(service)
    assert readers.unsubscribe(service, token) is None
    assert len(readers.listed(service)) == 2


def test_tokens_cannot_be_guessed(tmp_path: Path, database: Database) -> None:
    service = mailing(tmp_path, database, TWO)
    tokens = {one.token for one in readers.seed(service)}
    assert len(tokens) == 2
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32}", token) for token in tokens)
    with database.reading() as session:
        assert all(subscriber_of(session, token) for token in tokens)


def test_forecasts_are_kept_in_the_configurations_order(tmp_path: Path, database: Database) -> None:
    service = mailing(tmp_path, database, more=FORECAST.format(id="b") + FORECAST.format(id="a"))
    ana = readers.subscribe(service, "ana@example.org", forecasts=["f", "a", "b", "a"])
    assert ana.forecasts == ("b", "a", "f")


def test_many_who_seed_at_once_subscribe_each_recipient_once(tmp_path: Path, database_url: str) -> None:
    def seed_alone(number: int) -> list[Subscriber]:
        folder = tmp_path / str(number)
        folder.mkdir()
        with open_database(database_url) as own:
            return readers.seed(mailing(folder, own, TWO))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(seed_alone, range(8)))
    with open_database(database_url) as database, database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM subscription")) == 2


def test_a_reader_is_added_listed_and_removed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, NAMED)
    added = desk.types("subscribers", "add", "Zoe <zoe@example.org>", "--forecast", "loud", "--moved", "5")
    assert (added.code, added.err) == (0, "")
    assert added.out == (
        "Zoe <zoe@example.org> gets a digest when one moved by more than 5 pp, of loud, and alerts\n"
    )
    listed = desk.types("subscribers", "list")
    assert listed.out.splitlines()[-1] == "3 readers"
    assert [line.split()[0] for line in listed.out.splitlines()[2:5]] == [
        *("Ana@example.org", "bob@example.org", "zoe@example.org")
    ]
    removed = desk.types("subscribers", "remove", "ZOE@example.org")
    assert removed.out == "Zoe <zoe@example.org> gets nothing any more\n"
    assert [one["address"] for one in desk.types("subscribers", "list", "--json").json] == [
        *("Ana@example.org", "bob@example.org")
    ]


def test_a_reader_for_machines_has_no_token(tmp_path: Path) -> None:
    desk = Desk(tmp_path, NAMED)
    added = desk.types("subscribers", "add", "zoe@example.org", "--name", "Zoe", "--no-alerts", "--json")
    (token,) = (row[0] for row in desk.rows("SELECT token FROM subscription"))
    (_, _, zoe) = desk.types("subscribers", "list", "--json").json
    assert added.json == zoe
    assert zoe.pop("since")
    assert zoe == {
        "address": "zoe@example.org",
        "name": "Zoe",
        "forecasts": [],
        "moved_points": None,
        "alerts": False,
        "active": True,
    }
    for answer in (added, desk.types("subscribers", "list"), desk.types("subscribers", "list", "--json")):
        assert token not in answer.out


def test_adding_a_reader_again_changes_what_they_get(tmp_path: Path) -> None:
    desk = Desk(tmp_path, NAMED)
    desk.types("subscribers", "add", "zoe@example.org", "--moved", "5")
    again = desk.types("subscribers", "add", "zoe@example.org", "--no-alerts")
    assert again.out == "zoe@example.org gets a digest every week, of all forecasts, and no alerts\n"
    assert len(desk.rows("SELECT id FROM subscription WHERE address = 'zoe@example.org'")) == 2


def test_a_recipient_whom_only_the_configuration_names_can_be_removed_for_good(tmp_path: Path) -> None:
    desk = Desk(tmp_path, NAMED)
    removed = desk.types("subscribers", "remove", "bob@example.org", "--json")
    assert (removed.json["address"], removed.json["active"]) == ("bob@example.org", False)
    assert "1 reader" in desk.types("subscribers", "list").out


def test_where_nobody_is_subscribed_the_list_says_so(tmp_path: Path) -> None:
    assert Desk(tmp_path).types("subscribers", "list").out == "no readers\n"
    assert said_in_one_line(Desk(tmp_path).types("subscribers", "remove", "a@b"), 2) == (
        '"a@b" is not subscribed; `posterity subscribers list` shows who is'
    )


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["add", "ana"], '"ana" is no address of mail; write one such as "Desk <desk@example.org>"'),
        (["add", "a@b\nBcc: c@d"], '"a@b Bcc: c@d" is no address of mail; write one such as'),
        (["add", "jörg@example.org"], '"jörg@example.org" has letters beyond ASCII before the @'),
        (["add", "a@b", "--forecast", "quite"], 'no forecast is called "quite"; did you mean quiet?'),
        (["add", "a@b", "--moved", "0"], "0 are no percentage points; write a number above 0, at most 100"),
        (["add", "a@b", "--moved", "nan"], "nan are no percentage points; write a number above 0"),
        (["add", "a@b", "--moved", "much"], "Invalid value for '--moved'"),
        (
            ["remove", "bop@example.org"],
            '"bop@example.org" is not subscribed; did you mean bob@example.org?',
        ),
        (["lsit"], "No such command 'lsit'. Did you mean 'list'?"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_what_makes_no_sense_is_said_in_one_line(tmp_path: Path, typed: list[str], said: str) -> None:
    desk = Desk(tmp_path, NAMED)
    assert said_in_one_line(desk.types("subscribers", *typed), 2).startswith(said)


@pytest.mark.parametrize(
    "command", [["subscribers"], ["subscribers", "add"], ["subscribers", "list"], ["subscribers", "remove"]]
)
def test_each_command_shows_what_it_does_and_an_example(tmp_path: Path, command: list[str]) -> None:
    shown = " ".join(Desk(tmp_path).types(*command, "--help").out.split())
    assert f"Example: posterity {' '.join(command)}" in shown
