"""What a headline says that another can say too, or otherwise: words, numbers, things, places, names, days.

Words are compared by their first letters, without accents and capitals, so that endings and related
languages matter less; countries, numbers and things such as Mi-17 are compared as what they are, however
they are written. Marks of the news agencies are taken off first.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from ingest import lexicon
from ingest.places import places
from ingest.words import folded

LONGEST = 500  # characters of a headline that are compared
LETTERS = 6  # of a word that are compared
_SHORT = 3  # letters of a word that has no ending
REMEMBERED = 16_384  # words, and headlines by their words
READ = 4_096  # headlines of which all is remembered

_TOKEN = re.compile(
    r"[$€£]"
    r"|[^\W\d_]{1,5}-?\d{1,4}(?!\d)[^\W_]*(?:-\d+)?"  # a thing that has a number for a name: Mi-171Sh, F-16
    r"|\d+(?:[.,]\d+)*(?:st|nd|rd|th)?"
    r"|[^\W\d_]+(?:['’](?![sS]\b)[^\W\d_]+)*"
)
_THING = re.compile(r"([^\W\d_]+)-?(\d+)")
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")

_AGENCY = (
    r"(?:reuters|tass|itar[- ]tass|efe|agencia efe|afp|ap|associated press|ria|ria novosti|sputnik|xinhua|"
    r"dpa|interfax|prensa latina|ansa|upi|bloomberg|agencia brasil|andina|bbc|cnn)"
)
_MARKED = ("(", " - ", " – ", " — ", " | ", ": ", "-")
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """A number, what kind it is of ("" where it counts something), and the words for what it counts."""

    value: float
    kind: str
    of: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Traits:
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


@lru_cache(maxsize=REMEMBERED)
def words_of(headline: str) -> tuple[str, ...]:
    """List the words of a headline, each once and in order, as they are compared; some say nothing."""
    return tuple(filter(None, dict.fromkeys(map(_compared, _TOKEN.findall(_bare(headline))))))


def _bare(headline: str) -> str:
    """Take off the marks of agencies and papers, and the last word where the text is cut off."""
    plain = " ".join(headline[:LONGEST].split())
    if any(mark in plain for mark in _MARKED):
        plain = _TAIL.sub("", _HEAD.sub("", plain))
    return _CUT.sub("", plain) if plain.endswith(("…", "...")) else plain


@lru_cache(maxsize=REMEMBERED)
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


@lru_cache(maxsize=REMEMBERED)
def _steps(plain: str) -> frozenset[int]:
    return frozenset(step for step, stems in enumerate(lexicon.STEPS) if plain.startswith(stems))


@lru_cache(maxsize=READ)
def traits(headline: str) -> Traits:
    """Read everything that can be compared of a headline."""
    return _Reader(_bare(headline)).read()


class _Reader:
    """Reads a headline from left to right."""

    def __init__(self, bare: str) -> None:
        self.tokens = _TOKEN.findall(bare)
        self.words = [_compared(token) for token in self.tokens]
        self.plain = [_plain(token) for token in self.tokens]
        self.numbers: list[Number] = []
        self.days: set[tuple[str, int]] = set()
        self.things: set[str] = set()
        self.thing_words: set[str] = set()

    def read(self) -> Traits:
        at = 0
        while at < len(self.tokens):
            at = self._take(at)
        names = self._names()
        places = {
            self.words[at]
            for at in names
            if at and self.plain[at - 1] in lexicon.LOCATIVES and self.words[at]
        }
        return Traits(
            words=tuple(filter(None, dict.fromkeys(self.words))),
            bag=frozenset(filter(None, self.words)),
            numbers=tuple(self.numbers),
            things=frozenset(self.things),
            thing_words=frozenset(self.thing_words),
            days=frozenset(self.days),
            places=frozenset(places),
            names=frozenset(self.words[at] for at in names),
            steps=_NO_STEPS.union(*map(_steps, self.plain)),
        )

    def _take(self, at: int) -> int:
        """Read what begins here, and say where the next begins."""
        token, plain = self.tokens[at], self.plain[at]
        if plain in lexicon.MONTHS and self._is_month(at):
            return self._month(at)
        if plain in lexicon.WEEKDAYS:
            self.days.add(("weekday", lexicon.WEEKDAYS[plain]))
        elif self.words[at].startswith("="):
            self.things.add(self.words[at])
            self.thing_words |= self._counted(at + 1, 1)
        elif plain in lexicon.ORDINALS or (token[0].isdigit() and token[-1].isalpha()):
            value = lexicon.ORDINALS.get(plain) or _value(token) or 0.0
            self.numbers.append(Number(value=value, kind="ordinal", of=self._counted(at + 1, 1)))
        elif self.words[at].startswith("#"):
            return self._number(at, float(self.words[at][1:]))
        return at + 1

    def _is_month(self, at: int) -> bool:
        """Whether what may be a month is one: with a capital, but may and mar only beside a number."""
        if any(self._is_day(beside) for beside in (at - 2, at - 1, at + 1)):
            return True
        return self.tokens[at][0].isupper() and self.plain[at] not in _VERBS

    def _month(self, at: int) -> int:
        self.days.add(("month", lexicon.MONTHS[self.plain[at]]))
        before = at - 2 if at > 1 and self.plain[at - 1] == "de" else at - 1
        if self._is_day(before):
            self.days.add(("day", int(self.tokens[before])))
            self.numbers = [one for one in self.numbers if one.value != int(self.tokens[before])]
        elif self._is_day(at + 1):
            self.days.add(("day", int(self.tokens[at + 1])))
            return at + 2
        return at + 1

    def _is_day(self, at: int) -> bool:
        if not 0 <= at < len(self.tokens) or not self.tokens[at].isdecimal():
            return False
        return 0 < int(self.tokens[at]) < 32

    def _number(self, at: int, value: float) -> int:
        after, money = at + 1, at > 0 and self.tokens[at - 1] in lexicon.MONEY
        scale = lexicon.SCALES.get(self.plain[after], 1.0) if after < len(self.plain) else 1.0
        if scale > 1 and (money or self.plain[after] != "m"):
            value, after = value * scale, after + 1
        following = self.plain[after] if after < len(self.plain) else ""
        if money or following in lexicon.MONEY:
            kind, of = "money", _NONE
        elif following in lexicon.UNITS:
            kind, of = lexicon.UNITS[following], _NONE
        else:
            kind, of = "", self._counted(after, 3)
        self.numbers.append(Number(value=value, kind=kind, of=of))
        return after

    def _counted(self, at: int, most: int) -> frozenset[str]:
        """List the words that say what is counted: the next few, up to a preposition or another number."""
        found: list[str] = []
        for word, plain in zip(self.words[at:], self.plain[at:], strict=True):
            if len(found) == most or plain in lexicon.ENDS_NOUN or word.startswith("#"):
                break
            if word and word[0] not in "@=~":
                found.append(word)
        return frozenset(found)

    def _names(self) -> list[int]:
        """Find the words that are names: with a capital, where not all have one."""
        spoken = [at for at, word in enumerate(self.words) if word and word[0] not in "#=~"]
        capital = [at for at in spoken if self.tokens[at][0].isupper()]
        if len(capital) > _TITLED * len(spoken):
            return []
        return [at for at in capital if at and self.words[at][0] != "@"]


_ALIKE = {_stem(word): _stem(words[0]) for words in reversed(lexicon.ALIKE) for word in words}
