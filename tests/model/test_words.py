"""Words of estimative probability."""

import pytest

from model.words import word


@pytest.mark.parametrize(
    ("probability", "expected"),
    [
        (0.0, "less than 1 %"),
        (0.0099, "less than 1 %"),
        (0.01, "almost no chance"),
        (0.05, "very unlikely"),
        (0.15, "very unlikely"),
        (0.20, "unlikely"),
        (0.25, "unlikely"),
        (0.45, "roughly even chance"),
        (0.55, "likely"),
        (0.60, "likely"),
        (0.80, "very likely"),
        (0.95, "almost certain"),
        (0.99, "almost certain"),
        (0.9901, "more than 99 %"),
        (1.0, "more than 99 %"),
    ],
)
def test_ranges_are_closed_below_and_open_above(probability: float, expected: str) -> None:
    assert word(probability) == expected
