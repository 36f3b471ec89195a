"""Rows of GDELT's exports: real ones, those of spreadsheets, and broken ones."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.gdelt.rows import MAX_REFUSED, Event, Export, Row, read_export
from ingest.gdelt.text import LATIN
from model.errors import InputRefused
from tests.ingest.gdelt_exports import IN_2015, IN_2019, MANGLED, NAMES, NOW, REAL, STAMP, cells, export

ADDED = datetime(2026, 1, 31, 22, 15, tzinfo=UTC)
MISREAD = "letters that were misread in names: put right"


def read(body: bytes, *, added: datetime | None = ADDED) -> Export:
    return read_export(body, added=added, now=NOW)


def one_row(**changed: str) -> Row:
    found = read(export(cells(**changed)))
    (row,) = found.rows
    assert not found.refused
    return row


def reason(**changed: str) -> str:
    found = read(export(cells(), cells(**changed)))
    assert len(found.rows) == 1
    (refused,) = found.refused
    assert refused.line == 2
    assert refused.text == "\t".join(cells(**changed))
    return refused.reason


def real(name: str) -> Export:
    if not (REAL / name).exists():
        pytest.skip("the real exports are absent")
    added = datetime.strptime(name[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return read_export((REAL / name).read_bytes(), added=added, now=NOW)


@pytest.mark.parametrize(
    ("name", "rows", "articles", "misread"), [(IN_2015, 2116, 569, 6), (IN_2019, 1629, 360, 16)]
)
def test_every_row_of_the_real_exports_is_read(name: str, rows: int, articles: int, misread: int) -> None:
    found = real(name)
    assert (len(found.rows), found.refused) == (rows, ())
    assert len({row.source.key for row in found.rows}) == articles
    assert found.notes == (f"{MISREAD} ({misread} rows)",)
    assert all(name.isprintable() for row in found.rows for name in (row.event.place, row.event.actor1.name))


def test_a_spreadsheets_copy_gives_the_same_rows_and_says_what_it_repaired() -> None:
    def told(row: Row) -> tuple[object, ...]:
        return row.id, row.event, row.mentions, row.goldstein, row.added, row.source

    copy = real(MANGLED)
    assert [told(row) for row in copy.rows] == [told(row) for row in real(IN_2019).rows]
    assert copy.refused == ()
    assert copy.notes == (
        "DATEADDED rounded by a spreadsheet: taken from the name of the file (1,629 rows)",
        "EventCode without the zero at its front, as spreadsheets write it: restored (1,123 rows)",
        f"{MISREAD} (16 rows)",
    )


def test_a_row_says_who_did_what_to_whom_where_and_by_whose_account() -> None:
    row = one_row()
    event = row.event
    assert (row.id, row.line, row.mentions, row.goldstein) == ("1000000001", 1, 4, 8.0)
    assert (event.day, row.added) == (date(2026, 1, 31), date(2026, 1, 31))
    assert (event.code, event.leads) == ("057", True)
    assert (event.actor1.country, event.actor1.types, event.actor2.name) == ("RUS", ("GOV",), "PERU")
    assert (event.place, event.place_country) == ("Lima, Lima, Peru", "PE")
    assert row.source.publisher == "example.org"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"GLOBALEVENTID": "x1"}, "GLOBALEVENTID: 'x1' is not a number"),
        ({"SQLDATE": "20260218"}, "SQLDATE: 2026-02-18 lies after today, 2026-02-17"),
        ({"SQLDATE": "20260230"}, "SQLDATE: '20260230' is not a day"),
        ({"SQLDATE": "00250131"}, "SQLDATE: '00250131' is not a day from 1900 on"),
        ({"SQLDATE": "2,03E+07"}, "SQLDATE: '2,03E+07' is not a day"),
        ({"SQLDATE": ""}, "SQLDATE: '' is not a day"),
        ({"SQLDATE": "20260201"}, "SQLDATE: 2026-02-01 lies after DATEADDED, 2026-01-31"),
        ({"DATEADDED": "20260301000000"}, "DATEADDED: 2026-03-01 lies after today"),
        ({"DATEADDED": "20260131"}, "DATEADDED: '20260131' is not a moment"),
        ({"EventCode": "999", "EventRootCode": "99"}, "EventCode: '999' with EventRootCode '99' is no code"),
        ({"EventCode": "057", "EventRootCode": "17"}, "EventCode: '057' with EventRootCode '17' is no code"),
        ({"EventCode": "---"}, "EventCode: '---'"),
        ({"IsRootEvent": "2"}, "IsRootEvent: '2' is neither 0 nor 1"),
        ({"NumMentions": "-3"}, "NumMentions: '-3' is not a number of mentions"),
        ({"GoldsteinScale": "11"}, "GoldsteinScale: '11' is not a number from -10 to 10"),
        ({"Actor1CountryCode": "RUSS"}, "Actor1CountryCode: 'RUSS' is not a code of up to 3 capitals"),
        ({"Actor2Code": "PER<"}, "Actor2Code: 'PER<' is not a code of letters and figures"),
        ({"Actor2Type3Code": "gov"}, "Actor2Type3Code: 'gov' is not a code"),
        ({"ActionGeo_CountryCode": "PER"}, "ActionGeo_CountryCode: 'PER' is not a code of up to 2 capitals"),
        ({"ActionGeo_FullName": "Li\u202ema"}, "ActionGeo_FullName: holds the character U+202E"),
        ({"ActionGeo_FullName": "Li\x81ma"}, "ActionGeo_FullName: holds the character U+0081"),
        ({"Actor1Name": "RUS\u200bSIA"}, "Actor1Name: holds the character U+200B"),
        ({"Actor1Name": "R" * 301}, "Actor1Name: has 301 characters"),
        ({"SOURCEURL": ""}, "SOURCEURL: is missing"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_with_its_line_and_the_reason(
    changed: dict[str, str], said: str
) -> None:
    assert reason(**changed).startswith(said)


def test_everything_that_is_wrong_with_a_row_is_said_at_once() -> None:
    said = reason(SQLDATE="x", IsRootEvent="y", SOURCEURL="ftp://example.org/a")
    assert [part.partition(":")[0] for part in said.split("; ")][:2] == ["SQLDATE", "IsRootEvent"]
    assert "SOURCEURL" in said


@pytest.mark.parametrize("columns", [1, 57, 60, 62])
def test_a_row_of_too_few_or_too_many_columns_is_refused_and_loses_no_other(columns: int) -> None:
    broken = [*cells(), "surplus"][:columns]
    found = read(export(cells(), broken, cells(GLOBALEVENTID="2")))
    assert [row.id for row in found.rows] == ["1000000001", "2"]
    assert [(one.line, one.reason) for one in found.refused] == [(2, f"has {columns} columns, not 61")]


def test_blank_lines_are_no_rows_and_are_counted_as_lines() -> None:
    found = read(b"\n" + export(cells()) + b"\r\n\n" + export(cells(SQLDATE="x")))
    assert [row.line for row in found.rows] == [2]
    assert [one.line for one in found.refused] == [5]


def test_an_empty_file_has_no_rows() -> None:
    assert read(b"") == Export(rows=(), refused=(), notes=())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>Service unavailable</html>\n", "have 1 columns, not 61"),
        (("a\t" * 57 + "b\n").encode(), "58 columns, as those of GDELT 1.0 have"),
        (b"\xff\xfea", "is not the UTF-16 that it begins as"),
    ],
)
def test_what_is_no_export_is_refused_as_a_whole(body: bytes, said: str) -> None:
    with pytest.raises(InputRefused, match=said):
        read(body)


def test_of_countless_broken_rows_the_first_are_listed_and_the_rest_are_counted() -> None:
    found = read(export(cells(), *[["x"]] * (MAX_REFUSED + 5)))
    assert len(found.refused) == MAX_REFUSED
    assert found.notes == (f"5 rows more refused than the {MAX_REFUSED:,} that are listed",)


# ---- spreadsheets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "root", "meant"),
    [("57", "5", "057"), ("43", "4", "043"), ("12", "1", "012"), ("311", "3", "0311"), ("874", "8", "0874")],
)
def test_a_zero_that_a_spreadsheet_took_from_a_code_is_restored(written: str, root: str, meant: str) -> None:
    found = read(export(cells(EventCode=written, EventRootCode=root)))
    assert [row.event.code for row in found.rows] == [meant]
    assert found.notes == (
        "EventCode without the zero at its front, as spreadsheets write it: restored (1 row)",
    )


@pytest.mark.parametrize(("written", "root"), [("112", "11"), ("100", "10"), ("1011", "10"), ("204", "20")])
def test_a_code_without_a_zero_at_its_front_is_left_as_it_is(written: str, root: str) -> None:
    found = read(export(cells(EventCode=written, EventRootCode=root)))
    assert [row.event.code for row in found.rows] == [written]
    assert found.notes == ()


@pytest.mark.parametrize("written", ["2.02E+13", "2,02603E+13", "2E+13", "2.02603e13"])
def test_a_moment_that_was_rounded_is_taken_from_the_name_of_the_file(written: str) -> None:
    found = read(export(cells(DATEADDED=written, SQLDATE="20260101")))
    assert [row.added for row in found.rows] == [ADDED.date()]
    assert "taken from the name of the file (1 row)" in found.notes[0]


def test_without_a_moment_in_the_files_name_the_day_of_the_event_stands_for_it() -> None:
    found = read(export(cells(DATEADDED="2.02E+13", SQLDATE="20260101")), added=None)
    assert [row.added for row in found.rows] == [date(2026, 1, 1)]
    assert "SQLDATE taken for it (1 row)" in found.notes[0]


def test_decimal_commas_are_read() -> None:
    found = read(export(cells(GoldsteinScale="-3,5", NumMentions="4,0")))
    assert [(row.goldstein, row.mentions) for row in found.rows] == [(-3.5, 4)]
    assert found.notes == ("figures with a decimal comma: read (1 row)",)


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_a_spreadsheet_saves_is_read(delimiter: str, encoding: str) -> None:
    place = '"Lima; Lima, Perú"' if delimiter != "\t" else "Lima; Lima, Perú"
    body = (
        export(list(NAMES), cells(ActionGeo_FullName=place), delimiter=delimiter)
        .decode()
        .replace("\n", "\r\n")
    )
    found = read(body.encode(encoding))
    assert [(row.line, row.event.place) for row in found.rows] == [(2, "Lima; Lima, Perú")]
    assert found.refused == ()


def test_an_open_quotation_mark_swallows_no_other_row() -> None:
    found = read(export(cells(), cells(Actor1Name='"RUSSIA'), cells(), delimiter=";"))
    assert [row.line for row in found.rows] == [1, 2, 3]
    found = read(export(cells(), cells(Actor1Name='"RUS;SIA'), cells(), delimiter=";"))
    assert [row.line for row in found.rows] == [1, 3]


# ---- letters --------------------------------------------------------------------------------------------


def test_latin_letters_are_read_and_said_to_be_a_guess() -> None:
    found = read(export(cells(ActionGeo_FullName="Bogotá, Colombia")).decode().encode("cp1252"))
    assert [row.event.place for row in found.rows] == ["Bogotá, Colombia"]
    assert found.notes == (LATIN,)


def test_in_a_file_of_utf_8_a_damaged_line_is_refused_rather_than_guessed() -> None:
    good = export(cells(ActionGeo_FullName="Bogotá, Colombia"))
    found = read(good + good.decode().encode("cp1252") + good)
    assert [row.line for row in found.rows] == [1, 3]
    assert [(one.line, one.reason) for one in found.refused] == [
        (2, "holds bytes that are not UTF-8, as the rest is")
    ]


def test_letters_that_gdelt_misread_are_put_right_and_a_name_of_lost_letters_is_left_out() -> None:
    written = ["Bre\x9eice, Slovenia", "BogotÃ¡, Colombia", "Bogot\ufffd, Colombia", "BogotÃ, Colombia"]
    found = read(export(*(cells(ActionGeo_FullName=name) for name in written)))
    assert [row.event.place for row in found.rows] == ["Brežice, Slovenia", "Bogotá, Colombia", "", ""]
    assert found.notes == (f"{MISREAD} (2 rows)",)


def test_codes_of_no_known_country_are_said() -> None:
    rows = cells(Actor1CountryCode="QQQ"), cells(ActionGeo_CountryCode="XX"), cells(Actor1CountryCode="AFR")
    assert read(export(*rows)).notes == ("codes of no known country: actor QQQ (1 row), place XX (1 row)",)


# ---- whatever comes ---------------------------------------------------------------------------------------


@given(st.binary(max_size=2000))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    try:
        found = read(body)
    except InputRefused:
        return
    assert len(found.rows) + len(found.refused) <= body.count(b"\n") + 1


@given(
    st.dictionaries(
        st.integers(0, 60),
        st.text(st.characters(exclude_characters="\t\n", codec="utf-8"), max_size=40),
        max_size=4,
    )
)
def test_no_cells_break_the_reader_or_lose_a_row(changed: dict[int, str]) -> None:
    row = cells()
    for column, text in changed.items():
        row[column] = text
    found = read(export(cells(), row, cells()))
    lines = [one.line for one in found.rows] + [one.line for one in found.refused]
    assert sorted(lines) == [1, 2, 3]
    for one in found.rows:
        assert isinstance(one.event, Event)
        assert one.event.day <= one.added
        assert one.event.place.isprintable()


@given(st.data())
def test_no_mutation_of_bytes_breaks_the_reader(data: st.DataObject) -> None:
    body = bytearray(export(cells(), cells(), cells()))
    for _ in range(data.draw(st.integers(1, 8))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read(bytes(body))
    except InputRefused:
        return
    assert all(row.event.day <= NOW.date() for row in found.rows)


def test_the_own_rows_stand_in_the_columns_of_the_real_ones() -> None:
    labels = REAL / "GDELT_2.0_Events_Column_Labels_Sep2016.csv"
    if not labels.exists():
        pytest.skip("the real exports are absent")
    real_names = [line.partition(",")[0] for line in labels.read_text().splitlines()[1:]]
    assert tuple(name for name in real_names if name in NAMES) == NAMES
    assert STAMP in cells()
