"""The picture of a panel: what it draws, what it leaves grey, and that it can be read."""

import io
import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from PIL import Image

from model.errors import UsageError
from service.curves import style
from service.panel_charts import WIDTH, described, panel_chart, picture
from service.panel_values import Panel
from tests.service.panels import counted, happened, made, row, voted

PERU = row(
    "PE",
    "Peru",
    orders=counted({2001: 3}, {2001: 1}),
    deliveries=counted({2002: 1}),
    occurrences=happened(agreements={2003: 1}, exercises={2003: 2, 2005: 1}, visits={}),
    voting={"RU": voted(0.7, 0.6, 0.65), "US": voted(0.2, 0.3, 0.25)},
)
CHILE = row("CL", "Chile", orders=counted({}), deliveries=counted({}), occurrences=happened(agreements={}))


def drawn(found: Panel) -> dict[str, Any]:
    return panel_chart(found).to_dict()


def plots(found: dict[str, Any], place: int) -> list[dict[str, Any]]:
    """The plots of one row of countries, with their values in place of the names of data."""
    rows = [one for one in found["vconcat"] if "hconcat" in one]
    return [resolved(found, one) for one in rows[place]["hconcat"]]


def resolved(found: dict[str, Any], plot: dict[str, Any]) -> dict[str, Any]:
    layers = [{**one, "values": found["datasets"][one["data"]["name"]]} for one in plot["layer"]]
    return {**plot, "layer": layers}


def values(plot: dict[str, Any], mark: str) -> list[dict[str, Any]]:
    found = [one for layer in plot["layer"] if layer["mark"]["type"] == mark for one in layer["values"]]
    return [{name: one[name] for name in one} for one in found]


def texts(node: Any) -> Iterator[str]:
    """Every text that is written somewhere."""
    if isinstance(node, dict):
        yield from ([node["text"]] if isinstance(node.get("text"), str) else ())
        for one in node.values():
            yield from texts(one)
    elif isinstance(node, list):
        for one in node:
            yield from texts(one)


def image(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


# ---- what is drawn -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_countries_stand_side_by_side_in_their_order() -> None:
    found = drawn(made(PERU, CHILE))
    assert [one for one in texts(found["datasets"]) if one in {"Peru", "Chile"}] == ["Peru", "Chile"]
    assert [len(plots(found, place)) for place in range(4)] == [2, 2, 2, 2]


@pytest.mark.slow
def test_estimated_years_stand_lighter_on_top_of_known_ones() -> None:
    (peru, _) = plots(drawn(made(PERU, CHILE)), 0)
    known, estimated = values(peru, "bar")
    assert (known["year"], known["low"], known["high"], known["colour"]) == (2001, 0, 2, style(1).colour)
    assert (estimated["year"], estimated["low"], estimated["high"]) == (2001, 2, 3)
    assert luminance(estimated["colour"]) > luminance(known["colour"]) + 0.2
    said = " ".join(texts(drawn(made(PERU))["datasets"]))
    assert "year estimated by SIPRI" in said


def luminance(colour: str) -> float:
    return sum(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)) / 3


@pytest.mark.slow
def test_all_countries_share_one_scale() -> None:
    found = drawn(made(PERU, CHILE))
    for place, domain in ((0, [0, 3]), (1, [0, 1]), (2, [0, 3])):
        scales = [one["layer"][0]["encoding"]["y"]["scale"]["domain"] for one in plots(found, place)]
        assert scales == [domain, domain]


@pytest.mark.slow
def test_stored_events_of_a_year_stand_on_one_another_by_kind() -> None:
    (peru, _) = plots(drawn(made(PERU, CHILE)), 2)
    bars = {(one["year"], one["colour"]): (one["low"], one["high"]) for one in values(peru, "bar")}
    assert bars == {
        (2003, style(2).colour): (0, 1),
        (2003, style(4).colour): (1, 3),
        (2005, style(4).colour): (0, 1),
    }


@pytest.mark.slow
def test_lines_of_both_are_named_at_their_ends_with_their_trends() -> None:
    (peru, chile) = plots(drawn(made(PERU, CHILE)), 3)
    line = [(one["who"], one["year"], one["share"]) for one in values(peru, "line")]
    assert line[:3] == [("RU", 2000, 0.7), ("RU", 2001, 0.6), ("RU", 2002, 0.65)]
    named = [(one["who"], one["year"]) for one in values(peru, "text") if "who" in one]
    assert sorted(named) == [("RU", 2002), ("US", 2002)]
    assert {one["text"] for one in values(peru, "text") if "text" in one} == {
        "RU −2.5 ± 4.3",
        "US +2.5 ± 4.3",
    }
    assert [one["text"] for one in values(chile, "text")] == ["not known"]


def test_names_at_the_ends_do_not_stand_over_one_another() -> None:
    close = row("PE", "Peru", voting={"RU": voted(0.5, 0.5, 0.5), "US": voted(0.5, 0.5, 0.501)})
    (peru,) = plots(drawn(made(close, register_years=None)), 0)
    heights = [one["share"] for one in values(peru, "text") if "who" in one]
    assert all(high - low >= 0.08 for low, high in pairwise(sorted(heights)))


def test_a_year_without_votes_breaks_the_line_and_is_not_0() -> None:
    gap = voted(0.5, 0.5, 0.6)
    holed = {year: one for year, one in gap.by_year.items() if year != 2001}
    from_file = row(
        "PE",
        "Peru",
        voting={
            "RU": type(gap)(agreement=0.55, votes=140, first=2000, last=2002, trend=None, by_year=holed),
            "US": None,
        },
    )
    (peru,) = plots(drawn(made(from_file, register_years=None)), 0)
    assert [one["share"] for one in values(peru, "line")] == [0.5, None, 0.6]


# ---- what is not known ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_years_that_are_not_known_are_grey() -> None:
    found = drawn(made(PERU, CHILE))
    for plot in plots(found, 0):  # the register tells of 2000 to 2004
        assert [(one["from"], one["until"]) for one in values(plot, "rect")] == [(2004.5, 2005.5)]
    assert values(plots(found, 2)[0], "rect") == []
    assert [(one["from"], one["until"]) for one in values(plots(found, 3)[0], "rect")] == [(2002.5, 2005.5)]


@pytest.mark.slow
def test_a_country_that_is_not_known_says_so_and_none_stays_empty() -> None:
    found = drawn(made(PERU, CHILE, row("HT", "Haiti")))
    for place in range(3):
        _, chile, haiti = plots(found, place)
        assert (values(chile, "bar"), values(chile, "text")) == ([], [])
        assert [one["text"] for one in values(haiti, "text")] == ["not known"]
        assert [(one["from"], one["until"]) for one in values(haiti, "rect")] == [(1999.5, 2005.5)]


def test_rows_of_which_nothing_is_known_are_left_out() -> None:
    found = drawn(made(PERU, register_years=None, has_votes=False))
    assert [one["layer"][1]["mark"]["type"] for one in plots(found, 0)] == ["bar"]
    with pytest.raises(IndexError):
        plots(found, 1)


def test_a_picture_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing is known that could be drawn"):
        picture(made(row("PE", "Peru"), register_years=None, has_votes=False))


# ---- words ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_picture_names_its_sources() -> None:
    said = list(texts(drawn(made(PERU, generated="3 Jan 2025"))["datasets"]))
    source = (
        "Source: SIPRI Arms Transfers Database (exported 3 Jan 2025); UN General Assembly votes (Voeten)."
    )
    assert source in said
    assert any("not a census" in one for one in said)
    bare = list(texts(drawn(made(PERU, register_years=None))["datasets"]))
    assert "Source: UN General Assembly votes (Voeten)." in bare


@pytest.mark.slow
def test_a_picture_says_in_words_what_it_shows() -> None:
    found = made(PERU, row("HT", "Haiti"))
    said = described(found)
    assert said.startswith(
        "Ties with Russia side by side, 2000–2005. Peru: 3 orders, 1 delivery, 1 agreement, "
    )
    assert "no visits, 3 exercises, agreement with Russia 65 % in 2000–2002" in said
    assert "Haiti: nothing is known." in said
    assert drawn(found)["description"] == said


@pytest.mark.slow
def test_text_of_a_file_that_would_not_be_seen_is_shown_as_its_code() -> None:
    found = made(PERU, generated="3 Jan\u202e 2025")
    assert "3 Jan<U+202E> 2025" in json.dumps(drawn(found), ensure_ascii=False)


@pytest.mark.slow
def test_names_that_are_too_long_for_their_column_are_cut() -> None:
    named = [row(f"{place}", f"Saint Vincent and the Grenadines {place}") for place in range(9)]
    shown = [one for one in texts(drawn(made(*named))["datasets"]) if one.startswith("Saint")]
    assert len(shown) == 9
    assert all(one.endswith("…") and len(one) < 16 for one in shown)


# ---- the picture ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_picture_is_as_wide_as_it_should_be_and_shows_every_colour() -> None:
    content = picture(made(PERU, CHILE))
    found = image(content)
    assert (found.format, found.width) == ("PNG", WIDTH)
    colours = {pixel for _, pixel in found.convert("RGB").getcolors(found.width * found.height) or []}
    for place in (0, 1, 2, 4):  # no visit is stored
        colour = style(place).colour
        assert tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5)) in colours
    assert found.info["Description"] == described(made(PERU, CHILE))
    assert content == picture(made(PERU, CHILE))


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 8, 12])
def test_more_countries_than_fit_make_a_wider_picture(number: int) -> None:
    countries = [row(f"{place}", f"Land {place}", orders=counted({2002: place})) for place in range(number)]
    width = image(picture(made(*countries, has_votes=False))).width
    assert abs(width - WIDTH) <= 1 if number <= 8 else width > WIDTH
