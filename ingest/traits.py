"""What a headline says that another can say too, or otherwise: words, numbers, things, places, names, days.

Words are compared by their first letters, without accents and capitals, so that endings and related
languages matter less; countries, numbers and things such as Mi-17 are compared as what they are, however
they are written. Marks of the news agencies are taken off first.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from ingest import lexicon
from ingest.places import places
from ingest.words import folded

LONGEST = 500  # characters of a headline that are compared
LETTERS = 6  # of a word that are compared
_SHORT = 3  # letters of a word that has no ending
REMEMBERED = 16_384  # words, and headlines by their words
READ = 8_192  # headlines of which all is remembered
NEXT = 64  # headlines whose words are remembered in between

_TOKEN = re.compile(
    r"[$€£]"
    r"|[^\W\d_]{1,5}+-?\d{1,4}(?!\d)[^\W_]*(?:-\d+)?"  # a thing that has a number for a name: Mi-171Sh, F-16
    r"|\d+(?:[.,]\d+)*(?:st|nd|rd|th)?"
    r"|[^\W\d_]+(?:['’](?![sS]\b)[^\W\d_]+)*"
)
_THING = re.compile(r"([^\W\d_]+)-?(\d+)")
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")

_AGENCY = (
    r"(?:reuters|tass|itar[- ]tass|efe|agencia efe|afp|ap|associated press|ria|ria novosti|sputnik|xinhua|"
    r"dpa|interfax|prensa latina|ansa|upi|bloomberg|agencia brasil|andina|bbc|cnn)"
)
_MARKED = ("(", "-", ": ", " – ", " — ", " | ")
_HEAD = re.compile(
    r"^\W*(?:"
    r"(?:update|wrapup|refile|corrected) ?\d* ?[-–:]"
    r"|(?:breaking|exclusive|urgente?|[uú]ltima hora) ?[:–-]"
    rf"|[^\W\d_][^():]{{0,40}} \({_AGENCY}[^()]{{0,20}}\) ?[-–—]"
    rf"|\({_AGENCY}[^()]{{0,20}}\) ?[-–—:]?"
    rf"|{_AGENCY} ?[:–—|-] "
    r"|\s)+",
    re.IGNORECASE,
)
_TAIL = re.compile(rf"(?: ?[-–—|] ?{_AGENCY}| ?\( ?{_AGENCY} ?\)| \| [^|]{{2,40}}) ?\.? ?$", re.IGNORECASE)
_CUT = re.compile(r"[^ ]*(?:…|\.\.\.)$")

_SILENT = lexicon.STOP | lexicon.ORDINALS.keys()
_VERBS = frozenset({"may", "mar"})  # and months too
_YEARS = 1900, 2100
_TITLED = 0.7  # share of words with a capital from which capitals say nothing
_NONE, _NO_STEPS = frozenset[str](), frozenset[int]()
_LATIN = str.maketrans(
    dict(
        zip(
            "абвгдежзийклмнопрстуфхцчшщъыьэюя",
            "a b v g d e zh z i i k l m n o p r s t u f kh ts ch sh shch  y  e yu ya".split(" "),  # noqa: SIM905 - as above it
            strict=True,
        )
    )
)


class Number(NamedTuple):
    """A number, what kind it is of ("" where it counts something), and the words for what it counts."""

    value: float
    kind: str
    of: frozenset[str]


class Traits(NamedTuple):
    """What can be compared of a headline.

    Parameters
    ----------
    words, bag
        Its words in order, as they are compared; and each of them once.
    numbers, things, days
        Its numbers; what has a number for a name, with the words that follow; days and months, by kind.
    places, names
        Names after a word such as "in"; all names, where capitals tell them.
    steps
        Which steps of a deal it speaks of.
    """

    words: tuple[str, ...]
    bag: frozenset[str]
    numbers: tuple[Number, ...]
    things: frozenset[str]
    thing_words: frozenset[str]
    days: frozenset[tuple[str, int]]
    places: frozenset[str]
    names: frozenset[str]
    steps: frozenset[int]


class _Token(NamedTuple):
    """A word, a number or a sign of a headline.

    Parameters
    ----------
    text, plain
        As it is written; in small Latin letters without accents.
    word
        As it is compared; "" where it says nothing.
    capital
        It begins with one.
    steps
        The steps of a deal that it speaks of.
    more
        It may say more than a word does: a number, a date, a thing.
    """

    text: str
    plain: str
    word: str
    capital: bool
    steps: frozenset[int]
    more: bool


@lru_cache(maxsize=REMEMBERED)
def words_of(headline: str) -> tuple[str, ...]:
    """List the words of a headline, each once and in order, as they are compared; some say nothing."""
    if (told := _told.get(headline)) is not None:
        return told.words
    return tuple(filter(None, dict.fromkeys([token.word for token in _tokens(headline)])))


@lru_cache(maxsize=NEXT)
def _tokens(headline: str) -> list[_Token]:
    return [_token(text) for text in _TOKEN.findall(_bare(headline))]


@lru_cache(maxsize=REMEMBERED)
def _token(text: str) -> _Token:
    plain, word = _plain(text), _compared(text)
    dated = plain in lexicon.MONTHS or plain in lexicon.WEEKDAYS or plain in lexicon.ORDINALS
    more = dated or text[0].isdigit() or word.startswith(("=", "#"))
    return _Token(text, plain, word, text[0].isupper(), _steps(plain), more)


def _bare(headline: str) -> str:
    """Take off the marks of agencies and papers, and the last word where the text is cut off."""
    plain = " ".join(headline[:LONGEST].split())
    if any(map(plain.__contains__, _MARKED)):
        plain = _TAIL.sub("", _HEAD.sub("", plain))
    return _CUT.sub("", plain) if plain.endswith(("…", "...")) else plain


def _compared(token: str) -> str:  # noqa: PLR0911 - one for each kind of token
    """Give a token as it is compared; "" where it says nothing."""
    if token[0].isdigit():
        value = _value(token)
        return "" if value is None or _is_year(token) else f"#{value:g}"
    if thing := _THING.match(token):
        return f"={_plain(thing[1])}{thing[2]}"
    if named := places().named([token, "x"]):  # with a small letter beside it, US is not shouted
        return f"@{named[0]}"
    word = _plain(token)
    if word in lexicon.NUMBERS:
        return f"#{lexicon.NUMBERS[word]:g}"
    if word in lexicon.WEEKDAYS:
        return f"~{lexicon.WEEKDAYS[word]}"
    if word in lexicon.MONTHS and token[0].isupper() and word not in _VERBS:
        return f"~{lexicon.MONTHS[word]:02}"
    if word in _SILENT or len(word) < 2:
        return ""
    return _ALIKE.get(_stem(word)) or _stem(word)


def _stem(word: str) -> str:
    """Take the commonest endings off a word, and what goes on after the letters that are compared."""
    if word.endswith("s") and len(word) > _SHORT and not word.endswith("ss"):
        word = word[:-2] if word.endswith(("ches", "shes", "sses", "xes", "zes")) else word[:-1]
    elif len(word) > _SHORT + 1 and word.endswith(("ed", "ing")):
        word = word.removesuffix("ed").removesuffix("ing")
    return word[:LETTERS]


def _plain(token: str) -> str:
    """Write a word in small Latin letters without accents."""
    word = folded(token)
    return word if word.isascii() else word.translate(_LATIN)


def _value(digits: str) -> float | None:
    plain = digits.rstrip("stndrh")
    if _THOUSANDS.fullmatch(plain):
        return float(re.sub("[.,]", "", plain))
    try:
        return float(plain.replace(",", "."))
    except ValueError:
        return None


def _is_year(digits: str) -> bool:
    return len(digits) == 4 and digits.isdigit() and _YEARS[0] <= int(digits) <= _YEARS[1]


def _steps(plain: str) -> frozenset[int]:
    return frozenset(step for step, stems in enumerate(lexicon.STEPS) if plain.startswith(stems))


@lru_cache(maxsize=READ)
def traits(headline: str) -> Traits:
    """Read everything that can be compared of a headline."""
    return _told.get(headline) or _Reader(_tokens(headline)).read()


def remember(told: Mapping[str, Traits]) -> None:
    """Take from another process what it read of headlines; it counts until the next ones are taken."""
    _told.clear()
    _told.update(told)


class _Reader:
    """Reads a headline from left to right."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self.tokens = tokens
        self.numbers: list[Number] = []
        self.days: set[tuple[str, int]] = set()
        self.things: set[str] = set()
        self.thing_words: set[str] = set()

    def read(self) -> Traits:
        after = 0
        for at, token in enumerate(self.tokens):
            if token.more and at >= after:
                after = self._take(at)
        words = tuple(filter(None, dict.fromkeys(token.word for token in self.tokens)))
        named = self._names()
        return Traits(
            words=words,
            bag=frozenset(words),
            numbers=tuple(self.numbers),
            things=frozenset(self.things),
            thing_words=frozenset(self.thing_words),
            days=frozenset(self.days),
            places=frozenset(self._places(named)),
            names=frozenset([self.tokens[at].word for at in named]),
            steps=_NO_STEPS.union(*[token.steps for token in self.tokens if token.steps]),
        )

    def _places(self, named: Iterable[int]) -> Iterator[str]:
        for at in named:
            if at and self.tokens[at - 1].plain in lexicon.LOCATIVES and self.tokens[at].word:
                yield self.tokens[at].word

    def _take(self, at: int) -> int:
        """Read what begins here, and say where the next begins."""
        text, plain, word, *_ = self.tokens[at]
        if plain in lexicon.MONTHS and self._is_month(at):
            return self._month(at)
        if plain in lexicon.WEEKDAYS:
            self.days.add(("weekday", lexicon.WEEKDAYS[plain]))
        elif word.startswith("="):
            self.things.add(word)
            self.thing_words |= self._counted(at + 1, 1)
        elif plain in lexicon.ORDINALS or (text[0].isdigit() and text[-1].isalpha()):
            value = lexicon.ORDINALS.get(plain) or _value(text) or 0.0
            self.numbers.append(Number(value, "ordinal", self._counted(at + 1, 1)))
        elif word.startswith("#"):
            return self._number(at, float(word[1:]))
        return at + 1

    def _is_month(self, at: int) -> bool:
        """Whether what may be a month is one: with a capital, but may and mar only beside a number."""
        if any(self._is_day(beside) for beside in (at - 2, at - 1, at + 1)):
            return True
        return self.tokens[at].capital and self.tokens[at].plain not in _VERBS

    def _month(self, at: int) -> int:
        self.days.add(("month", lexicon.MONTHS[self.tokens[at].plain]))
        before = at - 2 if at > 1 and self.tokens[at - 1].plain == "de" else at - 1
        if self._is_day(before):
            self.days.add(("day", int(self.tokens[before].text)))
            self.numbers = [one for one in self.numbers if one.value != int(self.tokens[before].text)]
        elif self._is_day(at + 1):
            self.days.add(("day", int(self.tokens[at + 1].text)))
            return at + 2
        return at + 1

    def _is_day(self, at: int) -> bool:
        if not 0 <= at < len(self.tokens) or not self.tokens[at].text.isdecimal():
            return False
        return 0 < int(self.tokens[at].text) < 32

    def _number(self, at: int, value: float) -> int:
        after, money = at + 1, at > 0 and self.tokens[at - 1].text in lexicon.MONEY
        following = self._plain(after)
        scale = lexicon.SCALES.get(following, 1.0)
        if scale > 1 and (money or following != "m"):
            value, after = value * scale, after + 1
            following = self._plain(after)
        if money or following in lexicon.MONEY:
            kind, of = "money", _NONE
        elif following in lexicon.UNITS:
            kind, of = lexicon.UNITS[following], _NONE
        else:
            kind, of = "", self._counted(after, 3)
        self.numbers.append(Number(value, kind, of))
        return after

    def _plain(self, at: int) -> str:
        return self.tokens[at].plain if at < len(self.tokens) else ""

    def _counted(self, at: int, most: int) -> frozenset[str]:
        """List the words that say what is counted: the next few, up to a preposition or another number."""
        found: list[str] = []
        for token in islice(self.tokens, at, None):
            if len(found) == most or token.plain in lexicon.ENDS_NOUN or token.word.startswith("#"):
                break
            if token.word and token.word[0] not in "@=~":
                found.append(token.word)
        return frozenset(found)

    def _names(self) -> list[int]:
        """Find the words that are names: with a capital, where not all have one."""
        spoken = [at for at, token in enumerate(self.tokens) if token.word and token.word[0] not in "#=~"]
        capital = [at for at in spoken if self.tokens[at].capital]
        if len(capital) > _TITLED * len(spoken):
            return []
        return [at for at in capital if at and self.tokens[at].word[0] != "@"]


_told: dict[str, Traits] = {}
_ALIKE = {_stem(word): _stem(words[0]) for words in reversed(lexicon.ALIKE) for word in words}
