"""What a headline says that another can say too, or otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.traits import Number, traits, words_of


def number(value: float, *of: str, kind: str = "") -> Number:
    return Number(value=value, kind=kind, of=frozenset(of))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Peru signs for 8 helicopters", "PERU SIGNS FOR EIGHT HELICOPTERS"),
        ("Chávez opens the plant", "Chavez opens the plants"),
        ("Mi-17s reach Arequipa", "Mi17 reached Arequipa"),
        ("Moscow and Lima sign", "Russia and Peru sign"),
        ("Brazil signs accord", "Brasil signs treaty"),
        ("Ocho helicópteros para Perú", "Eight helicopters for Peru"),
        ("Мадуро в Каракасе", "Maduro in Caracas"),
        ("A dozen tanks; a pair of radars", "12 tanks, 2 radars"),
    ],
)
def test_capitals_accents_endings_and_other_spellings_make_no_difference(one: str, other: str) -> None:
    assert sorted(words_of(one)) == sorted(words_of(other))


@pytest.mark.parametrize(
    "marked",
    [
        "Peru signs for eight helicopters - Reuters",
        "Peru signs for eight helicopters – TASS.",
        "Peru signs for eight helicopters (EFE)",
        "Peru signs for eight helicopters | Infodefensa",
        "(Reuters) - Peru signs for eight helicopters",
        "LIMA, March 3 (Reuters) - Peru signs for eight helicopters",
        "TASS: Peru signs for eight helicopters",
        "UPDATE 2-Peru signs for eight helicopters",
        "BREAKING: Peru signs for eight helicopters.",
        "Peru signs for eight helicopters in Arequ...",
        "PERU SIGNS FOR EIGHT HELICOPTERS…",
    ],
)
def test_what_agencies_and_papers_add_is_taken_off(marked: str) -> None:
    plain = words_of("Peru signs for eight helicopters in")
    assert words_of(marked) in {plain, plain[:-1]}


def test_a_colon_a_dash_and_brackets_of_the_story_itself_stay() -> None:
    assert words_of("Petro: no more Mi-17s") == words_of("Petro no more Mi-17s")
    assert "armoured"[:6] in words_of("Tanks (and armoured cars) for Peru")
    assert len(words_of("Peru buys - at last - eight helicopters")) == 5


@pytest.mark.parametrize(
    ("headline", "numbers"),
    [
        ("Peru gets eight Mi-171Sh helicopters in Lima", (number(8, "helico"),)),
        ("Plant can make 70 million cartridges", (number(70e6, "ammuni"),)),
        ("First stage of the 7.62 mm works", (number(1, "stage", kind="ordinal"), number(7.62, kind="mm"))),
        ("Loan of $3.42bn", (number(3.42e9, kind="money"),)),
        ("Préstamo de US$1.300 millones", (number(1.3e9, kind="money"),)),
        ("250 million dollars for two dozen jets", (number(250e6, kind="money"), number(24, "jet"))),
        ("35 tonnes of cargo", (number(35, kind="t"),)),
        ("2nd batch of tanks", (number(2, "batch", kind="ordinal"),)),
        ("Deal of 2013 lapses", ()),
    ],
)
def test_numbers_are_read_with_what_they_count(headline: str, numbers: tuple[Number, ...]) -> None:
    assert traits(headline).numbers == numbers


@pytest.mark.parametrize(
    ("headline", "days"),
    [
        ("Drills begin on 23 March", {("day", 23), ("month", 3)}),
        ("Drills begin on March 23", {("day", 23), ("month", 3)}),
        ("Maniobras desde el 5 de abril", {("day", 5), ("month", 4)}),
        ("Talks on Tuesday", {("weekday", 1)}),
        ("Peru may buy tanks", set()),
        ("Due in May 12", {("day", 12), ("month", 5)}),
    ],
)
def test_days_and_months_are_read(headline: str, days: set[tuple[str, int]]) -> None:
    assert traits(headline).days == days
    assert not [one for one in traits(headline).numbers if one.value in {day for _, day in days}]


def test_things_with_a_number_for_a_name_are_no_numbers() -> None:
    found = traits("Su-30MK2 fighters and F-16s over Recife")
    assert found.things == {"=su30", "=f16"}
    assert found.numbers == ()
    assert found.thing_words == {"fighte"}


def test_names_are_told_by_capitals_and_places_by_the_word_before() -> None:
    found = traits("Minister Astudillo inspects works in Arequipa for Peru")
    assert found.names == {"astudi", "arequi"}
    assert found.places == {"arequi"}
    assert traits("Minister Astudillo Inspects Works In Arequipa").names == frozenset()


def test_a_headline_of_nothing_has_no_traits() -> None:
    for nothing in ("", "…", "TASS", "- | -", "the of and"):
        assert words_of(nothing) == ()
        assert traits(nothing).bag == frozenset()


@given(st.text(max_size=200))
def test_whatever_the_text_its_words_are_those_of_its_traits(text: str) -> None:
    assert traits(text).words == words_of(text)
    assert len(set(words_of(text))) == len(words_of(text))
