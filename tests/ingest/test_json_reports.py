"""Reports out of JSON: lines, arrays, single objects, and whatever else people name .json."""

import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.records import MAX_LINE, Item, Parsed, Refused, document, lines

TODAY = date(2026, 2, 16)
GOOD: dict[str, object] = {
    "id": "a",
    "published_on": "2025-07-02",
    "tag": "delivery",
    "country": "PE",
    "headline": "Two helicopters arrive",
}
LINE = json.dumps(GOOD).encode()


def from_lines(data: bytes) -> list[Item]:
    return list(lines(io.BytesIO(data), today=TODAY))


def from_document(data: bytes) -> list[Item]:
    return list(document(data, today=TODAY))


def kinds(items: list[Item]) -> list[tuple[int, str]]:
    return [(item.line, "parsed" if isinstance(item, Parsed) else "refused") for item in items]


def only_refusal(data: bytes) -> Refused:
    (item,) = from_lines(data)
    assert isinstance(item, Refused)
    return item


def test_lines_are_read_in_order_and_blank_ones_skipped() -> None:
    items = from_lines(LINE + b"\n\n  \r\n" + LINE + b"\r\n" + LINE)
    assert kinds(items) == [(1, "parsed"), (4, "parsed"), (5, "parsed")]


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert kinds(from_lines(b"\xef\xbb\xbf" + LINE)) == [(1, "parsed")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{broken", "not JSON"),
        (LINE[:-1], "not JSON"),
        (LINE + b",", "something stands after the value"),
        (LINE + LINE, "something stands after the value"),
        (b"[1, 2]", "not an object"),
        (b'"text"', "not an object"),
        (b"null", "not an object"),
        (b"NaN", "not an object"),
        (b'{"id": "a", "id": "b"}', "'id' stands twice"),
        (LINE[:-1] + b', "note": NaN}', "note: is nan, which is not a number"),
        (LINE[:-1] + b', "note": -Infinity}', "note: is -inf, which is not a number"),
        (LINE[:-1] + b', "note": 1e999}', "note: is inf, which is not a number"),
        (LINE[:-1] + b', "note": ' + b"9" * 30 + b"}", "more than 64 bits"),
        (LINE[:-1] + b', "note": ' + b"9" * 5000 + b"}", "thousands of digits"),
        (LINE[:-1] + b', "note": ' + b"[" * 400_000 + b"}", "nested too deeply"),
        (b"[" * 900_000, "nested too deeply"),
        (LINE.replace(b"Two", b"\\ud800"), "headline: holds the character U+D800"),
        (LINE.replace(b"Two", b"\\u0000"), "headline: holds the character U+0000"),
        (LINE.replace(b"Two", b"\x00"), "not JSON"),
        (LINE.replace(b"Two", b"\xff"), "not UTF-8 at byte"),
        (LINE.replace(b'"PE"', b"5"), "country: is a number"),
    ],
)
def test_a_bad_line_is_refused_with_its_reason_and_text_and_the_rest_goes_on(line: bytes, said: str) -> None:
    before, refused, after = from_lines(LINE + b"\n" + line + b"\n" + LINE + b"\n")
    assert isinstance(before, Parsed)
    assert isinstance(after, Parsed)
    assert isinstance(refused, Refused)
    assert refused.line == 2
    assert said in refused.reason
    assert refused.text[:5] == line[:5].decode()
    assert len(refused.text) <= 2000


class Long(io.RawIOBase):
    """Ten good lines, each followed by one of ten million bytes, made as they are read."""

    def __init__(self) -> None:
        self._parts = self._made()

    def _made(self) -> Iterator[bytes]:
        for _ in range(10):
            yield LINE + b"\n"
            yield from (b"x" * 10_000 for _ in range(1000))
            yield b"\n"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        part = next(self._parts, b"")
        buffer[: len(part)] = part
        return len(part)


def test_lines_of_ten_megabytes_are_refused_without_being_held() -> None:
    tracemalloc.start()
    stream = io.BufferedReader(Long(), 10_000)  # type: ignore[type-var]  # it asks for more than it uses
    items = list(lines(stream, today=TODAY))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [line for line, _ in kinds(items)] == list(range(1, 21))
    assert [kind for _, kind in kinds(items)] == ["parsed", "refused"] * 10
    assert peak < 6 * MAX_LINE


def test_the_longest_line_allowed_is_read_and_one_byte_more_is_not() -> None:
    padded = LINE + b" " * (MAX_LINE - len(LINE))
    assert kinds(from_lines(padded + b"\n" + LINE)) == [(1, "parsed"), (2, "parsed")]
    assert "longer than 1,000,000 bytes" in only_refusal(padded + b" ").reason
    assert kinds(from_lines(padded + b" \r\n" + LINE)) == [(1, "refused"), (2, "parsed")]


@pytest.mark.parametrize("line", [b"\xef\xbb\xbf" + b"x" * (MAX_LINE + 9), b"x" * MAX_LINE + b"\r\r\r"])
def test_a_long_line_is_one_line_whatever_it_begins_or_ends_with(line: bytes) -> None:
    assert kinds(from_lines(line + b"\n" + LINE)) == [(1, "refused"), (2, "parsed")]


def test_an_array_gives_its_elements_with_their_lines() -> None:
    data = b"[\n" + LINE + b",\n\n" + LINE + b", 7\n]\n"
    assert kinds(from_document(data)) == [(2, "parsed"), (4, "parsed"), (4, "refused")]


@pytest.mark.parametrize("data", [b"[]", b" [ ] \n", b"", b" \n", b"\xef\xbb\xbf"])
def test_an_empty_document_holds_nothing(data: bytes) -> None:
    assert from_document(data) == []


@pytest.mark.parametrize("tail", [b", {broken", b" " + LINE + b"]", b"", b",", b"] x"])
def test_of_a_broken_array_what_stands_before_is_read(tail: bytes) -> None:
    good, refused = from_document(b"[" + LINE + tail)
    assert isinstance(good, Parsed)
    assert isinstance(refused, Refused)
    assert "the rest of the array was not read" in refused.reason


def test_a_single_object_may_be_spread_over_lines() -> None:
    assert kinds(from_document(b"\n" + json.dumps(GOOD, indent=2).encode())) == [(2, "parsed")]


def test_lines_in_a_json_document_are_read_as_lines() -> None:
    assert kinds(from_document(LINE + b"\n{broken\n" + LINE)) == [
        (1, "parsed"),
        (2, "refused"),
        (3, "parsed"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_json_document_may_be_in_any_unicode_encoding(encoding: str) -> None:
    assert kinds(from_document(f"[{LINE.decode()}]".encode(encoding))) == [(1, "parsed")]
    assert kinds(from_document((LINE.decode() + "\n" + LINE.decode()).encode(encoding))) == [
        (1, "parsed"),
        (2, "parsed"),
    ]


def test_a_json_document_in_no_encoding_is_refused_by_line() -> None:
    assert kinds(from_document(b'["\xff\xff"]')) == [(1, "refused")]


NOISE = st.binary(max_size=60) | st.sampled_from(
    [LINE, b"[", b"{", b"}", b"]", b"\n", b"\r\n", b"\x00", b","]
)
BYTES = st.lists(NOISE, max_size=8).map(b"".join)


@given(BYTES)
def test_every_line_of_any_bytes_is_accounted_for_once(data: bytes) -> None:
    body = data.removeprefix(b"\xef\xbb\xbf")
    expected = [number for number, line in enumerate(body.split(b"\n"), start=1) if line.strip()]
    assert [item.line for item in from_lines(data)] == expected


@given(BYTES)
def test_any_bytes_as_a_document_are_reports_and_refusals(data: bytes) -> None:
    for item in from_document(data):
        assert not isinstance(item, Refused) or item.reason
