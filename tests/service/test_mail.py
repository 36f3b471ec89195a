import email
import re
from dataclasses import replace
from datetime import timedelta
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import InvalidValue
from service.addresses import mailbox, one_line
from service.composition import Service
from service.letters import Letter
from service.mail import LONGEST_SUBJECT, message, post, unsubscribe_link
from storage import outbox
from storage.database import Database, open_database
from tests.service.letters import MONDAY, PNG, letter, mailing, page, write

PUBLIC = '[serve]\npublic_url = "https://example.org/posterity"\n'
BREAKS = [
    "\r\n",
    "\n",
    "\r",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x85",
    "\u2028",
    "\x00",
    "\u202e",
    "\ud800",
    "\t",
    "  ",
]
FORGED = [
    "Bcc: eve@example.net",
    "=?utf-8?q?=0D=0ABcc:_eve?=",
    "=?",
    '"',
    "\\",
    "<eve@example.net>",
    ",",
    ".",
]
hostile = st.lists(st.one_of(st.sampled_from(BREAKS + FORGED), st.text(max_size=12)), max_size=14).map(
    "".join
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    """One that only makes mails, and never reaches its database."""
    with open_database("sqlite://") as database:
        return mailing(tmp_path_factory.mktemp("mail"), database, more=PUBLIC)


def parsed(service: Service, one: Letter) -> EmailMessage:
    """The mail as a mail program reads its bytes."""
    return read(message(service, one, at=MONDAY).as_bytes())


def read(content: bytes) -> EmailMessage:
    found = email.message_from_bytes(content, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def addressee(content: bytes) -> tuple[str, str]:
    """Name and address of the one to whom a mail is, decoded as RFC 2047 says.

    The newer parser of the standard library puts a space between the encoded words of a name.
    """
    assert len(read(content)["To"].addresses) == 1
    written = email.message_from_bytes(content)["To"]
    name, address = parseaddr(re.sub(r"\r?\n", "", written))
    return str(make_header(decode_header(name))), address


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")  # which base64 keeps


def shape(mail: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in mail.walk()]


def names(mail: EmailMessage) -> list[str]:
    return [name.lower() for name in mail.keys()]  # noqa: SIM118 - a mail is no mapping: names repeat


def test_a_letter_becomes_a_page_with_its_image_beside_the_text(service: Service) -> None:
    mail = parsed(service, page())
    assert shape(mail) == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
    ]
    assert body(mail, "plain") == page().text
    assert body(mail, "html") == page().html
    (image,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert image.get_content() == PNG
    assert (image["Content-ID"], image.get_content_disposition()) == ("<chart@posterity>", "inline")


def test_a_page_without_images_stands_beside_the_text_alone(service: Service) -> None:
    mail = parsed(service, page(images={}))
    assert shape(mail) == ["multipart/alternative", "text/plain", "text/html"]


def test_plain_text_is_a_mail_of_one_part(service: Service) -> None:
    mail = parsed(service, letter(text="Ошибка — naïve\n"))
    assert shape(mail) == ["text/plain"]
    assert body(mail, "plain") == "Ошибка — naïve\n"


def test_headers_say_from_whom_to_whom_and_when(service: Service) -> None:
    mail = parsed(service, letter())
    assert mail["From"].addresses == (Address("Posterity", "posterity", "example.org"),)
    assert mail["To"].addresses == (Address("Ana", "ana", "example.org"),)
    assert (mail["Subject"], mail["Date"].datetime) == ("The week", MONDAY)
    assert (mail["Auto-Submitted"], mail["Precedence"]) == ("auto-generated", "bulk")


def test_the_same_letter_is_the_same_mail_to_the_byte(service: Service) -> None:
    one, other = (message(service, page(), at=MONDAY).as_bytes() for _ in range(2))
    assert one == other


def test_the_name_of_a_mail_is_its_kinds_keys_and_recipients_alone(service: Service) -> None:
    def name(one: Letter, days: int = 0) -> str:
        return str(message(service, one, at=MONDAY + timedelta(days=days))["Message-ID"])

    plain = letter()
    same = [replace(plain, text="other", subject="x"), replace(plain, recipient="A. <ANA@EXAMPLE.ORG>")]
    others = [
        replace(plain, key="2026-W03"),
        replace(plain, kind="alert"),
        replace(plain, recipient="bob@example.org"),
        replace(plain, key="2026-W02\0bob@example.org"),
    ]
    assert {name(one, days=3) for one in same} == {name(plain)}
    assert len({name(one) for one in [plain, *others]}) == 5
    assert re.fullmatch(r"<digest\.[0-9a-f]{32}@example\.org>", name(plain))


def test_a_reader_can_unsubscribe_in_one_click(service: Service) -> None:
    mail = parsed(service, letter(unsubscribe="to-ken_1"))
    assert mail["List-Unsubscribe"] == (
        "<https://example.org/posterity/unsubscribe/to-ken_1>, "
        "<mailto:posterity@example.org?subject=unsubscribe>"
    )
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Id"] == "<digest.posterity.example.org>"


def test_one_click_is_offered_over_https_only(tmp_path: Path, service: Service) -> None:
    unsafe = PUBLIC.replace("https", "http")
    over_http = parsed(mailing(tmp_path, service.database, more=unsafe), letter(unsubscribe="t"))
    assert "http://example.org/posterity/unsubscribe/t" in over_http["List-Unsubscribe"]
    by_mail = parsed(mailing(tmp_path, service.database), letter(unsubscribe="t"))
    assert by_mail["List-Unsubscribe"] == "<mailto:posterity@example.org?subject=unsubscribe>"
    for mail in (over_http, by_mail):
        assert mail["List-Unsubscribe-Post"] is None


def test_a_letter_that_nobody_subscribed_to_offers_no_end(service: Service) -> None:
    assert not [name for name in names(parsed(service, letter(kind="alert"))) if name.startswith("list-")]


def test_a_long_address_of_the_web_stays_readable_for_programs(tmp_path: Path, service: Service) -> None:
    long = f"https://example.org/{'very-long-folder/' * 20}x"
    own = mailing(tmp_path, service.database, more=f'[serve]\npublic_url = "{long}"\n')
    content = message(own, letter(unsubscribe="t" * 32), at=MONDAY).as_bytes()
    assert f"List-Unsubscribe: <{long}/unsubscribe/{'t' * 32}>,\r\n".encode() in content


def test_an_address_of_the_web_beyond_ascii_is_encoded() -> None:
    assert unsubscribe_link("https://exämple.org:8443/prévision", "t") == (
        "https://xn--exmple-cua.org:8443/pr%C3%A9vision/unsubscribe/t"
    )


@pytest.mark.slow
@given(subject=hostile, name=hostile, bodies=st.tuples(hostile, hostile), key=hostile)
def test_whatever_a_letter_says_its_mail_says_and_no_more(
    service: Service, subject: str, name: str, bodies: tuple[str, str], key: str
) -> None:
    text, html = bodies
    plain = re.sub(r"[<>\"\\]", "", name)
    content = message(
        service,
        page(f"{plain} <ana@example.org>", subject=subject, text=text, html=html, key=key, unsubscribe="t"),
        at=MONDAY,
    ).as_bytes()
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", content)
    mail = read(content)
    assert [part.defects for part in mail.walk()] == [[]] * 5
    assert mail["Subject"] == one_line(subject, LONGEST_SUBJECT)
    assert addressee(content) == (one_line(plain, 100), "ana@example.org")
    assert body(mail, "plain") == as_sent(text)
    assert body(mail, "html") == as_sent(html)
    assert names(mail) == HEADERS


HEADERS = [
    *("from", "to", "subject", "date", "message-id", "auto-submitted", "precedence", "list-id"),
    *("list-unsubscribe", "list-unsubscribe-post", "mime-version", "content-type"),
]


def as_sent(text: str) -> str:
    """Text as it arrives: in lines that end with a line feed, and readable."""
    lines = re.sub(r"\r\n?", "\n", text)
    readable = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", lines)
    return readable if readable.endswith("\n") else f"{readable}\n"


@pytest.mark.slow
@given(name=hostile)
def test_a_quoted_name_arrives_as_it_was_meant(service: Service, name: str) -> None:
    escaped = re.sub(r'(["\\])', r"\\\1", re.sub("[<>]", "", name))
    one = letter(f'"{escaped}" <ana@example.org>')
    meant = re.sub(r"\\(.)", r"\1", one_line(escaped))
    assert addressee(message(service, one, at=MONDAY).as_bytes()) == (one_line(meant, 100), "ana@example.org")


def test_a_text_cannot_end_its_part(service: Service) -> None:
    content = message(service, page(), at=MONDAY).as_bytes()
    boundaries = re.findall(rb'boundary="([^"]+)"', content)
    assert len(boundaries) == 2
    forged = "".join(f"--{one.decode()}--\n" for one in boundaries)
    for text in (forged, f"{'Ж' * 99}\n{forged}"):
        assert body(parsed(service, page(text=text)), "plain") == text


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("a@b", "", "a@b"),
        ("  Ana   Ö <Ana.B+x@Example.ORG> ", "Ana Ö", "Ana.B+x@example.org"),
        ('"Doe, Jane" <jane@x.org>', "Doe, Jane", "jane@x.org"),
        ('"The \\"boss\\"" <b@x.org>', 'The "boss"', "b@x.org"),
        ("Doe, Jane <jane@x.org>", "Doe, Jane", "jane@x.org"),
        ("x@exämple.org", "", "x@xn--exmple-cua.org"),
        ("x@xn--strae-oqa.de", "", "x@xn--strae-oqa.de"),
        ("x@ドメイン.jp", "", "x@xn--eckwd4c7c.jp"),
    ],
)
def test_a_mailbox_is_read_as_people_write_it(written: str, name: str, address: str) -> None:
    found = mailbox(written)
    assert (found.name, found.address) == (name, address)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "is no address of mail"),
        ("ana", "is no address of mail"),
        ("Ana <>", "is no address of mail"),
        ("a@b, c@d", "is no address of mail"),
        ("<a@b> <c@d>", "is no address of mail"),
        ("a..b@c", "is no address of mail"),
        ("a b@c", "is no address of mail"),
        (f"{'a' * 65}@b.org", "is no address of mail"),
        ("a@-b.org", "is no address of mail"),
        ("a@b..org", "is no address of mail"),
        ("a@[127.0.0.1]", "is no address of mail"),
        ("a@b\r\nBcc: c@d", "is no address of mail"),
        ("jörg@example.org", "letters beyond ASCII before the @"),
        ("x@straße.de", "write it in its form xn--…"),
        ("x@\u2028.org", "is no address of mail"),
    ],
)
def test_what_no_server_would_take_is_refused_in_one_line(written: str, why: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        mailbox(written)
    assert why in str(refused.value)
    assert str(refused.value).isprintable()


def test_an_image_of_a_strange_name_is_refused(service: Service) -> None:
    with pytest.raises(InvalidValue, match="ids are letters"):
        message(service, page(images={"x>\r\nBcc: eve": PNG}), at=MONDAY)


def test_a_posted_letter_waits_in_the_outbox_word_for_word(tmp_path: Path, database: Database) -> None:
    service = mailing(tmp_path, database, more=PUBLIC)
    one = page("Ana <Ana@Example.org>", document={"week": "2026-W02", "moved": None})
    assert write(service, one) == [True]
    with database.session() as session:
        (claimed,) = outbox.claim(session, worker="w", at=MONDAY, until=MONDAY + timedelta(hours=1))
    assert claimed.content.encode("ascii") == message(service, one, at=MONDAY).as_bytes()
    assert claimed.recipient == "ana@example.org"
    assert claimed.message_id == str(read(claimed.content.encode())["Message-ID"])


def test_a_letter_posted_again_changes_nothing(tmp_path: Path, database: Database) -> None:
    service = mailing(tmp_path, database)
    again = letter("ANA <ANA@EXAMPLE.ORG>", text="Other words.")
    assert write(service, letter(), again, letter(key="2026-W03"), letter(kind="alert")) == [
        *(True, False, True, True)
    ]


def test_a_letter_to_nobody_is_refused_and_the_others_stay(tmp_path: Path, database: Database) -> None:
    service = mailing(tmp_path, database)
    with database.session() as session:
        post(session, service, letter(), at=MONDAY)
        with pytest.raises(InvalidValue):
            post(session, service, letter("nobody"), at=MONDAY)
    with database.reading() as session:
        assert outbox.counts(session)["waiting"] == 1
