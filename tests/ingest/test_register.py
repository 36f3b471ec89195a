"""The trade register: what its rows, preambles and real files say, and how it is counted."""

from collections import Counter
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.register import Deal, Party, Register, parse_register, read_register
from ingest.register.cells import CATEGORIES, STATUSES
from ingest.register.countries import asked, party
from ingest.register.rows import FORM
from model.errors import InputRefused, Unavailable, UsageError
from tests.ingest.registers import EIGHT, HEAD, LATIN, PREAMBLE, REAL, RUSSIAN, cells, export, written


def real(name: str) -> Path:
    if not REAL.is_dir():
        pytest.skip("the real exports of the register are not here")
    return REAL / name


def only(*rows: list[str]) -> Deal:
    (deal,) = parse_register(export(*rows)).deals
    return deal


# ---- rows ----------------------------------------------------------------------------------------------


def test_a_row_is_a_deal_and_what_of_it_was_delivered_in_a_year() -> None:
    register = parse_register(export())
    (deal,), (delivery,) = register.deals, register.deliveries
    assert (deal.id, deal.supplier, deal.recipient) == ("36452", Party("Russia", "RU"), Party("Brazil", "BR"))
    assert (deal.designation, deal.description, deal.category) == ("Mi-35M", "combat helicopter", "Aircraft")
    assert (deal.ordered, deal.ordered_is_estimate, deal.status) == (2009, False, "New")
    assert (deal.local_production, deal.tiv_unit, deal.number, deal.line) == (False, 11.5, None, 2)
    assert (delivery.deal, delivery.year, delivery.number, delivery.tiv) == ("36452", 2010, 6, 69.0)
    assert not delivery.year_is_estimate
    assert not delivery.number_is_estimate


def test_a_deal_has_a_row_for_each_year_of_delivery() -> None:
    register = parse_register(export(cells(), cells(delivery_year="2012", numbers_delivered="3")))
    assert len(register.deals) == 1
    assert [(one.year, one.number) for one in register.deliveries] == [(2010, 6), (2012, 3)]


def test_estimates_stay_marked() -> None:
    flags = {
        "order_date_is_estimate": "Yes",
        "numbers_delivered_is_estimate": "Yes",
        "delivery_year_is_estimate": "Yes",
    }
    register = parse_register(export(cells(**flags)))
    assert register.deals[0].ordered_is_estimate
    assert register.deliveries[0].number_is_estimate
    assert register.deliveries[0].year_is_estimate


def test_a_question_mark_is_uncertain_and_alone_it_is_no_figure() -> None:
    register = parse_register(
        export(cells(order_date="2009?", numbers_delivered="?", tiv_delivery_values="?"))
    )
    assert (register.deals[0].ordered, register.deals[0].ordered_is_estimate) == (2009, True)
    (delivery,) = register.deliveries
    assert (delivery.number, delivery.number_is_estimate, delivery.tiv) == (None, True, None)


def test_what_is_empty_is_missing_and_what_is_0_is_0() -> None:
    empty = dict.fromkeys(
        (
            *("designation", "description", "armament_category", "order_date", "numbers_delivered"),
            *("status", "sipri_estimate", "tiv_deal_unit", "tiv_delivery_values", "local_production"),
        ),
        "",
    )
    register = parse_register(export(cells(**empty), cells(id="2", tiv_delivery_values="0")))
    deal, (without, with_zero) = register.deals[0], register.deliveries
    assert (deal.designation, deal.description, deal.category, deal.ordered) == (None, None, None, None)
    assert (deal.status, deal.tiv_unit, deal.local_production) == (None, None, None)
    assert (without.number, without.tiv, with_zero.tiv) == (None, None, 0.0)


def test_a_deal_without_a_delivery_yet_is_an_order_alone() -> None:
    nothing = {"delivery_year": "", "numbers_delivered": "", "tiv_delivery_values": ""}
    register = parse_register(export(cells(**nothing)))
    assert (len(register.deals), register.deliveries) == (1, ())


def test_the_number_ordered_is_read_where_an_export_has_it() -> None:
    body = written([[*cells(), "12"]], header=[*FORM.columns, "Number ordered"]).encode()
    assert parse_register(body).deals[0].number == 12


def test_the_columns_may_stand_in_any_order_and_further_ones_are_left() -> None:
    body = written([[*reversed(cells()), "x"]], header=[*reversed(FORM.columns), "Remarks"]).encode()
    assert parse_register(body) == parse_register(export())


def test_years_that_a_data_frame_wrote_with_a_point_are_whole() -> None:
    register = parse_register(
        export(cells(order_date="2009.0", delivery_year="2010.0", numbers_delivered="6.0"))
    )
    assert register == parse_register(export())


def test_rows_that_stand_twice_are_read_once_and_said() -> None:
    register = parse_register(export(cells(), cells()))
    assert len(register.deliveries) == 1
    assert register.notes == ("1 row the same as another: read once",)


def test_a_delivery_before_its_order_is_read_where_one_year_is_an_estimate() -> None:
    register = parse_register(export(cells(order_date="2011", order_date_is_estimate="Yes")))
    assert register.notes == ("1 delivery in a year before the order's, one of the two estimated: read",)


def test_a_space_that_does_not_break_is_a_space() -> None:
    assert only(cells(designation="Mi\xa035")).designation == "Mi 35"


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_lines_may_end_in_any_way_and_the_last_one_without(end: str) -> None:
    body = export().decode().replace("\r\n", end)
    assert (
        parse_register(body.encode())
        == parse_register(body.removesuffix(end).encode())
        == parse_register(export())
    )


# ---- the preamble --------------------------------------------------------------------------------------


def test_the_preamble_says_what_was_selected_and_when_it_was_made() -> None:
    register = parse_register(export(preamble=PREAMBLE))
    assert (register.years, register.generated) == ((2000, 2030), "3 Jan 2025 9:16:02 PM")
    assert register.generated_on == date(2025, 1, 3)
    assert (register.supplier, register.recipient) == (None, None)
    assert register.deals[0].line == len(PREAMBLE) + 2


def test_a_preamble_may_be_missing() -> None:
    register = parse_register(export())
    assert (register.years, register.generated, register.generated_on, register.span) == (
        None,
        None,
        None,
        None,
    )


def test_a_preamble_that_a_spreadsheet_saved_has_commas_at_its_ends() -> None:
    saved = [f'"{line}",,,,' for line in PREAMBLE]
    assert parse_register(export(preamble=saved)).generated_on == date(2025, 1, 3)


def test_a_preamble_without_years_leaves_them_open() -> None:
    open_ended = [
        PREAMBLE[0].replace("2000", "Not specified").replace("2030", "Not specified"),
        *PREAMBLE[1:],
    ]
    assert parse_register(export(preamble=open_ended)).years is None


def test_a_day_that_cannot_be_read_is_said() -> None:
    register = parse_register(export(preamble=["Data generated: 3 janv. 2025"]))
    assert (register.generated, register.generated_on) == ("3 janv. 2025", None)
    assert register.notes == ("made on a day that cannot be read: '3 janv. 2025'",)


@pytest.mark.parametrize(
    ("made", "last"), [("3 Jan 2025", 2023), ("1 Apr 2025", 2024), ("31 Dec 2024", 2023)]
)
def test_the_register_tells_of_a_year_from_the_release_of_the_next_march_on(made: str, last: int) -> None:
    preamble = [PREAMBLE[0], f"Data generated: {made} 9:16:02 PM"]
    assert parse_register(export(preamble=preamble)).span == (2000, last)


# ---- countries -----------------------------------------------------------------------------------------

COUNTRIES = """
Afghanistan|Albania|Algeria|Angola|Antigua and Barbuda|Argentina|Armenia|Aruba|Australia|
Austria|Azerbaijan|Bahamas|Bahrain|Bangladesh|Barbados|Belarus|Belgium|Belize|Benin|
Bhutan|Bolivia|Bosnia-Herzegovina|Botswana|Brazil|Brunei|Bulgaria|Burkina Faso|Burundi|
Cabo Verde|Cambodia|Cameroon|Canada|Central African Republic|Chad|Chile|China|Colombia|
Comoros|Congo|Costa Rica|Cote d'Ivoire|Croatia|Cuba|Cyprus|Czechia|DR Congo|Denmark|
Djibouti|Dominican Republic|Ecuador|Egypt|El Salvador|Equatorial Guinea|Eritrea|Estonia|
Ethiopia|Fiji|Finland|France|Gabon|Gambia|Georgia|Germany|Ghana|Greece|Grenada|Guatemala|
Guinea|Guinea-Bissau|Guyana|Haiti|Honduras|Hungary|Iceland|India|Indonesia|Iran|Iraq|
Ireland|Israel|Italy|Jamaica|Japan|Jordan|Kazakhstan|Kenya|Kiribati|Kosovo|Kuwait|
Kyrgyzstan|Laos|Latvia|Lebanon|Lesotho|Liberia|Libya|Lithuania|Luxembourg|Madagascar|
Malawi|Malaysia|Maldives|Mali|Malta|Marshall Islands|Mauritania|Mauritius|Mexico|
Micronesia|Moldova|Mongolia|Montenegro|Morocco|Mozambique|Myanmar|Namibia|Nepal|
Netherlands|New Zealand|Nicaragua|Niger|Nigeria|North Korea|North Macedonia|Norway|Oman|
Pakistan|Palau|Palestine|Panama|Papua New Guinea|Paraguay|Peru|Philippines|Poland|Portugal|
Qatar|Romania|Russia|Rwanda|Saint Kitts and Nevis|Saint Vincent|Samoa|Saudi Arabia|Senegal|
Serbia|Seychelles|Sierra Leone|Singapore|Slovakia|Slovenia|Solomon Islands|Somalia|
South Africa|South Korea|South Sudan|Spain|Sri Lanka|Sudan|Suriname|Sweden|Switzerland|
Syria|Taiwan|Tajikistan|Tanzania|Thailand|Timor-Leste|Togo|Tonga|Trinidad and Tobago|
Tunisia|Turkiye|Turkmenistan|Tuvalu|UAE|Uganda|Ukraine|United Kingdom|United States|
Uruguay|Uzbekistan|Vanuatu|Venezuela|Viet Nam|Western Sahara|Yemen|Zambia|Zimbabwe|eSwatini
"""


def test_every_country_in_the_list_of_sipri_has_a_code() -> None:
    names = [name.strip() for name in COUNTRIES.split("|")]
    assert [name for name in names if party(name).code is None] == []
    assert len({party(name).code for name in names}) == len(names)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *(
            ("Viet Nam", "VN"),
            ("Bosnia-Herzegovina", "BA"),
            ("Turkiye", "TR"),
            ("Turkey", "TR"),
            ("UAE", "AE"),
        ),
        *(
            ("Côte d'Ivoire", "CI"),
            ("Cote d'Ivoire", "CI"),
            ("DR Congo", "CD"),
            ("Congo", "CG"),
            ("Laos", "LA"),
        ),
        *(
            ("Trinidad and Tobago", "TT"),
            ("Saint Kitts and Nevis", "KN"),
            ("eSwatini", "SZ"),
            ("Kosovo", "XK"),
        ),
        *(
            ("Cabo Verde", "CV"),
            ("Myanmar", "MM"),
            ("South Korea", "KR"),
            ("North Korea", "KP"),
            ("Syria", "SY"),
        ),
        *(
            ("Palestine", "PS"),
            ("Taiwan", "TW"),
            ("Niger", "NE"),
            ("Nigeria", "NG"),
            ("Sao Tome and Principe", "ST"),
        ),
    ],
)
def test_the_names_of_sipri_are_countries(name: str, code: str) -> None:
    assert party(name).code == code


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Soviet Union",
            "Yugoslavia",
            "Czechoslovakia",
            "East Germany (GDR)",
            "South Yemen",
            "South Vietnam",
        ),
        *("Hezbollah (Lebanon)*", "Syria rebels*", "African Union**", "NATO**", "unknown supplier(s)"),
        *("Unknown rebel group*", "Libya HoR", "Northern Cyprus"),
    ],
)
def test_who_is_no_country_any_more_or_never_was_keeps_its_name(name: str) -> None:
    register = parse_register(export(cells(supplier=name)))
    assert register.deals[0].supplier == Party(name, None)
    assert register.notes == ()
    found = register.counted("deliveries", supplier=name, recipients=["BR"], first=2010, last=2010)
    assert found["BR"] == (1,)


def test_the_soviet_union_is_not_russia() -> None:
    register = parse_register(export(cells(supplier="Soviet Union"), cells(id="2")))
    counts = [
        register.counted("orders", supplier=who, recipients=["BR"], first=2009, last=2009).counts
        for who in ("RU", "Soviet Union", None)
    ]
    assert counts == [{"BR": (1,)}, {"BR": (1,)}, {"BR": (2,)}]


def test_a_name_that_is_not_known_is_kept_and_said() -> None:
    register = parse_register(export(cells(recipient="Freedonia")))
    assert register.notes == ("of no known country, and kept by name: Freedonia (1 deal)",)


@pytest.mark.parametrize("text", ["RU", "ru", "Russia", "russian federation", "Russia "])
def test_a_supplier_may_be_asked_for_by_code_or_by_name(text: str) -> None:
    assert asked(text).code == "RU"


# ---- counting ------------------------------------------------------------------------------------------

SEVERAL = (
    cells(),
    cells(delivery_year="2012", numbers_delivered="3", delivery_year_is_estimate="Yes"),
    cells(id="2", designation="Igla-S", order_date="2009", delivery_year="2012", tiv_delivery_values="0"),
    cells(id="3", recipient="Peru", order_date="", delivery_year="2011", tiv_delivery_values=""),
    cells(id="4", recipient="Peru", supplier="Ukraine"),
)


def test_an_order_is_a_deal_and_a_delivery_a_year_of_one() -> None:
    register = parse_register(export(*SEVERAL))
    orders = register.counted("orders", supplier="RU", recipients=["BR", "PE"], first=2008, last=2010)
    assert dict(orders) == {"BR": (0, 2, 0), "PE": (0, 0, 0)}
    assert (orders.years, orders.undated) == (range(2008, 2011), {"BR": 0, "PE": 1})
    deliveries = register.counted("deliveries", supplier="RU", recipients=["Brazil"], first=2010, last=2012)
    assert dict(deliveries) == {"BR": (1, 0, 2)}
    assert deliveries.estimated == {"BR": (0, 0, 1)}


def test_volumes_are_summed_and_not_known_where_a_value_is_missing() -> None:
    register = parse_register(export(*SEVERAL))
    found = register.volume(supplier="RU", recipients=["BR", "PE"], first=2010, last=2012)
    assert found == {"BR": (69.0, 0.0, 69.0), "PE": (0.0, None, 0.0)}


def test_a_recipient_without_a_row_counts_0() -> None:
    register = parse_register(export(*SEVERAL))
    assert register.counted("orders", supplier="RU", recipients=["BO"], first=2009, last=2010)["BO"] == (0, 0)


@pytest.mark.parametrize(("first", "last"), [(1999, 2010), (2000, 2024)])
def test_years_of_which_an_export_says_nothing_are_not_0(first: int, last: int) -> None:
    register = parse_register(export(preamble=PREAMBLE))
    with pytest.raises(UsageError, match="tells of 2000 to 2023"):
        register.counted("orders", supplier="RU", recipients=["BR"], first=first, last=last)


def test_a_supplier_of_which_an_export_says_nothing_is_not_0() -> None:
    with pytest.raises(UsageError, match="no deal of the supplier 'United States'"):
        parse_register(export()).counted("orders", supplier="US", recipients=["BR"], first=2009, last=2010)
    everyone = parse_register(export(preamble=PREAMBLE))
    assert everyone.counted("orders", supplier="US", recipients=["BR"], first=2009, last=2009)["BR"] == (0,)
    with pytest.raises(UsageError, match="Rusia"):
        everyone.counted("orders", supplier="Rusia", recipients=["BR"], first=2009, last=2009)


def test_an_export_for_one_recipient_says_nothing_of_others() -> None:
    preamble = [PREAMBLE[0].replace("to All countries", "to Brazil"), *PREAMBLE[1:]]
    register = parse_register(export(preamble=preamble))
    assert register.recipient == "Brazil"
    with pytest.raises(UsageError, match="is of transfers to Brazil, not to Peru"):
        register.counted("orders", supplier="RU", recipients=["BR", "PE"], first=2009, last=2009)


def test_years_in_the_wrong_order_are_none() -> None:
    with pytest.raises(UsageError, match="2010 to 2009 are none"):
        parse_register(export()).volume(supplier=None, recipients=["BR"], first=2010, last=2009)


# ---- real files ----------------------------------------------------------------------------------------


def frame(name: str, skip: int) -> pd.DataFrame:
    return pd.read_csv(real(name), skiprows=skip)


@pytest.mark.parametrize(
    ("name", "skip", "rows", "deals"), [(HEAD, 11, 388, 223), (RUSSIAN, 0, 99, 60), (LATIN, 0, 1310, 763)]
)
def test_every_row_of_the_real_exports_is_read_as_pandas_reads_it(
    name: str, skip: int, rows: int, deals: int
) -> None:
    register, table = read_register(real(name)), frame(name, skip)
    assert (len(register.deliveries), len(register.deals), register.notes) == (rows, deals, ())
    of = register.by_id()
    ours = [
        (int(one.deal), of[one.deal].supplier.name, of[one.deal].ordered, one.year, one.number, one.tiv)
        for one in register.deliveries
    ]
    columns = ["SIPRI AT Database ID", "Supplier", "Order date", "Delivery year", "Numbers delivered"]
    assert ours == list(table[[*columns, "TIV delivery values"]].itertuples(index=False, name=None))
    marked = sum(one.year_is_estimate for one in register.deliveries)
    assert marked == (table["Delivery year is estimate"] == "Yes").sum()


def test_the_real_preamble_is_read() -> None:
    register = read_register(real(HEAD))
    assert (register.years, register.generated_on, register.span) == (
        (2000, 2030),
        date(2025, 1, 3),
        (2000, 2023),
    )
    nameless = {
        side.name for deal in register.deals for side in (deal.supplier, deal.recipient) if not side.code
    }
    assert nameless == {"African Union**", "unknown supplier(s)"}


@pytest.mark.parametrize("name", [RUSSIAN, LATIN])
def test_russian_rows_by_recipient_are_the_published_ones(name: str) -> None:
    register = read_register(real(name))
    found = register.counted("deliveries", supplier="RU", recipients=EIGHT, first=2000, last=2023)
    assert {code: sum(counts) for code, counts in found.items()} == {
        "VE": 65,
        "BR": 9,
        "PE": 8,
        "MX": 7,
        "NI": 7,
        "CO": 3,
        "BO": 0,
        "CL": 0,
    }


def test_real_orders_and_volumes_are_those_that_pandas_counts() -> None:
    register, table = read_register(real(LATIN)), frame(LATIN, 0)
    russian = table[table["Supplier"] == "Russia"]
    first_rows = russian.drop_duplicates("SIPRI AT Database ID")
    orders = Counter(zip(first_rows["Recipient"], first_rows["Order date"], strict=True))
    tiv = russian.groupby(["Recipient", "Delivery year"])["TIV delivery values"].sum()
    names = {"Peru": "PE", "Venezuela": "VE", "Brazil": "BR"}
    counted = register.counted("orders", supplier="RU", recipients=list(names), first=2000, last=2023)
    volume = register.volume(supplier="RU", recipients=list(names), first=2000, last=2023)
    for name, code in names.items():
        assert counted[code] == tuple(orders[name, year] for year in range(2000, 2024))
        assert volume[code] == pytest.approx([tiv.get((name, year), 0.0) for year in range(2000, 2024)])


# ---- any file ------------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_out_of_reach(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"none\.csv: cannot be read"):
        read_register(tmp_path / "none.csv")


YEARS = st.integers(1950, 2024)
WORDS = st.text(st.sampled_from("abcXYZ-/ ,'\"&éñŠ"), max_size=12).map(str.strip)
NAMES = st.sampled_from(
    ["Russia", "Peru", "Soviet Union", "Hezbollah (Lebanon)*", "Viet Nam", "unknown supplier(s)"]
)
FIGURES = st.one_of(
    st.none(), st.integers(0, 10**6), st.floats(0, 10**6, allow_nan=False).map(lambda x: round(x, 4))
)


def figure(value: float | None) -> str:
    return (
        ""
        if value is None
        else f"{value:f}".rstrip("0").rstrip(".")
        if isinstance(value, float)
        else str(value)
    )


def flag(value: bool) -> str:
    return "Yes" if value else "No"


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Registers as SIPRI may write them."""
    rows = []
    for identity in range(draw(st.integers(1, 4))):
        ordered = draw(YEARS)
        deal = {
            "id": str(identity),
            "supplier": draw(NAMES),
            "recipient": draw(NAMES),
            "designation": draw(WORDS),
            "description": draw(WORDS),
            "armament_category": draw(st.sampled_from(sorted(CATEGORIES))),
            "order_date": str(ordered),
            "order_date_is_estimate": flag(draw(st.booleans())),
            "status": draw(st.sampled_from(sorted(STATUSES))),
            "tiv_deal_unit": figure(draw(FIGURES)),
            "local_production": flag(draw(st.booleans())),
        }
        for year in draw(st.lists(st.integers(ordered, 2030), min_size=1, max_size=3, unique=True)):
            delivery = {
                "delivery_year": str(year),
                "delivery_year_is_estimate": flag(draw(st.booleans())),
                "numbers_delivered": figure(draw(st.one_of(st.none(), st.integers(0, 10**6)))),
                "numbers_delivered_is_estimate": flag(draw(st.booleans())),
                "tiv_delivery_values": figure(draw(FIGURES)),
            }
            rows.append(cells(**deal, **delivery))
    return rows


def rewritten(register: Register) -> list[list[str]]:
    """The rows that a register was read from."""
    of = register.by_id()
    return [
        cells(
            id=one.deal,
            supplier=of[one.deal].supplier.name,
            recipient=of[one.deal].recipient.name,
            designation=of[one.deal].designation or "",
            description=of[one.deal].description or "",
            armament_category=of[one.deal].category or "",
            order_date=figure(of[one.deal].ordered),
            order_date_is_estimate=flag(of[one.deal].ordered_is_estimate),
            status=of[one.deal].status or "",
            tiv_deal_unit=figure(of[one.deal].tiv_unit),
            local_production=flag(bool(of[one.deal].local_production)),
            delivery_year=str(one.year),
            delivery_year_is_estimate=flag(one.year_is_estimate),
            numbers_delivered=figure(one.number),
            numbers_delivered_is_estimate=flag(one.number_is_estimate),
            tiv_delivery_values=figure(one.tiv),
        )
        for one in register.deliveries
    ]


@pytest.mark.slow
@given(tables())
def test_a_register_that_is_written_reads_back_the_same(rows: list[list[str]]) -> None:
    register = parse_register(export(*rows))
    assert rewritten(register) == rows
    assert parse_register(export(*rewritten(register), preamble=PREAMBLE[1:4])) == register


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for whole in (body, export() + body, body + export(), export(cells(designation="x")).replace(b"x", body)):
        try:
            parse_register(whole)
        except InputRefused:
            continue


@pytest.mark.slow
@given(st.data())
def test_an_export_with_anything_cut_out_or_put_in_is_read_or_refused(data: st.DataObject) -> None:
    body = export(*SEVERAL, preamble=PREAMBLE)
    at = data.draw(st.integers(0, len(body)))
    cut = data.draw(st.integers(0, 40))
    put = data.draw(st.one_of(st.just(b""), st.sampled_from([b",", b'"', b"\n", b";", b"\xff", b"?"])))
    try:
        register = parse_register(body[:at] + put + body[at + cut :])
    except InputRefused:
        return
    assert len(register.deals) <= 5
    assert all(1950 <= one.year <= 2025 for one in register.deliveries)
