"""What is no sound export of the trade register is refused: what, where, and what to do; never misread."""

import codecs
from pathlib import Path

import pytest

from ingest.register import parse_register, read_register
from ingest.register.rows import FORM
from ingest.tables import MAX_CELL, MAX_LINE, SHOWN
from model.errors import InputRefused
from tests.ingest.registers import HEAD, LATIN, PREAMBLE, REAL, cells, export, written

ADVICE = "no trade register of SIPRI was read; download it anew from the SIPRI Arms Transfers Database"


def refusal(body: bytes) -> list[str]:
    """The problems of a refusal, without the advice at its end."""
    with pytest.raises(InputRefused) as refused:
        parse_register(body)
    *problems, advice = str(refused.value).split("\n")
    assert advice.startswith(ADVICE)
    return problems


def wrong(**changes: str) -> list[str]:
    """What is said of an export with one row that is wrong."""
    return refusal(export(cells(id="1"), cells(id="2", **changes)))


# ---- cells ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("supplier", "", "Supplier: is empty; every deal has one"),
        ("supplier", "2009", "Supplier: '2009' is no country or group"),
        ("recipient", "Aircraft", "Recipient: 'Aircraft' is no country or group"),
        ("designation", "Aircraft", "Designation: 'Aircraft' belongs in another column"),
        ("description", "Yes", "Description: 'Yes' belongs in another column"),
        ("order_date", "1009", "Order date: '1009' is not a year from 1940 to 2100"),
        ("order_date", "No", "Order date: 'No' is not a year from 1940 to 2100"),
        ("delivery_year", "2101", "Delivery year: '2101' is not a year from 1950 to 2100"),
        ("delivery_year", "1949", "Delivery year: '1949' is not a year from 1950 to 2100"),
        ("delivery_year", "10.06.2010", "Delivery year: '10.06.2010' is not a year from 1950 to 2100"),
        ("delivery_year", "", "Delivery year: is empty, though the row tells of a delivery"),
        (
            "delivery_year",
            "2008",
            "Delivery year: 2008 lies before 2009, the year of the order; are the cells shifted?",
        ),
        ("order_date_is_estimate", "2010", "Order date is estimate: '2010' is neither Yes nor No"),
        ("delivery_year_is_estimate", "Ja", "Delivery year is estimate: 'Ja' is neither Yes nor No"),
        ("numbers_delivered", "-6", "Numbers delivered: '-6' is not a whole number"),
        ("numbers_delivered", "6.5", "Numbers delivered: '6.5' is not a whole number"),
        ("numbers_delivered", "six", "Numbers delivered: 'six' is not a whole number"),
        ("numbers_delivered", "٣", "Numbers delivered: '٣' is not a whole number"),
        ("tiv_deal_unit", "nan", "TIV deal unit: 'nan' is not a number with a decimal point"),
        ("tiv_delivery_values", "1e999", "TIV delivery values: '1e999' is not a number with a decimal point"),
        ("sipri_estimate", "#REF!", "SIPRI estimate: '#REF!' is not a number with a decimal point"),
        ("local_production", "N", "Local production: 'N' is neither Yes nor No"),
    ],
)
def test_a_cell_that_makes_no_sense_is_told_with_its_line_and_column(
    column: str, text: str, said: str
) -> None:
    assert wrong(**{column: text}) == [f"line 3, {said}"]


@pytest.mark.parametrize("text", ["3,5", "1.286,5", "1,286"])
def test_commas_in_figures_are_never_guessed(text: str) -> None:
    (said,) = wrong(tiv_delivery_values=text)
    assert said.startswith(f"line 3, TIV delivery values: '{text}' has a comma, for decimals or thousands")


def test_the_words_of_the_register_are_its_own() -> None:
    assert wrong(armament_category="Flugzeuge")[0].startswith(
        "line 3, Armament category: 'Flugzeuge' is no armament category of the register: Air defence"
    )
    assert wrong(status="Neu") == [
        "line 3, Status: 'Neu' is no status of the register: New, Second hand, Second hand but modernized"
    ]


def test_a_deal_needs_its_number() -> None:
    assert refusal(export(cells(id="36452A"))) == [
        "line 2, SIPRI AT Database ID: '36452A' is not the number of a deal"
    ]


# ---- rows ----------------------------------------------------------------------------------------------


def test_cells_that_are_shifted_are_refused_however_they_are() -> None:
    row = cells()
    left, right = [*row[:3], *row[4:], ""], [*row[:3], "", *row[3:-1]]
    assert {text.partition(",")[0] for text in refusal(export(left))} == {"line 2"}
    assert len(refusal(export(left))) >= 5
    assert len(refusal(export(right))) >= 5


@pytest.mark.parametrize(
    ("change", "said"), [(-1, "has 16 cells under 17 columns"), (1, "has 18 cells under 17")]
)
def test_a_row_with_a_cell_too_few_or_too_many_is_refused(change: int, said: str) -> None:
    row = cells()[:change] if change < 0 else [*cells(), ""]
    (problem,) = refusal(export(row, cells(id="2")))
    assert problem.startswith(f"line 2: {said}")
    assert "its cells are shifted" in problem


def test_a_comma_that_is_not_quoted_is_refused() -> None:
    body = export(cells(designation="TYPE")).replace(b"TYPE", b"Mi-35M, armed")
    assert "holds a comma that is not in quotation marks" in refusal(body)[0]


def test_an_open_quotation_mark_spoils_its_own_line_alone() -> None:
    body = export(cells(designation="TYPE"), cells(id="2", order_date="?009")).replace(b"TYPE", b'"Mi-35M')
    first, second = refusal(body)
    assert first.startswith("line 2: its quotation marks are wrong")
    assert second.startswith("line 3, Order date: ")


@pytest.mark.parametrize("kept", range(1, 17))
def test_a_file_that_was_cut_short_is_refused_wherever_it_was_cut(kept: int) -> None:
    whole = export(cells(id="1"))
    rest = ",".join(cells(id="2")[:kept])
    for end in (rest, f"{rest},"):
        (problem,) = refusal(whole + end.encode())
        assert problem.startswith("line 3: the file was cut short here")


def test_a_file_that_was_cut_within_its_last_word_is_refused() -> None:
    assert refusal(export().rstrip()[:-1]) == ["line 2, Local production: 'N' is neither Yes nor No"]


def test_a_deal_is_of_one_supplier_and_one_recipient() -> None:
    (said,) = refusal(export(cells(), cells(supplier="Ukraine", recipient="Peru", delivery_year="2011")))
    differing = "Supplier Russia there, Ukraine here, Recipient Brazil there, Peru here"
    assert said == f"line 3: deal 36452 is another one than on line 2: {differing}"


def test_a_deal_was_ordered_once() -> None:
    changed = cells(order_date="2008", local_production="Yes", tiv_deal_unit="", delivery_year="2011")
    (said,) = refusal(export(cells(), changed))
    differing = "Order date 2009 there, 2008 here, Local production No there, Yes here, TIV deal unit 11.5"
    assert said == f"line 3: deal 36452 is another one than on line 2: {differing} there, empty here"


def test_two_rows_of_one_year_that_contradict_each_other_are_refused() -> None:
    assert refusal(export(cells(), cells(numbers_delivered="7"))) == [
        "line 3: deal 36452 contradicts the delivery of 2010 on line 2; only one row of a year can hold"
    ]


def test_nothing_was_delivered_after_the_file_was_made() -> None:
    assert refusal(export(cells(delivery_year="2026"), preamble=PREAMBLE)) == [
        "line 7, Delivery year: 2026 lies after 2025-01-03, when the file was made"
    ]


def test_nothing_was_ordered_after_the_file_was_made() -> None:
    nothing = {"delivery_year": "", "numbers_delivered": "", "tiv_delivery_values": ""}
    assert refusal(export(cells(order_date="2026", **nothing), preamble=PREAMBLE)) == [
        "line 7, Order date: 2026 lies after 2025-01-03, when the file was made"
    ]


def test_all_problems_are_told_at_once_up_to_a_number() -> None:
    rows = [cells(id=str(number), order_date="soon", status="?!") for number in range(30)]
    problems = refusal(export(*rows))
    assert len(problems) == SHOWN + 1
    assert problems[-1] == "and 40 more problems"
    assert problems[:2] == [
        "line 2, Order date: 'soon' is not a year from 1940 to 2100",
        "line 2, Status: '?!' is no status of the register: New, Second hand, Second hand but modernized",
    ]


# ---- headers -------------------------------------------------------------------------------------------


def test_a_header_that_lacks_columns_is_refused_by_their_names() -> None:
    names = [name.replace("Delivery year", "Year") for name in FORM.columns]
    assert refusal(written([cells()], header=names).encode()) == [
        "line 1: the header lacks Delivery year, Delivery year is estimate"
    ]


def test_a_header_that_names_a_column_twice_is_refused() -> None:
    header = [*FORM.columns, "supplier"]
    assert refusal(written([[*cells(), "Peru"]], header=header).encode()) == [
        "line 1: the header names 'Supplier' twice; keep one column of each"
    ]


def test_a_file_without_a_header_is_refused() -> None:
    body = export(preamble=PREAMBLE).replace(",".join(FORM.columns).encode() + b"\r\n", b"")
    (said,) = refusal(body)
    assert said.startswith("no line names the columns: SIPRI AT Database ID, Supplier, Recipient, ")


def test_a_header_alone_is_no_register() -> None:
    assert refusal(written([]).encode()) == ["line 1: no row follows the header"]


@pytest.mark.parametrize(("sign", "called"), [(";", "semicolons"), ("\t", "tabs")])
def test_the_separators_of_a_spreadsheet_of_another_language_are_refused(sign: str, called: str) -> None:
    body = export(cells(tiv_delivery_values="3,5"), preamble=PREAMBLE).decode()
    (said,) = refusal(body.replace('"3,5"', "3;5").replace(",", sign).replace("3;5", "3,5").encode())
    assert said.startswith(f"line 6: cells are separated by {called}, not by commas")


def test_the_form_with_a_row_per_deal_is_told_apart() -> None:
    header = "Recipient,Supplier,Year of order, ,Number ordered, ,Weapon designation,Weapon description\r\n"
    assert refusal(header.encode()) == [
        "is the form of the register that has a row per deal, without years of each delivery"
    ]


# ---- files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \r\n", "is empty"),
        (b"{\\rtf1\\ansi Transfers of major", "is rich text (RTF), as older exports are"),
        (b"<!DOCTYPE html><html><table>", "is HTML or XML"),
        (b"PK\x03\x04\x14\x00", "is a workbook or an archive (.xlsx, .zip)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is a workbook of an old spreadsheet (.xls)"),
        (b"%PDF-1.7", "is a PDF"),
        (codecs.BOM_UTF16_LE + export().decode().encode("utf-16-le"), "is UTF-16"),
        (export().decode().encode("utf-16-le"), "line 1: holds zero bytes"),
        (
            export(cells(), cells(id="2", designation="Göteborg")).decode().encode("cp1252"),
            "line 3: not UTF-8",
        ),
        (b"hello", "no line names the columns"),
    ],
)
def test_other_files_are_told_for_what_they_are(body: bytes, said: str) -> None:
    (problem,) = refusal(body)
    assert problem.startswith(said)


def test_letters_that_were_lost_are_refused() -> None:
    assert refusal(export(cells(recipient="C\ufffdte d'Ivoire"))) == [
        "line 2: holds the character U+FFFD: a letter was lost here"
    ]
    assert refusal(export(cells(designation="Mi\x1b35"))) == [
        "line 2: holds the character U+001B: which cannot be shown"
    ]


def test_cells_and_lines_without_end_are_refused() -> None:
    expected = [f"line 2: has a cell of more than {MAX_CELL} characters; is a quotation mark open?"]
    assert refusal(export(cells(designation="x" * (MAX_CELL + 1)))) == expected
    assert refusal(export(cells(designation="x" * MAX_LINE))) == expected


def test_files_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "register.csv"
    path.write_bytes(export())
    monkeypatch.setattr("ingest.register.reading.MAX_BYTES", 100)
    with pytest.raises(InputRefused, match=r"register\.csv: is larger than 100 bytes"):
        read_register(path)


def test_every_line_of_a_refusal_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "register.csv"
    path.write_bytes(export(cells(order_date="x", status="y")))
    with pytest.raises(InputRefused) as refused:
        read_register(path)
    lines = str(refused.value).split("\n")
    assert len(lines) == 3
    assert all(line.startswith(f"{path}: ") for line in lines)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real exports of the register are not here")
@pytest.mark.parametrize("name", [HEAD, LATIN])
def test_a_real_export_with_one_column_shifted_or_saved_by_a_spreadsheet_is_refused(name: str) -> None:
    lines = (REAL / name).read_text(encoding="utf-8").splitlines()
    start = lines.index(",".join(FORM.columns)) + 1
    shifted = lines[:start] + [line.replace(",", ",,", 1).removesuffix(",No") for line in lines[start:]]
    problems = refusal("\n".join([*shifted, ""]).encode())
    assert len(problems) == SHOWN + 1
    saved = "\n".join(line.replace(",", ";").replace(".", ",") for line in lines)
    assert len(refusal(saved.encode())) == 1
