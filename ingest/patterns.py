"""Word patterns, as rules state them.

A pattern is one or more alternatives with ``|`` between them. An alternative is a word, the beginning of
words (``sign*``), several words in a row (``service cent*``), with ``..`` where up to `GAP` others may
stand between two of them (``sign* .. contract``), a named list of alternatives (``$arms``), or a
country (``@PE``, or ``@*`` for a region such as Latin America). A list of single words may also stand
for one word of several (``$signs .. contract``). Capitals and accents do not matter.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingest.countries import country_code
from ingest.words import LONGEST, folded, words
from model.errors import InvalidValue

GAP = 5  # words that may stand where a pattern has ..
MOST_WORDS = 100  # of one phrase
MOST_LETTERS = 10_000  # of one pattern
_FOREIGN = re.compile(r"[()\[\]{}\\^$+?<>]")
_LIST = re.compile(r"\$[a-z0-9_]+")
_GAP = ".."


@dataclass(frozen=True, kw_only=True, slots=True)
class Element:
    """One word of a phrase: any of those words, or one that begins in one of those ways; folded.

    Parameters
    ----------
    after_gap
        Up to `GAP` other words may stand before it.
    """

    exact: frozenset[str] = frozenset()
    begins: frozenset[str] = frozenset()
    after_gap: bool = False

    def takes(self, word: str) -> bool:
        """Whether a folded word is one of these."""
        return word in self.exact or any(map(word.startswith, self.begins))


type Phrase = tuple[Element, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """What one string of a rule says: any of these phrases, or any of these countries."""

    text: str
    phrases: tuple[Phrase, ...] = ()
    countries: frozenset[str] = frozenset()


type Lists = Mapping[str, Pattern]


def lists(named: Mapping[str, Iterable[str]]) -> Lists:
    """Read named lists of alternatives, each of which may name those above it.

    Raises
    ------
    InvalidValue
        What is wrong with the first bad one, and what to write.
    """
    known: dict[str, Pattern] = {}
    for name, alternatives in named.items():
        if not _LIST.fullmatch(f"${name}"):
            raise InvalidValue(f"{name[:40]!r} is no name for a list; write small letters, digits and _")
        try:
            known[name] = _joined(f"${name}", [parse(text, known) for text in alternatives])
        except InvalidValue as error:
            raise InvalidValue(f"the list {name}: {error}") from None
    return known


def parse(text: str, known: Lists | None = None) -> Pattern:
    """Read a pattern.

    Parameters
    ----------
    known
        The lists that it may name.

    Raises
    ------
    InvalidValue
        What is wrong with it, and what to write.
    """
    if len(text) > MOST_LETTERS:
        raise InvalidValue(f"is longer than {MOST_LETTERS:,} characters; make several patterns of it")
    found = [_alternative(part.strip(), known or {}) for part in text.split("|")]
    return found[0] if len(found) == 1 else _joined(text, found)


def _joined(text: str, parts: Sequence[Pattern]) -> Pattern:
    if not parts:
        raise InvalidValue("holds nothing; write words, such as sign* .. contract")
    phrases = dict.fromkeys(phrase for part in parts for phrase in part.phrases)
    countries = frozenset(code for part in parts for code in part.countries)
    return Pattern(text=text, phrases=tuple(phrases), countries=countries)


def _alternative(text: str, known: Lists) -> Pattern:
    if not text:
        raise InvalidValue("has an empty alternative; write a word on each side of every |")
    if text.startswith("@"):
        return Pattern(text=text, countries=frozenset([country_code(text[1:])]))
    if text.startswith("$") and len(text.split()) == 1:
        return _named(text, known)
    return Pattern(text=text, phrases=(_phrase(text, known),))


def _named(text: str, known: Lists) -> Pattern:
    if text[1:] in known:
        return known[text[1:]]
    names = ", ".join(f"${name}" for name in known) or "there is none yet"
    raise InvalidValue(f"{text[:40]!r} is no list of words; the lists are: {names}")


def _phrase(text: str, known: Lists) -> Phrase:
    parts = text.split()
    if parts[0] == _GAP or parts[-1] == _GAP:
        raise InvalidValue(f"{text[:60]!r} begins or ends with ..; write a word on each side of it")
    found: list[Element] = []
    gap = False
    for part in parts:
        if part == _GAP:
            if gap:
                raise InvalidValue(f"{text[:60]!r} has two .. in a row; write one, for up to {GAP} words")
            gap = True
            continue
        found += _elements(part, known, after_gap=gap)
        gap = False
    if len(found) > MOST_WORDS:
        raise InvalidValue(f"a phrase of {len(found):,} words; write at most {MOST_WORDS}")
    return tuple(found)


def _elements(part: str, known: Lists, *, after_gap: bool) -> Iterator[Element]:
    """Make elements of what stands between two spaces; ``mi-17*`` is two."""
    if part.startswith("$"):
        yield _any_of(_named(part, known), after_gap=after_gap)
        return
    stem = part.removesuffix("*")
    single = list(map(folded, _checked(stem, part)))
    for place, word in enumerate(single):
        last, gap = place == len(single) - 1, after_gap and place == 0
        if last and stem != part:
            yield Element(begins=frozenset([word]), after_gap=gap)
        else:
            yield Element(exact=frozenset([word]), after_gap=gap)


def _any_of(pattern: Pattern, *, after_gap: bool) -> Element:
    if pattern.countries or any(len(phrase) > 1 for phrase in pattern.phrases):
        raise InvalidValue(
            f"{pattern.text} holds phrases or countries, so it cannot be one word of a phrase; "
            "let it stand alone, or make a list of single words"
        )
    single = [phrase[0] for phrase in pattern.phrases]
    return Element(
        exact=frozenset().union(*(one.exact for one in single)),
        begins=frozenset().union(*(one.begins for one in single)),
        after_gap=after_gap,
    )


def _checked(stem: str, part: str) -> list[str]:
    shown = repr(part[:60])
    if found := _FOREIGN.search(part):
        raise InvalidValue(
            f"{shown} holds {found[0]!r}; write words, *, | and .. only, no regular expression"
        )
    if "*" in stem:
        raise InvalidValue(f"{shown}: a * stands at the end of a word, after its first letters; write sign*")
    if "@" in stem:
        raise InvalidValue(f"{shown}: a country stands alone; write @PE as an alternative or a pattern")
    single = words(stem)
    if not single or not all(map(folded, single)):
        raise InvalidValue(f"{shown} holds no letters; write words, such as sign* .. contract")
    if max(map(len, single)) > LONGEST:
        raise InvalidValue(f"{shown} is longer than {LONGEST} letters; write its first letters and *")
    return single
