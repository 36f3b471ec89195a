"""Rules: which words, where and from whom, give a report its tag."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ingest import fields
from ingest.countries import country_code
from ingest.patterns import Lists, lists, parse
from model.errors import InvalidValue

NO_LISTS: Mapping[str, Sequence[str]] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """Which words give a report its tag.

    Parameters
    ----------
    countries
        The text must name one of them; ``*`` among them stands in where it names none. Empty: any, and
        ``*`` where it names none.
    all_of, any_of, none_of
        Patterns (`ingest.patterns`) of which all, at least one, and none must be found.
    publishers
        Hosts, with all below them, to which the rule is limited.
    confidence
        Probability, in (0, 1], that tag and country are right.
    """

    tag: str
    countries: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    confidence: float = 0.9


@dataclass(frozen=True, kw_only=True, slots=True)
class Wrong:
    """What is wrong with a rule.

    Parameters
    ----------
    rule
        Its place, from 0.
    key, place
        The key, empty for the whole rule, and which of its values, from 0.
    text
        What is wrong, and what to write.
    """

    rule: int
    text: str
    key: str = ""
    place: int | None = None


def problems(rules: Sequence[Rule], named: Mapping[str, Sequence[str]] = NO_LISTS) -> Iterator[Wrong]:
    """Find everything that is wrong with rules, whose patterns may name these lists.

    Raises
    ------
    InvalidValue
        What is wrong with a list.
    """
    known = lists(named)
    for number, rule in enumerate(rules):
        yield from _wrong(number, rule, known)


def _wrong(number: int, rule: Rule, known: Lists) -> Iterator[Wrong]:
    if not (rule.all_of or rule.any_of):
        yield Wrong(rule=number, text="holds neither all_of nor any_of, so everything would match; write one")
    if not 0 < rule.confidence <= 1:
        text = f"{rule.confidence} is no confidence; write a number above 0, up to 1"
        yield Wrong(rule=number, key="confidence", text=text)
    if text := _refused(fields.tag, rule.tag):
        yield Wrong(rule=number, key="tag", text=text)
    for key, read in _readers(known).items():
        for place, value in enumerate(getattr(rule, key)):
            if text := _refused(read, value):
                yield Wrong(rule=number, key=key, place=place, text=text)


def _readers(known: Lists) -> dict[str, Callable[[str], object]]:
    def pattern(text: str) -> object:
        return parse(text, known)

    return {
        "countries": country_code,
        "all_of": pattern,
        "any_of": pattern,
        "none_of": pattern,
        "publishers": _host,
    }


def _refused(read: Callable[[str], object], value: str) -> str:
    try:
        read(value)
    except InvalidValue as error:
        return str(error)
    return ""


def _host(text: str) -> str:
    if not text.strip() or any(sign in text.strip() for sign in "/: "):
        raise InvalidValue(f"{text[:60]!r} is no host; write a name such as tass.com")
    return text
