"""Words of estimative probability (ICD 203), one row only, closed below and open above."""

from bisect import bisect_right

_STARTS = (0.01, 0.05, 0.20, 0.45, 0.55, 0.80, 0.95)
_WORDS = (
    "less than 1 %",
    "almost no chance",
    "very unlikely",
    "unlikely",
    "roughly even chance",
    "likely",
    "very likely",
    "almost certain",
)


def word(probability: float) -> str:
    """Word for a probability before rounding: 0.20 is "unlikely", 0.55 is "likely".

    Above 0.99 it is "more than 99 %"; 0.99 itself still is "almost certain".
    """
    return "more than 99 %" if probability > 0.99 else _WORDS[bisect_right(_STARTS, probability)]
