"""The one chart: what it draws, that it can be read without colours, and that it always comes out alike."""

import io
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Literal

import altair as alt
import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from model.domain import Scenario
from service.charts import history_chart, png
from service.curves import described, in_force, names, spaced, style, thinned

OPENED = date(2025, 4, 25)
SCENARIOS = (
    Scenario(id="downside", title="Symbolic return", prior=0.15),
    Scenario(id="base", title="Foothold in Peru", prior=0.6),
    Scenario(id="upside", prior=0.25),
)


@dataclass(frozen=True, kw_only=True)
class Night:
    """A scenario's line of a history."""

    as_of: date
    scenario: str
    probability: float | None
    band_low: float | None = None
    band_high: float | None = None
    status: Literal["published", "held", "failed"] = "published"
    run: int = 1


def nights(*chances: float, first: date = OPENED + timedelta(10), **more: Any) -> list[Night]:
    """Nights on which the first scenario has these probabilities, and the others share the rest."""
    return [
        Night(
            as_of=first + timedelta(place),
            scenario=one.id,
            probability=p,
            band_low=p / 2,
            band_high=(1 + p) / 2,
            **more,
        )
        for place, chance in enumerate(chances)
        for one, p in zip(SCENARIOS, (chance, 0.7 * (1 - chance), 0.3 * (1 - chance)), strict=True)
    ]


def spec(points: Sequence[Night], **sizes: Any) -> dict[str, Any]:
    return history_chart(points, SCENARIOS, opened=OPENED, **sizes).to_dict()


def layer(found: dict[str, Any], mark: str) -> dict[str, Any]:
    """The only layer of a mark, with its values in place."""
    (one,) = [each for each in found["layer"] if each["mark"]["type"] == mark]
    return {**one, "values": values(found, one)}


def values(found: dict[str, Any], one: dict[str, Any]) -> list[dict[str, Any]]:
    return list(found["datasets"][one["data"]["name"]])


def picture(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_chart_shows_each_probability_and_its_band_from_0_to_100_per_cent() -> None:
    found = spec(nights(0.2, 0.3))
    line, area = layer(found, "line"), layer(found, "area")
    assert [(one["as_of"], one["scenario"], one["probability"]) for one in line["values"][:2]] == [
        ("2025-05-05", "Symbolic return", 0.2),
        ("2025-05-05", "Foothold in Peru", pytest.approx(0.56)),
    ]
    assert (area["encoding"]["y"]["field"], area["encoding"]["y2"]["field"]) == ("low", "high")
    assert line["encoding"]["y"]["scale"]["domain"] == [0, 1]
    assert line["mark"]["interpolate"] == "step-after"


def test_the_priors_stand_where_the_forecast_opened() -> None:
    found = spec(nights(0.2))
    (diamonds,) = [one for one in found["layer"] if one["mark"].get("shape") == "diamond"]
    assert [(one["as_of"], one["prior"]) for one in values(found, diamonds)] == [
        ("2025-04-25", 0.15),
        ("2025-04-25", 0.6),
        ("2025-04-25", 0.25),
    ]
    assert found["layer"][0]["encoding"]["x"]["scale"]["domain"][0] == "2025-04-25"


def test_scenarios_keep_the_forecasts_order_and_differ_in_colour_and_in_dashes() -> None:
    encoding = layer(spec(nights(0.2)), "line")["encoding"]
    for channel, drawn in (("color", "colour"), ("strokeDash", "dash")):
        scale = encoding[channel]["scale"]
        assert scale["domain"] == ["Symbolic return", "Foothold in Peru", "upside"]
        expected = [getattr(style(place), drawn) for place in range(3)]
        assert [tuple(one) if isinstance(one, list) else one for one in scale["range"]] == expected
        assert len(set(map(str, scale["range"]))) == 3


def test_more_scenarios_than_colours_still_differ() -> None:
    assert len({(style(place).colour, style(place).dash) for place in range(35)}) == 35


@pytest.mark.parametrize("place", range(7))
def test_the_numbers_at_the_lines_can_be_read_on_white(place: int) -> None:
    assert 1.05 / (luminance(style(place).ink) + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    shades = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shades]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_last_numbers_stand_at_the_lines_ends_and_never_over_one_another() -> None:
    text = layer(spec(nights(0.3, 0.41), height=200, font_size=16), "text")
    assert [one["text"] for one in text["values"]] == ["18 %", "41 %", "41 %"]
    heights = [one["at"] for one in text["values"]]
    assert all(high - low >= 16 / 200 for low, high in pairwise(heights))


@given(chances=st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_numbers_are_moved_apart_within_the_chart_and_stay_in_order(chances: list[float]) -> None:
    heights = spaced(sorted(chances), 0.1)
    assert all(high - low >= 0.1 - 1e-9 for low, high in pairwise(heights))
    assert 0 <= heights[0] <= heights[-1] <= 1


def test_numbers_that_stand_apart_stay_where_they_are() -> None:
    assert spaced([0.1, 0.3, 0.95], 0.1) == [0.1, 0.3, 0.95]


@pytest.mark.slow
def test_the_same_chart_is_the_same_picture_to_the_byte() -> None:
    points = nights(0.2, 0.3, 0.25)
    first, second = (png(history_chart(points, SCENARIOS, opened=OPENED)) for _ in range(2))
    assert first == second
    assert picture(first).format == "PNG"


@pytest.mark.slow
def test_a_picture_is_as_large_as_it_is_asked_to_be_and_not_blank() -> None:
    small, large = (
        picture(png(history_chart(nights(0.2, 0.6), SCENARIOS, opened=OPENED, width=300), scale=scale))
        for scale in (1, 2)
    )
    assert 300 < small.width < 450
    assert large.width == pytest.approx(2 * small.width, abs=2)
    colours = {pixel for _, pixel in large.convert("RGB").getcolors(large.width * large.height) or []}
    for place in range(3):
        red, green, blue = (int(style(place).colour[at : at + 2], 16) for at in (1, 3, 5))
        assert (red, green, blue) in colours


@pytest.mark.slow
def test_a_single_night_can_be_seen() -> None:
    alone, nobody = (
        picture(png(history_chart(points, SCENARIOS, opened=OPENED))) for points in (nights(0.2), [])
    )
    assert alone.tobytes() != nobody.tobytes()


@pytest.mark.slow
def test_a_forecast_run_on_the_day_that_it_opened_has_an_axis_all_the_same() -> None:
    found = spec(nights(0.2, first=OPENED))
    assert found["layer"][0]["encoding"]["x"]["scale"]["domain"] == ["2025-04-25", "2025-04-26"]
    assert picture(png(alt.LayerChart.from_dict(found))).width > 0


def test_the_axis_goes_on_to_the_day_on_which_it_is_shown() -> None:
    found = spec(nights(0.2), until=date(2025, 9, 1))
    assert found["layer"][0]["encoding"]["x"]["scale"]["domain"] == ["2025-04-25", "2025-09-01"]


def test_days_are_days_wherever_the_picture_is_drawn() -> None:
    for one in spec(nights(0.2, 0.3))["layer"]:
        assert one["encoding"]["x"]["scale"]["type"] == "utc"


@pytest.mark.slow
def test_a_page_gets_the_same_definition_as_json_and_vega_lite_finds_nothing_wrong_with_it() -> None:
    found = json.loads(json.dumps(spec(nights(0.2, 0.3), width=900, height=400, font_size=12)))
    assert (found["width"], found["height"]) == (900, 400)
    svg = vl_convert.vegalite_to_svg(found, allowed_base_urls=[])
    assert "Symbolic return" in svg
    assert "http" not in svg.replace("http://www.w3.org", "")


@pytest.mark.slow
def test_nothing_is_warned_of_and_nothing_is_left_out_of_a_long_history() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = spec(nights(*(place / 3000 for place in range(1700))))
    assert len(layer(found, "line")["values"]) == 5100


def test_two_scenarios_of_one_title_are_told_apart() -> None:
    twins = (Scenario(id="a", title="Same", prior=0.5), Scenario(id="b", title="Same", prior=0.5))
    assert names(twins) == {"a": "Same (a)", "b": "Same (b)"}


def test_what_the_eye_cannot_see_in_a_title_is_shown_as_its_code() -> None:
    assert names([Scenario(id="a", title="Rise\u202e", prior=1)]) == {"a": "Rise<U+202E>"}


def test_a_scenario_that_is_not_the_forecasts_any_more_is_left_out() -> None:
    gone = Night(as_of=OPENED, scenario="gone", probability=0.4)
    assert "gone" not in str(spec([gone, *nights(0.2)]))


def test_only_what_was_published_last_of_each_cutoff_is_in_force() -> None:
    first, held, again = nights(0.2), nights(0.5, status="held"), nights(0.3, run=2)
    later = nights(0.4, first=OPENED + timedelta(11), status="failed")
    assert in_force([*first, *again, *held, *later]) == again


def test_what_could_not_be_seen_is_thinned_out_and_what_could_stays() -> None:
    slow = nights(*(0.2 + 0.0001 * place for place in range(100)))
    jump = nights(0.2, 0.2, 0.9, 0.2, 0.2)
    assert len(thinned(slow)) < 0.2 * len(slow)
    assert thinned(slow)[-3:] == slow[-3:]
    assert [one.probability for one in thinned(jump) if one.scenario == "downside"] == [0.2, 0.9, 0.2, 0.2]


@given(chances=st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_what_is_left_is_never_further_from_the_truth_than_a_line_is_wide(chances: list[float]) -> None:
    every = nights(*chances)
    kept = {(one.as_of, one.scenario): one for one in thinned(every)}
    shown: dict[str, Night] = {}
    for one in every:
        shown[one.scenario] = kept.get((one.as_of, one.scenario), shown.get(one.scenario, one))
        for name in ("probability", "band_low", "band_high"):
            assert abs(getattr(shown[one.scenario], name) - getattr(one, name)) <= 0.002


def test_a_chart_says_in_words_what_it_shows() -> None:
    points = nights(0.2, 0.5, 0.3)
    said = described(points, SCENARIOS, opened=OPENED)
    assert said.startswith("Probabilities from 2025-05-05 to 2025-05-07, and their priors of 2025-04-25. ")
    assert "Symbolic return: prior 15.0 %, between 20.0 % and 50.0 %, 30.0 % at the end; Foothold" in said
    assert spec(points)["description"] == said
    assert described([], SCENARIOS, opened=OPENED) == "Nothing has been published since 2025-04-25."
