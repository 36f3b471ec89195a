from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ConfigurationError
from service.configuration import load
from tests.service.configurations import VALID

TOML_VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = """
    storage.url schedule.digest schedule.nightly schedule.timezone ingest.tag_families ingest.drop_folder
    ingest grades grades.reliability grades.credibility.1 sources rules digest.smtp digest.recipients
    digest.smtp.password alerts serve.port forecasts include other
""".split()  # noqa: SIM905 - a list of quotation marks would hide them
FORECAST_KEYS = [
    "id",
    "opened",
    "horizon",
    "title",
    "scenarios",
    "indicators",
    "sources",
    "alerts",
    "prior_strength",
]
INDICATOR_KEYS = [
    "id",
    "tag",
    "countries",
    "recurs",
    "expected",
    "probability",
    "timing",
    "burst_days",
    "base_rate",
]


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            escaped = "".join(f"\\U{ord(letter):08x}" for letter in value)
            return f'"{escaped}"'
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case dict():
            return "{" + ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items()) + "}"
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)


@pytest.mark.slow
@given(key=st.sampled_from(KEYS), value=TOML_VALUES)
def test_any_value_anywhere_is_taken_or_refused_in_our_words(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: object
) -> None:
    text = f"{key} = {_toml(value)}\n" + ("" if key == "forecasts" else VALID)
    _taken_or_refused(tmp_path_factory, text)


@pytest.mark.slow
@given(forecast=st.dictionaries(st.sampled_from(FORECAST_KEYS), TOML_VALUES, max_size=3), data=st.data())
def test_any_forecast_is_taken_or_refused_in_our_words(
    tmp_path_factory: pytest.TempPathFactory, forecast: dict[str, object], data: st.DataObject
) -> None:
    indicator = data.draw(st.dictionaries(st.sampled_from(INDICATOR_KEYS), TOML_VALUES, max_size=3))
    name = data.draw(st.just("up") | st.text(max_size=5))
    good: dict[str, object] = {
        "id": "f",
        "opened": date(2026, 1, 1),
        "horizon": date(2026, 2, 1),
        "scenarios": [{"id": "down", "prior": 0.5}, {"id": name, "prior": 0.5}],
        "indicators": [{"id": "i", "tag": "t", "expected": {"down": 1, "up": 2}} | indicator],
    }
    _taken_or_refused(tmp_path_factory, f"forecasts = [{_toml(good | forecast)}]\n")


def _taken_or_refused(folders: pytest.TempPathFactory, text: str) -> None:
    path = folders.getbasetemp() / "any.toml"
    path.write_text(text, encoding="utf-8")
    for line in _problems(path):
        assert line.startswith("any.toml: ")
        assert len(line.splitlines()) == 1
        assert not any(word in line for word in ("Input should", "pydantic", "Value error"))


def _problems(path: Path) -> tuple[str, ...]:
    try:
        load(path, {})
    except ConfigurationError as error:
        return error.problems
    return ()
