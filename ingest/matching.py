"""All phrases are looked for in one pass over a text, whose time is linear in the text, whatever both are.

The words of a phrase are the states of a nondeterministic automaton, one bit each, as are the words that
may stand between; those of all phrases move together with each word of the text [1]_.

References
----------
.. [1] Navarro and Raffinot (2002), Flexible Pattern Matching in Strings, section 4.3.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ingest.patterns import GAP, Element, Phrase
from ingest.words import LONGEST, folded

_REMEMBERED = 50_000  # words of texts


@dataclass(frozen=True, slots=True)
class _Word:
    """What a word of a text does: which phrases of one word it is, and which states it lets through."""

    whole: int
    states: int
    starts: bool


_NOTHING = _Word(0, 0, False)


class Matcher:
    """Looks for phrases, all at once.

    Time is linear in the text, whatever stands in it; each of its words costs some operations on
    integers with one bit for every word, and every word that may stand between, of all phrases.

    Parameters
    ----------
    phrases
        Bit *i* of what is found stands for phrase *i*.
    """

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        self._whole, self._states = _Index(), _Index()
        self._starts = self._gaps = self._before = self._after = 0
        self._ends: dict[int, int] = {}  # the last state of a phrase: its number
        self._known: dict[str, _Word] = {}
        size = 0
        for number, phrase in enumerate(phrases):
            if len(phrase) == 1:
                self._whole.add(phrase[0], number)
            else:
                size = self._lay_out(phrase, size)
                self._ends[size - 1] = number
        self._last = sum(1 << state for state in self._ends)
        self._floods = self._before | self._gaps

    def _lay_out(self, phrase: Phrase, size: int) -> int:
        """Give a phrase its states, beginning with the next free one."""
        self._starts |= 1 << size
        for element in phrase:
            if element.after_gap:
                self._before |= 1 << (size - 1)
                self._gaps |= ((1 << GAP) - 1) << size
                size += GAP
                self._after |= 1 << (size - 1)
            self._states.add(element, size)
            size += 1
        return size

    def found(self, text: Iterable[str]) -> int:
        """Say which phrases stand in a text, given as words: bit *i* for phrase *i*."""
        known = self._known
        whole = active = ended = 0
        for written in text:
            word = known.get(written) or self._meet(written)
            whole |= word.whole
            if active or word.starts:
                active = (active << 1 | self._starts) & (word.states | self._gaps)
                if active & self._floods:
                    # A bit before or in a gap floods the rest of it: fewer words may be skipped.
                    flooded = active | self._after
                    active |= self._gaps & ~(flooded - self._before ^ flooded)
                ended |= active & self._last
        return whole | self._numbers(ended)

    def _numbers(self, ended: int) -> int:
        return sum(1 << self._ends[state] for state in bits(ended))

    def _meet(self, written: str) -> _Word:
        word = folded(written)
        states = self._states.of(word)
        whole = self._whole.of(word)
        met = _Word(whole, states, bool(states & self._starts)) if whole or states else _NOTHING
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        if len(written) <= LONGEST:
            self._known[written] = met
        return met


class _Index:
    """Numbers by words and by beginnings of words."""

    def __init__(self) -> None:
        self._exact: defaultdict[str, int] = defaultdict(int)
        self._begins: defaultdict[int, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))

    def add(self, element: Element, number: int) -> None:
        for word in element.exact:
            self._exact[word] |= 1 << number
        for start in element.begins:
            self._begins[len(start)][start] |= 1 << number

    def of(self, word: str) -> int:
        """Give the numbers of a folded word, as bits."""
        found = self._exact.get(word, 0)
        for length, starts in self._begins.items():
            found |= starts.get(word[:length], 0) if length <= len(word) else 0
        return found


def bits(number: int) -> Iterator[int]:
    """Give the places of the ones in a number ≥ 0, lowest first."""
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low


def where(phrase: Phrase, text: Sequence[str]) -> tuple[int, int] | None:
    """Find the first place of a phrase in a text, given as words: its first, and the one after its last."""
    single = list(map(folded, text))
    for start, word in enumerate(single):
        if phrase[0].takes(word) and (end := _end(phrase[1:], single, start + 1)) is not None:
            return start, end
    return None


def _end(phrase: Sequence[Element], text: Sequence[str], start: int) -> int | None:
    at = {start}
    for element in phrase:
        reach = GAP + 1 if element.after_gap else 1
        places = {place + skipped for place in at for skipped in range(reach)}
        at = {place + 1 for place in places if place < len(text) and element.takes(text[place])}
    return min(at, default=None)
