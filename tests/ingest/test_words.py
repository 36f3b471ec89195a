"""A text's words, as they are written and as they are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.words import LONGEST, folded, words


def compared(text: str) -> list[str]:
    return list(map(folded, words(text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mi-171Sh helicopters", ["mi", "171sh", "helicopters"]),
        ("Peru's and Perú’s armies", ["peru", "and", "peru", "armies"]),
        ("the U.S.'s sanctions, EE.UU. too", ["the", "us", "sanctions", "ee", "uu", "too"]),
        ("coup d'état", ["coup", "d", "etat"]),
        ("Ёлка и Росси́я", ["елка", "и", "россия"]),
        ("e\u0301tat zero\u200bwidth soft\u00adhyphen", ["etat", "zerowidth", "softhyphen"]),
        ("under_score, $2.2bn", ["under", "score", "2", "2bn"]),
        ("STRASSE straße ﬁre", ["strasse", "strasse", "fire"]),
        ("!? – …", []),
    ],
)
def test_words_are_compared_without_capitals_accents_and_what_stands_between(
    text: str, expected: list[str]
) -> None:
    assert compared(text) == expected


def test_words_are_given_as_they_were_written() -> None:
    assert words("US envoy in São Paulo") == ["US", "envoy", "in", "São", "Paulo"]


def test_of_an_endless_word_only_the_beginning_is_compared() -> None:
    assert folded("a" * 1000) == "a" * LONGEST


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    for word in words(text):
        assert folded(folded(word)) == folded(word)


@given(st.text())
def test_every_word_has_letters_or_digits_and_no_space(text: str) -> None:
    for word in words(text):
        assert any(map(str.isalnum, word))
        assert not any(map(str.isspace, word))
