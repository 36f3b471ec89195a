"""From events to tags as the configuration says, and what is wrong with a configuration."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ingest.gdelt.coding import Coded, Coder, Coding
from ingest.gdelt.rows import Event, read_export
from ingest.sources.gdelt import Gdelt
from tests.ingest.gdelt_exports import NOW, cells, coder, export

EXAMPLE = Path(__file__).parents[2] / "examples" / "gdelt.toml"
THE_EIGHT = {
    "PE": ("PE", "PER"),
    "BO": ("BL", "BOL"),
    "NI": ("NU", "NIC"),
    "VE": ("VE", "VEN"),
    "BR": ("BR", "BRA"),
    "CL": ("CI", "CHL"),
    "CO": ("CO", "COL"),
    "MX": ("MX", "MEX"),
}  # as FIPS 10-4 and CAMEO write them
SWAPPED = {
    "Actor1Code": "PER",
    "Actor1CountryCode": "PER",
    "Actor1Type1Code": "",
    "Actor2Code": "RUSGOV",
    "Actor2CountryCode": "RUS",
    "Actor2Type1Code": "GOV",
}


def event(**changed: str) -> Event:
    (row,) = read_export(export(cells(**changed)), added=None, now=NOW).rows
    return row.event


def coded(coding: dict[str, Any], **changed: str) -> Coded | None:
    return coder({"tag": "accord", "code": "057", **coding}).judge(event(**changed))


def country(coding: dict[str, Any], **changed: str) -> str | None:
    found = coded(coding, **changed)
    return found.country if found else None


@pytest.mark.parametrize(
    ("coding", "matches"),
    [
        ({}, True),
        ({"code": ["057"]}, True),
        ({"code": ["05*"]}, True),
        ({"code": ["16*", "056"]}, False),
        ({"code": "05"}, False),
        ({"actor1": ["RU"]}, True),
        ({"actor1": ["rus"]}, True),
        ({"actor1": ["US", "CN"]}, False),
        ({"actor2": ["BO", "PE"]}, True),
        ({"actor2": ["BO"]}, False),
        ({"place": ["PE"]}, True),
        ({"place": ["RU"]}, False),
        ({"actor1_type": ["MIL", "GOV"]}, True),
        ({"actor1_type": ["MIL"]}, False),
        ({"actor2_type": ["GOV"]}, False),
        ({"first_paragraph": True}, True),
        ({"actor1": ["RU"], "actor2": ["PE"], "place": ["PE"], "actor1_type": ["GOV"]}, True),
    ],
)
def test_an_event_matches_where_all_that_is_named_fits(coding: dict[str, Any], matches: bool) -> None:
    assert (coded(coding) is not None) is matches


def test_only_what_an_article_begins_with_matches_where_that_is_asked() -> None:
    assert coded({"first_paragraph": True}, IsRootEvent="0") is None
    assert coded({}, IsRootEvent="0") is not None


def test_the_actors_stand_as_they_are_named_unless_either_way_will_do() -> None:
    coding = {"actor1": ["RU"], "actor2": ["PE"], "actor1_type": ["GOV"]}
    assert coded(coding, **SWAPPED) is None
    assert country({**coding, "either_way": True}, **SWAPPED) == "PE"
    assert country({**coding, "either_way": True}) == "PE"
    assert coded({**coding, "either_way": True}, Actor1Type1Code="", Actor2Type1Code="GOV") is None


@pytest.mark.parametrize(
    ("coding", "found"),
    [
        ({"actor1": ["RU"], "actor2": ["PE"], "place": ["RU"]}, "PE"),
        ({"actor1": ["RU"], "place": ["RU"]}, "RU"),
        ({"actor1": ["RU"]}, "RU"),
        ({}, "RU"),
        ({"country": "actor2"}, "PE"),
        ({"country": "actor1"}, "RU"),
        ({"country": "place", "actor2": ["PE"]}, "RU"),
        ({"country": "CO"}, "CO"),
    ],
)
def test_the_country_is_the_first_of_those_that_are_listed_or_the_one_that_is_named(
    coding: dict[str, Any], found: str
) -> None:
    in_moscow = {"ActionGeo_FullName": "Moscow, Moskva, Russia", "ActionGeo_CountryCode": "RS"}
    assert country(coding, **in_moscow) == found


def test_an_event_whose_country_nobody_knows_matches_nothing() -> None:
    assert coded({}, ActionGeo_CountryCode="", ActionGeo_FullName="") is None
    assert coded({"country": "actor2"}, Actor2CountryCode="AFR") is None
    assert coded({"country": "PE"}, ActionGeo_CountryCode="") is not None


def test_places_are_read_in_the_letters_of_fips() -> None:
    assert coded({"place": ["NI"]}, ActionGeo_CountryCode="NI") is None  # Nigeria
    assert country({"place": ["NI"]}, ActionGeo_CountryCode="NU") == "NI"


def test_of_several_that_match_the_first_holds() -> None:
    codings: list[dict[str, Any]] = [
        {"code": "16*", "tag": "a"},
        {"code": "05*", "tag": "b", "confidence": 0.3},
        {"code": "057", "tag": "c"},
    ]
    found = coder(*codings).judge(event())
    assert found is not None
    assert (found.place, found.coding.tag, found.coding.confidence) == (1, "b", 0.3)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("code", "57", 'is "57"; write "057"'),
        ("code", 57, "is 57; write codes in quotes, with the zero at their front"),
        ("code", ["05*", "9*"], 'is "9*"; write "09*"'),
        ("code", "99*", 'is "99*"; write a code of CAMEO, such as "057"'),
        ("code", [], 'names no code; write code = ["057"]'),
        ("tag", "Defence agreement!", 'is "Defence agreement!"; write the kind of event'),
        ("actor1", "Russia", 'is "Russia"; write an ISO 3166 code of two letters'),
        ("actor1", "EUR", 'is "EUR"; that is a region; list its countries'),
        (
            "actor2",
            ["PE", "*"],
            'is "*"; write an ISO 3166 code of two letters, such as "PE", or leave it out',
        ),
        ("place", {"PE": 1}, "is a table; write an ISO 3166 code"),
        ("actor1_type", "MILL", 'is "MILL"; did you mean MIL?'),
        ("actor2_type", 5, "is 5; write a type of CAMEO, such as MIL or GOV"),
        ("country", "actor3", 'is "actor3"; write actor1, actor2, place, or a code such as "PE"'),
        ("either_way", "yes", 'is "yes"; write true or false, without quotes'),
        ("either_way", True, "either_way is true, but no actor is named"),
        ("confidence", 1.2, "is 1.2; write a number from 0 to 1"),
        ("confidence", float("nan"), "is NaN; write a number from 0 to 1"),
        ("confidence", True, "is true; write a number from 0 to 1"),
        ("confidence", 10**4000, "is a very large number; write a number from 0 to 1"),
        ("tag", "a" * 200, "…"),
    ],
)
def test_a_coding_that_makes_no_sense_is_refused_with_what_to_write(
    key: str, value: object, said: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Coding.model_validate({"code": "057", "tag": "accord", key: value})
    (error,) = caught.value.errors()
    assert error["type"] == "value_error"
    assert said in str(error["ctx"]["error"])


def test_a_source_needs_one_place_to_read_from_and_something_to_look_for() -> None:
    coding = {"code": "057", "tag": "accord"}
    for wrong in (
        {"codes": [coding]},
        {"codes": [coding], "url": "https://a.org/lastupdate.txt", "path": "exports"},
        {"path": "exports"},
    ):
        with pytest.raises(ValidationError) as caught:
            Gdelt.model_validate({"id": "g", **wrong})
        assert [error["type"] for error in caught.value.errors()] == ["value_error"]
    for key, value in (("max_files", 0), ("max_files", "many"), ("max_files", True), ("rules", 1)):
        with pytest.raises(ValidationError):
            Gdelt.model_validate({"id": "g", "path": "exports", "codes": [coding], key: value})
    assert Gdelt.model_validate({"id": "g", "path": "exports", "rules": True}).max_files == 96


def shipped() -> Gdelt:
    (table,) = tomllib.loads(EXAMPLE.read_text())["sources"]
    return Gdelt.model_validate(
        {key: value for key, value in table.items() if key not in {"kind", "every", "grade"}}
    )


def test_the_example_is_a_sound_source_of_which_everything_waits_for_an_editor() -> None:
    source = shipped()
    assert len(source.codes) == 12
    assert all(coding.confidence < 0.8 for coding in source.codes)
    assert source.DEFAULT_GRADE == "D3"


@pytest.mark.parametrize("two", THE_EIGHT)
@pytest.mark.parametrize(
    ("code", "changed", "tag"),
    [
        ("057", {}, "defence_agreement"),
        ("057", {"Actor1Type1Code": "MNC"}, "contract_signed"),
        ("072", {}, "delivery"),
        ("062", {}, "training_or_exercise"),
        ("0312", {}, "arms_offer"),
        ("043", {}, "high_level_visit"),
        ("042", {"Actor1Type1Code": "", "IsRootEvent": "0"}, "high_level_visit"),
        ("1212", {}, "project_cancelled"),
        ("163", {"Actor1Code": "USAGOV", "Actor1CountryCode": "USA"}, "us_pushback"),
        ("085", {"Actor1Code": "USAGOV", "Actor1CountryCode": "USA"}, "us_easing"),
        ("111", {"Actor1Code": "USA", "Actor1CountryCode": "USA", "Actor2CountryCode": "RUS"}, "us_pushback"),
    ],
)
def test_the_example_gives_events_of_the_eight_countries_the_shipped_forecasts_tags(
    two: str, code: str, changed: dict[str, str], tag: str
) -> None:
    fips, three = THE_EIGHT[two]
    row = {"EventCode": code, "Actor2CountryCode": three, "ActionGeo_CountryCode": fips, **changed}
    found = Coder(shipped().codes).judge(event(**row))
    assert found is not None
    assert (found.coding.tag, found.country) == (tag, two)


def test_the_example_leaves_the_rest_of_the_world_alone() -> None:
    example = Coder(shipped().codes)
    assert example.judge(event(Actor2CountryCode="ARG")) is None
    assert example.judge(event(Actor1CountryCode="CHN")) is None
    assert example.judge(event(EventCode="010")) is None
