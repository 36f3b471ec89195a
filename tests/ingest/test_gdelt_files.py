"""Names, archives and lists of exports: sound ones, and what hostile ones get."""

import struct
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.gdelt import files
from ingest.gdelt.files import Named, exports_of, named, quarters, sibling, unpacked
from model.errors import InputRefused
from tests.ingest.gdelt_exports import STAMP, archive, cells, export, line, zipped

LIST = "https://data.example.org/gdeltv2/lastupdate.txt"
NAME = f"{STAMP}.export.CSV.zip"
BODY = export(cells())


@pytest.mark.parametrize(
    ("name", "stamp"),
    [
        (NAME, STAMP),
        (f"{STAMP}.export.csv", STAMP),
        (f"{STAMP}.translation.export.CSV.zip", STAMP),
        (f"{STAMP}.export2.excel-mangled.csv", STAMP),
        (f"{STAMP}.mentions.CSV.zip", None),
        (f"{STAMP}.gkg.csv.zip", None),
        ("20261331221500.export.CSV", None),
        (f"{STAMP}0.export.CSV", None),
        ("2026013122150.export.CSV", None),
        ("export.CSV", None),
        (f"{STAMP}.export.CSV.gz", None),
        (f"{STAMP}.export.CSV\n", None),
    ],
)
def test_the_name_of_an_export_begins_with_its_moment(name: str, stamp: str | None) -> None:
    found = named(name)
    assert (found.stamp if found else None) == stamp


def test_an_export_comes_out_of_its_archive_or_as_it_is() -> None:
    assert unpacked(zipped(BODY), NAME) == BODY
    assert unpacked(archive({"x.CSV": BODY}, zipfile.ZIP_STORED), NAME) == BODY
    assert unpacked(BODY, f"{STAMP}.export.CSV") == BODY


def renamed(name: bytes) -> bytes:
    """An archive of a file under a name that no honest tool writes."""
    return archive({"a" * len(name): BODY}).replace(b"a" * len(name), name)


def flagged(flag: int) -> bytes:
    """An archive with a flag of its member set in both of its headers."""
    body = bytearray(zipped(BODY))
    central = body.rindex(b"PK\x01\x02")
    for at in (6, central + 8):
        body[at] |= flag
    return bytes(body)


def bomb() -> bytes:
    """A small archive of very much."""
    return zipped(b"\0" * (files.MAX_EXPORT + 1))


def lying_bomb() -> bytes:
    """The same, saying that it is small."""
    body = bytearray(bomb())
    central = body.rindex(b"PK\x01\x02")
    struct.pack_into("<L", body, 22, 1000)
    struct.pack_into("<L", body, central + 24, 1000)
    return bytes(body)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "broken"),
        (b"<html>Not found</html>", "broken"),
        (zipped(BODY)[:-30], "broken"),
        (zipped(BODY)[30:], "broken"),
        (zipped(BODY).replace(b"\x08\x00", b"\x63\x00"), "unusual way|broken"),
        (archive({}), "holds 0 files"),
        (archive({"a.CSV": BODY, "b.CSV": BODY}), "holds 2 files"),
        (archive({f"{number}.CSV": b"" for number in range(3000)}), "holds 3,000 files"),
        (archive({"folder/": b""}), "a folder"),
        (archive({"../../etc/passwd": BODY}), "of another one"),
        (archive({"/etc/passwd": BODY}), "of another one"),
        (renamed(b"..\\evil.CSV"), "of another one"),
        (renamed(b"C:evil.CSV"), "of another one"),
        (renamed(b"a.CSV\0.exe"), "of another one"),
        (archive({"a.CSV": BODY}, zipfile.ZIP_LZMA), "unusual way"),
        (archive({"a.CSV": BODY}, zipfile.ZIP_BZIP2), "unusual way"),
        (flagged(0x1), "locked"),
        (bomb(), "larger than 64 MB"),
        (lying_bomb(), "broken"),
        (archive({"a.CSV": bytes(range(256)) * 40_000}, zipfile.ZIP_STORED), "larger than 8 MB"),
    ],
    ids=range(20),
)
def test_an_archive_that_is_broken_or_means_harm_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(InputRefused, match=said) as caught:
        unpacked(body, NAME)
    assert "\n" not in str(caught.value)


def test_an_archive_whose_content_was_damaged_is_refused() -> None:
    body = bytearray(archive({"a.CSV": BODY}, zipfile.ZIP_STORED))
    body[60] ^= 1
    with pytest.raises(InputRefused, match="broken"):
        unpacked(bytes(body), NAME)


def test_an_archive_within_an_archive_is_not_opened() -> None:
    inner = zipped(BODY)
    assert unpacked(zipped(inner, "inner.zip"), NAME) == inner


def test_an_export_that_is_too_large_is_refused() -> None:
    with pytest.raises(InputRefused, match="larger than 64 MB"):
        unpacked(b"a" * (files.MAX_EXPORT + 1), f"{STAMP}.export.CSV")


@given(st.binary(max_size=200))
def test_no_bytes_break_the_opening_of_archives(body: bytes) -> None:
    for written in (body, b"PK\3\4" + body, zipped(BODY) + body):
        try:
            unpacked(written, NAME)
        except InputRefused:
            continue


@given(st.data())
def test_no_mutation_breaks_the_opening_of_archives(data: st.DataObject) -> None:
    body = bytearray(zipped(BODY))
    for _ in range(data.draw(st.integers(1, 6))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = unpacked(bytes(body), NAME)
    except InputRefused:
        return
    assert found == BODY


# ---- lists ---------------------------------------------------------------------------------------------


def listing(*stamps: str, base: str = "http://data.example.org/gdeltv2/") -> str:
    return "".join(line(BODY, f"{base}{stamp}.export.CSV.zip") for stamp in stamps)


def test_the_exports_of_a_list_are_those_of_events_oldest_first() -> None:
    others = line(b"x", f"http://data.example.org/gdeltv2/{STAMP}.mentions.CSV.zip")
    others += line(b"x", f"http://data.example.org/gdeltv2/{STAMP}.gkg.csv.zip")
    found = exports_of(listing(STAMP, "20260131220000") + others, LIST)
    assert [one.named.stamp for one in found] == ["20260131220000", STAMP]
    assert found[1].url == f"http://data.example.org/gdeltv2/{NAME}"
    assert found[1].fits(BODY)
    assert not found[1].fits(BODY[:-1] + b"x")
    assert not found[1].fits(BODY + b"x")


def test_a_list_may_name_files_beside_itself() -> None:
    (found,) = exports_of(listing(STAMP, base=""), LIST)
    assert found.url == f"https://data.example.org/gdeltv2/{NAME}"


@pytest.mark.parametrize("text", ["", "<html>Not found</html>", f"1 2 {NAME}", f"12345 {'g' * 32} {NAME}"])
def test_what_is_no_list_of_exports_is_refused(text: str) -> None:
    with pytest.raises(InputRefused, match="no list of event exports"):
        exports_of(text, LIST)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading_of_lists(text: str) -> None:
    for written in (text, f"1 {'0' * 32} {text}.export.CSV.zip", f"1 {'0' * 32} http://{text}/{NAME}"):
        try:
            found = exports_of(written, LIST)
        except InputRefused:
            continue
        assert all(isinstance(one.named, Named) for one in found)


def test_the_exports_between_two_are_one_every_quarter_of_an_hour() -> None:
    after, until = datetime(2026, 1, 31, 23, 30, tzinfo=UTC), datetime(2026, 2, 1, 0, 30, tzinfo=UTC)
    assert quarters(after, until, 96) == ["20260131234500", "20260201000000", "20260201001500"]
    assert quarters(after, until, 2) == ["20260131234500", "20260201000000"]
    assert quarters(until, until, 96) == quarters(until, after, 96) == []
    assert quarters(datetime(2015, 2, 18, 23, tzinfo=UTC), until, 1) == ["20150218231500"]
    assert quarters(datetime(2026, 2, 1, 0, 7, tzinfo=UTC), until, 9) == ["20260201001500"]


def test_an_export_that_is_not_listed_is_named_like_one_that_is() -> None:
    (known,) = exports_of(listing(STAMP), LIST)
    found = sibling(known, "20260131220000")
    assert found.url == "http://data.example.org/gdeltv2/20260131220000.export.CSV.zip"
    assert found.named == Named("20260131220000", "20260131220000.export.CSV.zip")
    assert found.fits(zipped(BODY))
    assert not found.fits(b"<html>Not found</html>")
