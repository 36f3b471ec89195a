"""All patterns of all rules, each once, and what of them stands in a text."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ingest.matching import Matcher, bits, where
from ingest.patterns import Phrase, lists, parse
from ingest.places import Mention, places
from ingest.words import words


@dataclass(frozen=True, slots=True)
class Text:
    """What stands in a text: phrases and patterns, bit by bit, and countries in their order, each once."""

    words: Sequence[str]
    phrases: int
    patterns: int
    mentions: Sequence[Mention]
    named: tuple[str, ...]

    def naming(self, code: str) -> str | None:
        """Give the words that name a country first; None if there are none."""
        return next((self.said(one.first, one.end) for one in self.mentions if one.code == code), None)

    def said(self, first: int, end: int) -> str:
        """Give some of its words."""
        return " ".join(self.words[first:end])


class RulePatterns:
    """Finds patterns, which are known by their numbers, in texts.

    Parameters
    ----------
    texts
        The patterns as they are written, also more than once.
    named
        Lists of words, which they name as ``$name``.
    """

    def __init__(self, texts: Iterable[str], named: Mapping[str, Sequence[str]]) -> None:
        known = lists(named)
        patterns = {text: parse(text, known) for text in texts}
        self._numbers = {text: number for number, text in enumerate(patterns)}
        phrases: dict[Phrase, int] = {}
        self._having: defaultdict[int, int] = defaultdict(int)  # patterns, by phrase
        self._naming: defaultdict[str, int] = defaultdict(int)  # patterns, by country
        self._parts: dict[str, tuple[int, frozenset[str]]] = {}  # phrases and countries, by pattern
        for number, (text, pattern) in enumerate(patterns.items()):
            numbers = [phrases.setdefault(phrase, len(phrases)) for phrase in pattern.phrases]
            for place in numbers:
                self._having[place] |= 1 << number
            for code in pattern.countries:
                self._naming[code] |= 1 << number
            self._parts[text] = sum(1 << place for place in numbers), pattern.countries
        self._phrases = list(phrases)
        self._matcher, self._places = Matcher(self._phrases), places()

    def bits(self, texts: Iterable[str]) -> int:
        """Give patterns as bits."""
        return sum(1 << number for number in {self._numbers[text] for text in texts})

    def read(self, text: str) -> Text:
        """Find patterns and countries in a text."""
        written = words(text)
        phrases, mentions = self._matcher.found(written), self._places.mentions(written)
        patterns = 0
        for phrase in bits(phrases):
            patterns |= self._having[phrase]
        for mention in mentions:
            patterns |= self._naming.get(mention.code, 0)
        named = tuple(dict.fromkeys(mention.code for mention in mentions))
        return Text(written, phrases, patterns, mentions, named)

    def shown(self, pattern: str, texts: Iterable[Text]) -> str | None:
        """Give the first words that match a pattern; None if there are none."""
        phrases, countries = self._parts[pattern]
        for text in texts:
            for one in bits(text.phrases & phrases):
                if found := where(self._phrases[one], text.words):
                    return text.said(*found)
            for mention in text.mentions:
                if mention.code in countries:
                    return text.said(mention.first, mention.end)
        return None
