"""Word patterns: what they say, what is refused, and that finding them takes time linear in the text."""

import subprocess
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.matching import Matcher, bits, where
from ingest.patterns import GAP, MOST_LETTERS, Phrase, lists, parse
from ingest.words import words
from model.errors import InvalidValue


def matches(pattern: str, text: str, **named: list[str]) -> bool:
    return bool(Matcher(parse(pattern, lists(named)).phrases).found(words(text)))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("helicopter", "A HELICOPTER lands"),
        ("helicoptero", "Un helicóptero aterriza"),
        ("елка", "Ёлка в Лиме"),
        ("sign*", "Peru signed it"),
        ("sign*", "Peru's sign"),
        ("service cent*", "a new service-centre opens"),
        ("service cent* open*", "service center opened"),
        ("sign* .. contract", "sign contract"),
        ("sign* .. contract", "signs a new and very large contract"),
        ("mi-17*", "six Mi-17V-5 arrive"),
        ("U.S. envoy", "US envoy"),
        ("tank|ship* in", "two ships in port"),
        ("$arms", "new tanks"),
        ("$signs .. contract*", "inked two contracts"),
        ("a .. b .. c", "a x x x x x b x c"),
        ("a .. a", "a a"),
    ],
)
def test_what_a_pattern_finds(pattern: str, text: str) -> None:
    assert matches(pattern, text, arms=["tank*|air defence"], signs=["sign*", "ink*"])


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("helicopter", "helicopters"),
        ("sign*", "a design"),
        ("service cent*", "centre of service"),
        ("sign* .. contract", "signs one two three four five six contract"),
        ("sign* .. contract", "contract signed"),
        ("mi-17*", "mi 8 and 17"),
        ("tank|ship* in", "ships at sea"),
        ("$signs .. contract*", "contracts inked"),
        ("a .. a", "a"),
        ("a", ""),
    ],
)
def test_what_a_pattern_does_not_find(pattern: str, text: str) -> None:
    assert not matches(pattern, text, signs=["sign*", "ink*"])


def test_a_gap_holds_five_words_and_no_more() -> None:
    assert matches("a .. b", f"a {'x ' * GAP} b")
    assert not matches("a .. b", f"a {'x ' * (GAP + 1)} b")


def test_a_country_stands_alone_in_a_pattern() -> None:
    found = parse("@pe|tank|@*")
    assert found.countries == {"PE", "*"}
    assert len(found.phrases) == 1


def test_a_list_may_name_those_above_it() -> None:
    assert matches("$all", "new tank", arms=["tank"], all=["$arms", "ship"])
    assert matches("$all", "new ship", arms=["tank"], all=["$arms", "ship"])


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("", "empty alternative"),
        ("tank|", "empty alternative"),
        ("tank||ship", "empty alternative"),
        ("*", "holds no letters"),
        ("--", "holds no letters"),
        ("si*n", "stands at the end of a word"),
        ("sign**", "stands at the end of a word"),
        ("mi*-17", "stands at the end of a word"),
        ("(a+)+$", "no regular expression"),
        ("tank?", "no regular expression"),
        ("[a-z]*", "no regular expression"),
        (".. tank", "a word on each side"),
        ("tank ..", "a word on each side"),
        ("tank .. .. ship", "two .. in a row"),
        ("@XX", "is not a country's"),
        ("@Peru", "is not a country's"),
        ("buy @PE", "a country stands alone"),
        ("$nothing", "is no list of words; the lists are: $arms, $phrases"),
        ("buy $phrases", "holds phrases or countries"),
        ("a" * 65, "longer than 64 letters"),
        ("a " * 101, "write at most 100"),
        ("a|" * MOST_LETTERS, "longer than 10,000 characters"),
    ],
)
def test_a_bad_pattern_is_refused_with_advice(pattern: str, complaint: str) -> None:
    known = lists({"arms": ["tank*"], "phrases": ["air defence"]})
    with pytest.raises(InvalidValue) as caught:
        parse(pattern, known)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("named", "complaint"),
    [
        ({"Arms": ["tank"]}, "is no name for a list"),
        ({"arms": []}, "the list arms: holds nothing"),
        ({"arms": ["ta*k"]}, "the list arms: 'ta*k': a * stands at the end"),
        ({"arms": ["$arms"]}, "the list arms: '$arms' is no list"),
        ({"all": ["$arms"], "arms": ["tank"]}, "the list all: '$arms' is no list"),
    ],
)
def test_a_bad_list_is_refused_with_its_name(named: dict[str, list[str]], complaint: str) -> None:
    with pytest.raises(InvalidValue, match=r".") as caught:
        lists(named)
    assert complaint in str(caught.value)


def naively(phrase: Phrase, text: Sequence[str], place: int) -> bool:
    """Whether a phrase stands at a place, by trying everything."""
    if not phrase:
        return True
    first, *rest = phrase
    for skipped in range(GAP + 1 if first.after_gap else 1):
        at = place + skipped
        if at < len(text) and first.takes(text[at]) and naively(tuple(rest), text, at + 1):
            return True
    return False


WORDS = st.sampled_from(["a", "b", "ab", "aab", "ba", "c"])
PART = st.builds(str.__add__, WORDS, st.sampled_from(["", "*"]))
PHRASES = st.lists(st.tuples(st.sampled_from([" ", " .. "]), PART), min_size=1, max_size=5).map(
    lambda parts: "".join(join + part for join, part in parts).removeprefix(" ..").strip()
)


@pytest.mark.slow
@given(st.lists(PHRASES, min_size=1, max_size=8), st.lists(WORDS, max_size=30))
def test_all_phrases_are_found_where_trying_everything_finds_them(
    patterns: list[str], text: list[str]
) -> None:
    phrases = list(dict.fromkeys(phrase for one in patterns for phrase in parse(one).phrases))
    expected = [any(naively(phrase, text, at) for at in range(len(text))) for phrase in phrases]
    found = set(bits(Matcher(phrases).found(text)))
    assert [number in found for number in range(len(phrases))] == expected
    assert [where(phrase, text) is not None for phrase in phrases] == expected


@given(PHRASES, st.lists(WORDS, max_size=30))
def test_where_a_phrase_is_said_to_stand_it_stands(pattern: str, text: list[str]) -> None:
    (phrase,) = parse(pattern).phrases
    place = where(phrase, text)
    if place is not None:
        assert naively(phrase, text[place[0] : place[1]], 0)
        assert not any(naively(phrase, text, before) for before in range(place[0]))


@given(st.lists(WORDS, max_size=20), st.lists(WORDS, max_size=20))
def test_a_matcher_forgets_the_text_before(first: list[str], second: list[str]) -> None:
    phrases = [*parse("a .. b").phrases, *parse("ab* c").phrases]
    used = Matcher(phrases)
    used.found(first)
    assert used.found(second) == Matcher(phrases).found(second)


HOSTILE = """
import sys
from ingest.matching import Matcher
from ingest.patterns import parse
print(Matcher(parse(sys.argv[1]).phrases).found(["a"] * 500_000))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pattern", "found"),
    [("a* " * 100, "1"), (" .. ".join(["a*"] * 100), "1"), ("a* .. " * 99 + "b", "0")],
    ids=["a hundred in a row", "with gaps", "with gaps, in vain"],
)
def test_a_megabyte_made_to_be_slow_is_read_in_time(pattern: str, found: str) -> None:
    # Two seconds at most; trying everything would not end within the year.
    command = [sys.executable, "-c", HOSTILE, pattern.strip()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == found
