"""Bytes in the encoding that they are in, and in none that they are said to be in."""

import codecs
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.decoding import UNDECODED, Decoded, declared_encodings, decode
from ingest.mojibake import legible
from model.errors import InputRefused
from tests.ingest.feed_examples import patience

SPANISH = "<title>Perú compra ocho helicópteros; España lo niega según la agencia</title>"
RUSSIAN = "<title>Россия и Перу подписали контракт на восемь вертолётов</title>"
GREEK = "<title>Το Περού αγόρασε οκτώ ελικόπτερα από τη Ρωσία</title>"
CYRILLIC = ("windows-1251", "koi8-r", "iso8859-5", "cp866")
LIES = ((), ("utf-8",), ("iso-8859-1",), ("us-ascii",), ("windows-1251",), ("koi8-r",), ("nonsense",))


def read(body: bytes, *declared: str) -> Decoded:
    return decode(body, declared=declared)


@pytest.mark.parametrize("declared", LIES)
@pytest.mark.parametrize("text", [SPANISH, RUSSIAN, GREEK])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
def test_unicode_is_read_whatever_is_declared(encoding: str, text: str, declared: tuple[str, ...]) -> None:
    assert read(text.encode(encoding), *declared).text == text


@pytest.mark.parametrize("declared", LIES)
@pytest.mark.parametrize("encoding", CYRILLIC)
def test_cyrillic_is_never_read_as_western_nor_in_a_wrong_cyrillic(
    encoding: str, declared: tuple[str, ...]
) -> None:
    found = read(RUSSIAN.encode(encoding), *declared)
    assert (found.text, found.encoding) == (RUSSIAN, encoding)
    assert bool(found.notes) == (declared != (encoding,))


@pytest.mark.parametrize("declared", LIES)
def test_western_letters_are_never_read_as_cyrillic(declared: tuple[str, ...]) -> None:
    assert read(SPANISH.encode("windows-1252"), *declared).text == SPANISH


@pytest.mark.parametrize(
    ("text", "encoding", "declared"),
    [
        ("€5 “dólares”", "windows-1252", "iso-8859-1"),
        ("Příliš žluťoučký kůň", "windows-1250", "windows-1250"),
        (GREEK, "iso8859-7", "iso-8859-7"),
        ("ロシアとペルー", "shift_jis", "shift_jis"),
        ("ロシアとペルー", "euc_jp", "euc-jp"),
        ("ロシアとペルー", "iso-2022-jp", "iso-2022-jp"),
        ("俄罗斯和秘鲁", "gbk", "gb2312"),
        ("러시아와 페루", "euc_kr", "euc-kr"),
        ("Украина и Україна", "koi8-u", "koi8-u"),
    ],
)
def test_a_declaration_that_is_true_is_followed(text: str, encoding: str, declared: str) -> None:
    assert read(text.encode(encoding), declared) == Decoded(
        text=text, encoding=read(text.encode(encoding), declared).encoding
    )


def test_the_first_declaration_that_fits_is_followed() -> None:
    assert read(RUSSIAN.encode("koi8-r"), "iso-8859-1", "koi8-r").notes == ()
    assert read(RUSSIAN.encode("koi8-r"), "iso-8859-1").notes == (
        "says that it is in iso-8859-1, and is not: read as koi8-r",
    )


@pytest.mark.parametrize("declared", LIES)
def test_utf8_of_which_every_second_letter_lost_a_byte_is_not_read_as_anything_else(
    declared: tuple[str, ...],
) -> None:
    found = read("ру ".encode().replace(b"\x80", b"") * 20, *declared)
    assert (found.text, found.encoding) == (f"{UNDECODED}у " * 20, "utf-8")


def test_letters_are_judged_wherever_they_stand() -> None:
    body = b"<p>plain English</p>" * 20_000 + RUSSIAN.encode("koi8-r")
    assert read(body, "iso-8859-1").text.endswith(RUSSIAN)
    assert read(body, "windows-1251").text.endswith(RUSSIAN)


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece", [b"\xd0\xd1\x83 ", b"\xe0", b"a\xe9", bytes(range(128, 256)), "Россия ".encode("koi8-r")]
)
def test_a_megabyte_of_anything_is_read_before_long(piece: bytes) -> None:
    for declared in LIES:
        with patience(60), suppress(InputRefused):
            read(piece * (1_000_000 // len(piece)), *declared)


def test_greek_that_is_declared_as_western_is_refused_instead_of_guessed() -> None:
    with pytest.raises(InputRefused, match="its letters make no words in any other"):
        read(GREEK.encode("iso8859-7"), "iso-8859-1")


@pytest.mark.parametrize("declared", ["utf-7", "UTF-7", "hz-gb-2312", "iso-2022-cn"])
def test_encodings_that_hide_letters_behind_ascii_are_refused(declared: str) -> None:
    with pytest.raises(InputRefused, match="which is not read"):
        read(b"+BCAEPgRBBEEEOARP- \x1b", declared)
    assert read("Perú".encode(), "zlib").text == "Perú"


def test_faults_in_utf8_are_marked_and_counted_and_lose_nothing_else() -> None:
    body = SPANISH.encode() + b"\xff\xfe" + RUSSIAN.encode() + b"\xc3"
    found = read(body, "utf-8")
    assert found.text == f"{SPANISH}{UNDECODED}{UNDECODED}{RUSSIAN}{UNDECODED}"
    assert found.notes == ("3 places mean no letter in its encoding; what holds one is refused",)
    assert read(b"<a>caf\xc3...</a>", "utf-8").text == f"<a>caf{UNDECODED}...</a>"


def test_a_text_that_is_no_utf16_behind_its_mark_is_refused() -> None:
    with pytest.raises(InputRefused, match="begins as UTF-16-LE and is not"):
        read(codecs.BOM_UTF16_LE + b"\x00\xd8" * 100)


def test_a_mark_is_no_part_of_the_text() -> None:
    assert read(codecs.BOM_UTF8 * 2 + b"<rss/>").text == "<rss/>"


@pytest.mark.parametrize(
    ("body", "content_type", "found"),
    [
        (b'<?xml version="1.0" encoding="koi8-r"?>', "text/xml; charset=UTF-8", ("UTF-8", "koi8-r")),
        (b"\n<?xml version='1.0' encoding='koi8-r' ?>", None, ("koi8-r",)),
        (codecs.BOM_UTF8 + b'<?xml encoding="x"?>', 'text/xml;charset="a b"', ("a", "x")),
        (b"<rss/>", "text/xml", ()),
        (b"<?xml" + b" " * 5000 + b'encoding="x"?>', "charset=" + "x" * 5000, ("x" * 40,)),
    ],
)
def test_what_http_and_xml_declare_is_found(body: bytes, content_type: str, found: tuple[str, ...]) -> None:
    assert declared_encodings(body, content_type) == found


@given(
    st.binary(max_size=400),
    st.lists(st.sampled_from(["utf-8", "latin-1", "koi8-r", "gbk", "utf-7", "\0", "x y"])),
)
def test_any_bytes_are_text_or_refused(body: bytes, declared: list[str]) -> None:
    try:
        found = read(body, *declared)
    except InputRefused:
        return
    assert not any("\ud800" <= letter <= "\udfff" for letter in found.text)
    assert found.encoding in {
        "utf-8",
        "utf-16-le",
        "utf-16-be",
        "utf-32-le",
        "utf-32-be",
        "gb18030",
    } or legible(found.text)


@given(st.text(st.characters(codec="utf-8")), st.sampled_from(["latin-1", "koi8-r", "gbk"]))
def test_utf8_comes_back(text: str, declared: str) -> None:
    body = b"<rss>" + text.encode()
    assert read(body, declared).text == f"<rss>{text}"
