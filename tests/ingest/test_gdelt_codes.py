"""The lists of codes, against those that others publish, and what is restored with them."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from ingest.countries import ISO_3166, KOSOVO
from ingest.gdelt.codes import CAMEO, covered, restored
from ingest.gdelt.places import (
    ACTORS,
    PLACES,
    REGIONS,
    actor_country,
    is_unknown_actor,
    is_unknown_place,
    place_country,
)
from tests.ingest.gdelt_exports import REAL

QUAD_CLASSES = {"1", "2", "3", "4"}  # not codes of events
WRITTEN_INTO_ITS_NEIGHBOUR = {"106"}  # in the published list it stands at the end of 1056
LATER = {"155", "176", "1951", "1952"}  # of codebook 1.1b3, but not of the published list
GONE = {"NT", "YI"}, {"ANT", "SCG"}  # the Netherlands Antilles, Serbia and Montenegro
THE_EIGHT = {
    "PE": "PER",
    "BL": "BOL",
    "NU": "NIC",
    "VE": "VEN",
    "BR": "BRA",
    "CI": "CHL",
    "CO": "COL",
    "MX": "MEX",
}


def test_the_codes_are_those_that_gdelt_publishes_and_say_the_same() -> None:
    path = REAL / "CAMEO.eventcodes.txt"
    if not path.exists():
        pytest.skip("the published codes are absent")
    pairs = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:])
    published = {code: re.split(",? not spec|106:", words.lower())[0] for code, words in pairs}
    assert published.keys() - CAMEO.keys() == QUAD_CLASSES
    assert CAMEO.keys() - published.keys() == WRITTEN_INTO_ITS_NEIGHBOUR | LATER
    for code in CAMEO.keys() & published.keys():
        nearest = max(fuzz.ratio(CAMEO[code], other) for other in published.values())
        assert fuzz.ratio(CAMEO[code], published[code]) == nearest, code


def test_every_code_begins_with_its_root() -> None:
    roots = {code for code in CAMEO if len(code) == 2}
    assert roots == {f"{number:02}" for number in range(1, 21)}
    assert {code[:2] for code in CAMEO} == roots
    assert all(code[:3] in CAMEO for code in CAMEO)


@given(st.sampled_from(sorted(CAMEO)))
def test_what_a_spreadsheet_makes_of_a_code_is_restored_to_it(code: str) -> None:
    if len(code) == 2:  # rows carry kinds, not roots
        return
    assert restored(code.lstrip("0"), code[:2].lstrip("0")) == code
    assert restored(code, code[:2]) == code


@pytest.mark.parametrize(("code", "root"), [("57", "17"), ("999", "99"), ("", ""), ("57", ""), ("0", "0")])
def test_codes_that_fit_no_root_are_not_guessed(code: str, root: str) -> None:
    assert restored(code, root) is None


def test_a_pattern_names_one_code_or_all_that_begin_so() -> None:
    assert covered("057") == {"057"}
    assert covered("087*") == {"087", "0871", "0872", "0873", "0874"}
    assert covered("1") == covered("057**") == covered("05?") == covered("0570*0") == frozenset()


def test_the_countries_are_those_that_others_publish() -> None:
    path = REAL / "py_gdelt_countries.json"
    if not path.exists():
        pytest.skip("the published countries are absent")
    published = json.loads(path.read_text(encoding="utf-8"))
    fips, iso = GONE
    assert {code: PLACES.get(code) for code in published.keys() - fips} == {
        code: entry["iso2"] for code, entry in published.items() if code not in fips
    }
    known = {entry["iso3"]: entry["iso2"] for entry in published.values() if entry["iso3"] not in iso}
    assert {code: ACTORS.get(code) for code in known} == known
    assert not PLACES.keys() & fips
    assert not ACTORS.keys() & iso


def test_every_country_is_one_of_iso_3166() -> None:
    assert set(PLACES.values()) | set(ACTORS.values()) <= ISO_3166 | {KOSOVO}
    assert set(ACTORS.values()) == ISO_3166 | {KOSOVO}
    assert not REGIONS & ACTORS.keys()


def test_the_letters_of_fips_are_not_taken_for_those_of_iso() -> None:
    assert {place_country(fips): actor_country(three) for fips, three in THE_EIGHT.items()} == {
        code: code for code in ("PE", "BO", "NI", "VE", "BR", "CL", "CO", "MX")
    }
    assert place_country("NI") == "NG"
    assert (place_country("RS"), actor_country("RUS")) == ("RU", "RU")


def test_codes_that_stand_for_no_country_are_told_from_those_that_nobody_knows() -> None:
    assert (actor_country("AFR"), is_unknown_actor("AFR"), is_unknown_actor("QQQ")) == (None, False, True)
    assert (place_country("OS"), is_unknown_place("OS"), is_unknown_place("XX")) == (None, False, True)
    assert not is_unknown_actor("")
    assert not is_unknown_place("")
