"""The countries that a text names: by name, people, capital or seat of government, in four languages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, cached_property
from importlib import resources
from itertools import product

from ingest.words import LONGEST, folded, words

HIDDEN = "-"  # stands in the table for what is no country
_REMEMBERED = 50_000  # words of texts
_GIVEN = frozenset(
    """
    adriana alberto alejandro alex alfredo alvaro ana andrea andres angel anthony antonio arthur augusto
    barbara beatriz benjamin bill brian bruno bruce camila carla carlos carmen cesar charles chris
    christian christopher claudia cristina daniel david deandre denzel diana diego donald eddie edgar
    eduardo elena emily emma eric ernesto eva fabio felipe fernanda fernando francisco frank gabriel
    gabriela george gerardo gloria gonzalo grace gregory guillermo gustavo hector henry hugo isabel ivan
    jack jaime james jason javier jennifer jerome jesus jim joao joaquin joe john jonathan jorge jose
    joseph juan julia julio karen kathy kelly kerry kevin laura leonardo leonel lisa lorena louis lucas
    lucia luis luiz luke manuel marcelo marco marcos margarita maria mariana mario mark marta martha
    martin mary matthew mauricio michael michelle miguel mike monica montell natalia nicolas oliver
    oscar pablo patricia patrick paul paula paulo pedro peter rafael ramon raul rebecca rene ricardo
    richard robert roberto rodrigo roger rosa ruben samuel sandra santiago sara sarah sebastian sergio
    silvia simon sofia stacy stephen steve susana teresa thiago thomas tiago tom tony vernon veronica
    vicente victor vincent vinicius walter william wilson
    """.split()  # noqa: SIM905 - quotation marks would hide the list
)
_STATES = frozenset(
    """
    alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho
    illinois indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota
    mississippi missouri montana nebraska nevada ohio oklahoma oregon pennsylvania tennessee texas utah
    vermont virginia wisconsin wyoming
    """.split()  # noqa: SIM905
)
_STATES_OF_TWO = frozenset(
    f"{first} {second}"
    for first, second in [
        *product(("north", "south"), ("carolina", "dakota")),
        *product(("new",), ("hampshire", "jersey", "york")),
        ("rhode", "island"),
        ("west", "virginia"),
    ]
)
_OF_THE_STATE_OF_GEORGIA = (_STATES - {"georgia", "virginia"}) | frozenset(
    """
    abrams atlanta augusta bulldogs college congressman congresswoman county counties deputies election
    elections football fulton gop governor grady kemp lawmakers legislature macon marietta ossoff
    raffensperger republican republicans democrat democrats runoff savannah secretary senator senators
    senate sheriff state statehouse tech university voter voters warnock
    """.split()  # noqa: SIM905
)
_OFFICES = frozenset(
    """
    air ambassador armed army authorities border civil court defence defense embassy foreign forces
    government junta king lawmakers military minister ministry parliament police president prime prince
    queen rebels says security soldiers state supreme troops
    """.split()  # noqa: SIM905
)


class Caution(IntEnum):
    """What else a name may be."""

    NONE = 0
    SURNAME = 1
    GIVEN_NAME = 2
    STATE = 3


class Letters(IntEnum):
    """How a word must be written to be the name."""

    ANY = 0
    CAPITAL = 1
    EXACT = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One word of a name.

    Parameters
    ----------
    word
        Folded, or with `Letters.EXACT` as it is written.
    begins
        The word may go on.
    """

    word: str
    letters: Letters = Letters.ANY
    begins: bool = False

    def takes(self, written: str) -> bool:
        """Whether a word of a text is this one."""
        if self.letters is Letters.EXACT:
            return written == self.word
        if self.letters is Letters.CAPITAL and not written[0].isupper():
            return False
        word = folded(written)
        return word.startswith(self.word) if self.begins else word == self.word


@dataclass(frozen=True, kw_only=True, slots=True)
class Name:
    """One of the names of a country."""

    code: str
    parts: tuple[Part, ...]
    caution: Caution = Caution.NONE


@dataclass(frozen=True, slots=True)
class Mention:
    """A country, and the words that name it: the first, and the one after the last."""

    code: str
    first: int
    end: int


class Places:
    """Finds countries in texts, in time linear in the text; the longest name at each place counts."""

    def __init__(self, names: Sequence[Name]) -> None:
        self._exact: dict[str, list[Name]] = {}
        self._begins: dict[int, dict[str, list[Name]]] = {}
        self._known: dict[str, tuple[Name, ...]] = {}
        for name in names:
            word = folded(name.parts[0].word)
            index = self._begins.setdefault(len(word), {}) if name.parts[0].begins else self._exact
            index.setdefault(word, []).append(name)

    def mentions(self, text: Sequence[str]) -> list[Mention]:
        """Find every mention of a country in a text, given as words."""
        found: list[Mention] = []
        known, after, around = self._known, 0, _Around(text)
        for place, written in enumerate(text):
            names = known.get(written)
            if names is None:
                names = self._meet(written)
            if names and place >= after:
                mention = self._at(place, names, around)
                if mention is not None:
                    after = mention.end
                    found.append(mention)
        return [one for one in found if one.code != HIDDEN]

    def named(self, text: Sequence[str]) -> tuple[str, ...]:
        """List the countries that a text names, each once, the first-named first."""
        return tuple(dict.fromkeys(one.code for one in self.mentions(text)))

    def _meet(self, written: str) -> tuple[Name, ...]:
        """Give the names that a word may begin, the longest first."""
        word = folded(written)
        found = list(self._exact.get(word, ()))
        for length, names in self._begins.items():
            if length <= len(word):
                found += names.get(word[:length], ())
        fitting = [name for name in found if name.parts[0].takes(written)]
        ordered = tuple(sorted(fitting, key=_rank))
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        if len(written) <= LONGEST:
            self._known[written] = ordered
        return ordered

    def _at(self, place: int, names: Sequence[Name], around: "_Around") -> Mention | None:
        text = around.text
        for name in names:
            end = place + len(name.parts)
            if end <= len(text) and all(map(Part.takes, name.parts[1:], text[place + 1 : end])):
                meant = name.code if self._is_meant(name, place, end, around) else HIDDEN
                return Mention(meant, place, end)
        return None

    def _is_meant(self, name: Name, place: int, end: int, around: "_Around") -> bool:
        text = around.text
        if text[place].isascii() and _goes_on_with_a_state(text, end):
            return False
        if name.parts[0].letters is Letters.EXACT and "." not in text[place] and around.is_shouted:
            return False
        if name.caution is Caution.STATE:
            return not around.is_of_georgia_in_the_states
        if name.caution in {Caution.SURNAME, Caution.GIVEN_NAME} and _follows_a_given_name(text, place):
            return False
        return name.caution is not Caution.GIVEN_NAME or not self._before_a_surname(end, around)

    def _before_a_surname(self, end: int, around: "_Around") -> bool:
        """Whether another name follows; where nearly every word has a capital, none of them tells."""
        following = next(iter(around.text[end : end + 1]), "")
        if not following[:1].isupper() or folded(following) in _OFFICES:
            return False
        if self._known.get(following) or self._meet(following):
            return False
        return around.capitals_tell


class _Around:
    """A text, and what of it as a whole says how its words are meant; each is found out once."""

    def __init__(self, text: Sequence[str]) -> None:
        self.text = text

    @cached_property
    def is_shouted(self) -> bool:
        """Whether all letters are capitals, so that US may be "us"."""
        return not any(any(map(str.islower, word)) for word in self.text)

    @cached_property
    def capitals_tell(self) -> bool:
        """Whether a third of the words, or more, begin with a small letter."""
        return 3 * sum(word[0].islower() for word in self.text) >= len(self.text)

    @cached_property
    def is_of_georgia_in_the_states(self) -> bool:
        """Whether it speaks of things of the state of Georgia rather than of the country."""
        return not _OF_THE_STATE_OF_GEORGIA.isdisjoint(map(folded, self.text))


def _rank(name: Name) -> tuple[int, bool, int]:
    return -len(name.parts), name.parts[0].begins, -len(name.parts[0].word)


def _goes_on_with_a_state(text: Sequence[str], end: int) -> bool:
    """Whether the name is that of a town, as in Peru, Indiana."""
    following = [folded(word) for word in text[end : end + 2] if word[0].isupper()]
    return bool(following) and (following[0] in _STATES or " ".join(following) in _STATES_OF_TWO)


def _follows_a_given_name(text: Sequence[str], place: int) -> bool:
    return place > 0 and text[place - 1][0].isupper() and folded(text[place - 1]) in _GIVEN


@cache
def places() -> Places:
    """Give all countries that are known by name."""
    table = resources.files("ingest").joinpath("places.txt").read_text(encoding="utf-8")
    return Places(list(read(table)))


def read(table: str) -> Iterator[Name]:
    """Read the table of names; what its signs mean is said at its top."""
    for line in table.splitlines():
        if line and not line.startswith("#"):
            code, listed = line.split(maxsplit=1)
            for text in listed.split(","):
                yield from _names(code, text.strip())


_CAUTIONS: Mapping[str, Caution] = {"%": Caution.STATE, "??": Caution.GIVEN_NAME, "?": Caution.SURNAME}


def _names(code: str, text: str) -> Iterator[Name]:
    """Make the names of one entry: one for every choice of endings."""
    mark = next((sign for sign in _CAUTIONS if text.endswith(sign)), "")
    caution = _CAUTIONS.get(mark, Caution.NONE)
    for chosen in product(*map(_choices, text.removesuffix(mark).split())):
        yield Name(code=code, parts=tuple(part for parts in chosen for part in parts), caution=caution)


def _choices(text: str) -> list[tuple[Part, ...]]:
    stem, *endings = text.split("/")
    return [tuple(_parts(stem + ending)) for ending in endings or [""]]


def _parts(text: str) -> Iterator[Part]:
    if text.startswith("="):
        yield Part(word=text[1:], letters=Letters.EXACT)
        return
    begins = text.endswith("*")
    single = words(text)
    for place, word in enumerate(single):
        letters = Letters.CAPITAL if word[0].isupper() else Letters.ANY
        yield Part(word=folded(word), letters=letters, begins=begins and place == len(single) - 1)


def countries(text: str) -> tuple[str, ...]:
    """List the countries that a text names, as two-letter codes, the first-named first.

    ``*`` stands for Latin America and the Caribbean as a whole.
    """
    return places().named(words(text))
