"""Reports out of CSV, as spreadsheets in several countries write it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.records import Item, Parsed, Refused, Untagged
from ingest.sheets import GUESSED, sheet
from model.domain import Report
from tests.ingest.feed_examples import patience

TODAY = date(2026, 2, 16)
HEADER = "id,published_on,tag,country,headline"
ROW = "a,2025-07-02,delivery,PE,Two helicopters arrive"


def items_of(data: bytes | str) -> list[Item]:
    items, _ = sheet(data.encode() if isinstance(data, str) else data, today=TODAY)
    return list(items)


def one_report(data: bytes | str) -> Report:
    (item,) = items_of(data)
    assert isinstance(item, Parsed), item
    return item.report


def one_refusal(data: bytes | str) -> Refused:
    (item,) = items_of(data)
    assert isinstance(item, Refused), item
    return item


def test_rows_become_reports_under_the_names_of_the_header() -> None:
    report = one_report(f"{HEADER}\n{ROW}\n")
    assert (report.id, report.tag, report.country, report.headline) == (
        "a",
        "delivery",
        "PE",
        "Two helicopters arrive",
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_delimiters_encodings_and_line_ends_of_spreadsheets_are_understood(
    delimiter: str, encoding: str, ending: str
) -> None:
    text = f"{HEADER}\n{ROW.replace('Two', 'Perú: два')}\n".replace(",", delimiter).replace("\n", ending)
    assert one_report(text.encode(encoding)).headline == "Perú: два helicopters arrive"


def test_latin_1_is_read_with_its_accents_and_said_to_be_a_guess() -> None:
    items, notes = sheet(f"{HEADER}\n{ROW.replace('Two', 'Perú “compra”')}".encode("cp1252"), today=TODAY)
    (item,) = items
    assert isinstance(item, Parsed)
    assert item.report.headline == "Perú “compra” helicopters arrive"
    assert notes == (GUESSED,)


def test_one_sound_line_beyond_ascii_proves_utf_8_and_the_damaged_line_is_refused() -> None:
    good, bad = (
        f"{HEADER}\n{ROW.replace('Two', 'Perú')}\n".encode(),
        ROW.replace("Two", "Perú").encode("cp1252"),
    )
    items, notes = sheet(good + bad, today=TODAY)
    first, second = items
    assert isinstance(first, Parsed)
    assert first.report.headline.startswith("Perú")
    assert isinstance(second, Refused)
    assert "save the file as UTF-8" in second.reason
    assert notes == ()


def test_a_byte_that_is_no_letter_in_windows_1252_is_refused() -> None:
    assert "no known letter" in one_refusal(f"{HEADER}\n{ROW}".encode() + b"\x81").reason


def test_broken_utf_16_is_refused_as_a_file() -> None:
    assert one_refusal(b"\xff\xfe\x00\xd8\x00\x00").line == 0


def test_a_header_that_lacks_columns_refuses_the_file_and_names_them() -> None:
    refused = one_refusal("id,headline,tag\na,b,delivery\n")
    assert refused.line == 0
    assert "lacks published_on, country" in refused.reason
    assert "lacks published_on;" in one_refusal("id,headline,country\na,b,PE\n").reason


def test_a_sheet_without_a_column_of_tags_is_left_to_the_rules() -> None:
    (row,) = items_of("id,published_on,headline\na,2026-01-05,Two Mi-17 reach Lima\n")
    assert isinstance(row, Untagged)
    assert row.line == 2
    assert row.record["headline"] == "Two Mi-17 reach Lima"


def test_a_header_that_names_a_column_twice_refuses_the_file() -> None:
    assert "names tag twice" in one_refusal(f"{HEADER},Tag\n{ROW},x\n").reason


def test_a_header_that_cannot_be_read_refuses_the_file() -> None:
    assert one_refusal(f'{HEADER},"x\n{ROW}\n').line == 0


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"\xef\xbb\xbf", HEADER.encode(), HEADER.encode() + b"\n,,,,\n"]
)
def test_a_sheet_without_rows_holds_nothing(data: bytes) -> None:
    assert items_of(data) == []


def test_capitals_and_spaces_in_the_header_do_not_matter() -> None:
    assert one_report(f" ID , Published_On,TAG,Country ,Headline\n{ROW}").id == "a"


def test_line_breaks_inside_quotation_marks_belong_to_the_cell_and_lines_are_counted_on() -> None:
    first, second = items_of(f'{HEADER}\na,2025-07-02,delivery,PE,"Two\nhelicopters"\n\n,,broken\n')
    assert isinstance(first, Parsed)
    assert (first.line, first.report.headline) == (2, "Two helicopters")
    assert (second.line, type(second)) == (5, Refused)


def test_a_refusal_shows_what_the_eye_cannot_see() -> None:
    (refused,) = items_of("\t".join([*HEADER.split(","), "a\x01\u202eb", "a\x01\u202eb"]) + "\n")
    assert isinstance(refused, Refused)
    assert "a<U+0001><U+202E>b" in refused.reason
    tabs = HEADER.replace(",", "\t")
    _, broken = items_of(tabs + "\n" + ROW.replace(",", "\t") + '\nb\t"x"y\n')
    assert isinstance(broken, Refused)
    assert broken.reason.isprintable()


def test_a_header_of_very_many_columns_is_answered_soon_and_briefly() -> None:
    with patience(20):
        (refused,) = items_of(HEADER + "," + ",".join(f"x{n % 30_000}" for n in range(60_000)) + "\n")
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("the header names x0, x1, x10, ")
    assert refused.reason.endswith(", and others twice; keep one column of each")


def test_an_open_quotation_mark_costs_its_own_row_only() -> None:
    bad = 'b,2025-07-02,delivery,PE,"Two helicopters'
    items = items_of("\n".join([HEADER, ROW, bad, *[ROW] * 3000]))
    assert [item.line for item in items if isinstance(item, Refused)] == [3]
    assert len(items) == 3002


def test_a_stray_quotation_mark_is_refused_and_not_swallowed() -> None:
    assert "quotation marks" in one_refusal(f'{HEADER}\na,2025-07-02,delivery,PE,"Two" arrive').reason


def test_more_cells_than_columns_are_refused_unless_they_are_empty() -> None:
    assert "6 cells under 5 columns" in one_refusal(f"{HEADER}\n{ROW}, at last").reason
    assert one_report(f"{HEADER}\n{ROW},,\n").id == "a"


def test_nul_bytes_are_refused_on_their_line_and_the_rest_goes_on() -> None:
    items = items_of(f"{HEADER}\n{ROW.replace('Two', chr(0))}\n{ROW}\n")
    assert [type(item) for item in items] == [Refused, Parsed]


def test_a_row_of_ten_megabytes_is_refused_and_the_rest_goes_on() -> None:
    items = items_of(f"{HEADER}\n{ROW}{'x' * 10_000_000}\n{ROW}\n")
    assert [type(item) for item in items] == [Refused, Parsed]
    assert isinstance(items[0], Refused)
    assert len(items[0].text) == 2000


@pytest.mark.parametrize(
    ("word", "meant"), [("true", True), ("YES", True), ("1", True), ("no", False), ("", False)]
)
def test_words_for_yes_and_no_are_understood(word: str, meant: bool) -> None:
    assert one_report(f"{HEADER},denies\n{ROW},{word}\n").denies is meant


def test_another_word_is_no_boolean() -> None:
    assert "denies: is text; write true or false" in one_refusal(f"{HEADER},denies\n{ROW},maybe\n").reason


def test_numbers_lists_and_unknown_columns_are_read_from_cells() -> None:
    report = one_report(f"{HEADER},probability_true,also,stance,,empty\n{ROW},0.25,br cl;BO,for,x,\n")
    assert (report.probability_true, report.also) == (0.25, ("BR", "CL", "BO"))
    assert dict(report.extra) == {"stance": "for", "column_9": "x"}


def test_a_decimal_comma_is_understood() -> None:
    data = f"{HEADER};probability_true\n{ROW};0,25".replace(",", ";").replace("0;25", "0,25")
    assert one_report(data).probability_true == pytest.approx(0.25)


@pytest.mark.parametrize("number", ["much", "nan", "1e999", "2"])
def test_what_is_no_probability_is_refused(number: str) -> None:
    assert "probability_true:" in one_refusal(f"{HEADER},probability_true\n{ROW},{number}").reason


NOISE = st.binary(max_size=40) | st.sampled_from(
    [b'"', b",", b"\n", b"\r", b"\x00", b'""', ROW.encode() + b"\n"]
)


@given(st.lists(NOISE, max_size=10).map(b"".join), st.booleans())
def test_any_bytes_are_reports_and_refusals_in_order(noise: bytes, headed: bool) -> None:
    items = items_of(f"{HEADER}\n".encode() + noise if headed else noise)
    assert [item.line for item in items] == sorted({item.line for item in items})
    assert all(item.reason for item in items if isinstance(item, Refused))
