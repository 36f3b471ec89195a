"""Rules say what kind of event a text tells of, and where. Pure: items in, judgements out.

A rule is judged on the headline, and then on headline and summary together; where it needs the summary
its confidence is less, for in a longer text words stand together that do not belong together.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ingest.countries import country_code
from ingest.items import NewsItem
from ingest.matching import bits
from ingest.rule_patterns import RulePatterns, Text
from ingest.rules import NO_LISTS, Rule, Wrong, problems
from model.domain import REGION
from model.errors import InvalidValue

__all__ = ["Rule", "Tagged", "Tagger", "Wrong", "problems"]

IN_SUMMARY = 0.85  # what is left of a rule's confidence where it needs the summary
SUMMARY_LETTERS = 1000  # of the summary that are looked at: its first paragraph
_SHOWN = 60  # letters of each thing that matched


@dataclass(frozen=True, kw_only=True, slots=True)
class Tagged:
    """What a rule makes of an item.

    Parameters
    ----------
    country, also
        The first-named of the rule's countries, and those of them that are named besides.
    confidence
        The rule's, or less where it needed the summary.
    why
        Which rule, and the words that it found, in one line.
    rule
        Its number, from 1.
    """

    tag: str
    country: str
    also: tuple[str, ...]
    confidence: float
    why: str
    rule: int


@dataclass(frozen=True, slots=True)
class _Fit:
    """A rule that applies: where, and to which texts of the item."""

    rule: "_Compiled"
    countries: tuple[str, ...]
    texts: tuple[Text, ...]
    confidence: float

    @property
    def rank(self) -> tuple[float, int]:
        return -self.confidence, self.rule.number


@dataclass(frozen=True, kw_only=True, slots=True)
class _Compiled:
    """A rule whose patterns are bits."""

    number: int
    rule: Rule
    all_of: int
    any_of: int
    none_of: int
    countries: frozenset[str]
    publishers: tuple[str, ...]
    confidence: float

    @classmethod
    def of(cls, rule: Rule, number: int, patterns: RulePatterns) -> "_Compiled":
        return cls(
            number=number,
            rule=rule,
            all_of=patterns.bits(rule.all_of),
            any_of=patterns.bits(rule.any_of),
            none_of=patterns.bits(rule.none_of),
            countries=frozenset(map(country_code, rule.countries)),
            publishers=tuple(f".{host.strip().lower()}" for host in rule.publishers),
            confidence=rule.confidence,
        )

    def fit(self, headline: Text, summary: Text, in_summary: float) -> _Fit | None:
        """Judge the headline, and if that is not enough the summary with it."""
        if not self._has(headline.patterns | summary.patterns):
            return None
        less = self.confidence * in_summary
        alone = self._has(headline.patterns)
        if alone and (there := self._about(headline.named)):
            return _Fit(self, there, (headline,), self.confidence)
        if there := self._about((*headline.named, *summary.named)):
            return _Fit(self, there, (headline, summary), less)
        if self.countries and REGION not in self.countries:
            return None
        texts = (headline,) if alone else (headline, summary)
        return _Fit(self, (REGION,), texts, self.confidence if alone else less)

    def _has(self, found: int) -> bool:
        return found & self.all_of == self.all_of and (not self.any_of or bool(found & self.any_of))

    def _about(self, named: Sequence[str]) -> tuple[str, ...]:
        """Choose those of the countries named that the rule is about."""
        wanted = (code for code in named if not self.countries or code in self.countries)
        return tuple(dict.fromkeys(code for code in wanted if code != REGION))

    def is_for(self, host: str) -> bool:
        """Whether it is not limited to other publishers."""
        return not self.publishers or f".{host}".endswith(self.publishers)


class Tagger:
    """Judges items by rules, in time linear in their text.

    Parameters
    ----------
    named
        Lists of words, which patterns name as ``$name``.
    in_summary
        What is left of a rule's confidence, in [0, 1], where it needs the summary.

    Raises
    ------
    InvalidValue
        What is wrong with the first bad rule or list, and what to write.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        named: Mapping[str, Sequence[str]] = NO_LISTS,
        *,
        in_summary: float = IN_SUMMARY,
    ) -> None:
        for wrong in problems(rules, named):
            place = "" if wrong.place is None else f"[{wrong.place}]"
            key = f" {wrong.key}{place}:" if wrong.key else ""
            raise InvalidValue(f"rule {wrong.rule + 1} ({rules[wrong.rule].tag[:40]}):{key} {wrong.text}")
        texts = (text for rule in rules for text in (*rule.all_of, *rule.any_of, *rule.none_of))
        self._patterns = RulePatterns(texts, named)
        self._in_summary = in_summary
        compiled = [_Compiled.of(rule, number, self._patterns) for number, rule in enumerate(rules, start=1)]
        self._rules = sorted(compiled, key=lambda rule: -rule.confidence)
        self._needing = _needing(self._rules)

    def judge(self, item: NewsItem) -> Tagged | None:
        """Apply the rules to an item; None where none of them does.

        Of several that apply the one with the highest confidence counts, of equals the first.
        """
        headline = self._patterns.read(item.headline)
        summary = self._patterns.read(item.summary[:SUMMARY_LETTERS])
        best: _Fit | None = None
        for rule in self._candidates(headline.patterns | summary.patterns, _host(item)):
            if best is not None and rule.confidence < best.confidence:
                break
            fit = rule.fit(headline, summary, self._in_summary)
            if fit is not None and (best is None or fit.rank < best.rank):
                best = fit
        return None if best is None else self._tagged(best)

    def _candidates(self, found: int, host: str) -> Iterator[_Compiled]:
        """Give the rules that may apply, those of the highest confidence first."""
        places = {place for pattern in bits(found) for place in self._needing.get(pattern, ())}
        for rule in (self._rules[place] for place in sorted(places)):
            if not found & rule.none_of and rule.is_for(host):
                yield rule

    def _tagged(self, fit: _Fit) -> Tagged:
        rule = fit.rule.rule
        said = ", ".join(f"“{one[:_SHOWN]}”" for one in self._said(fit))
        summed = "" if len(fit.texts) == 1 else ", partly in the summary"
        return Tagged(
            tag=rule.tag,
            country=fit.countries[0],
            also=fit.countries[1:],
            confidence=fit.confidence,
            why=f"rule {fit.rule.number} ({rule.tag}) found {said}{summed}",
            rule=fit.rule.number,
        )

    def _said(self, fit: _Fit) -> list[str]:
        """Give the words of the item that made the rule apply, each once."""
        rule = fit.rule.rule
        each = [self._patterns.shown(pattern, fit.texts) for pattern in rule.all_of]
        some = (self._patterns.shown(pattern, fit.texts) for pattern in rule.any_of)
        named = next(filter(None, (text.naming(fit.countries[0]) for text in fit.texts)), None)
        return list(dict.fromkeys(filter(None, [*each, next(filter(None, some), None), named])))


def _needing(rules: Sequence[_Compiled]) -> dict[int, list[int]]:
    """List the places of rules by a pattern that each needs, the one which fewest need, or by its any_of."""
    shared = Counter(pattern for rule in rules for pattern in bits(rule.all_of))
    needing: defaultdict[int, list[int]] = defaultdict(list)
    for place, rule in enumerate(rules):
        keys = [min(bits(rule.all_of), key=shared.__getitem__)] if rule.all_of else bits(rule.any_of)
        for key in keys:
            needing[key].append(place)
    return dict(needing)


def _host(item: NewsItem) -> str:
    """Give the publisher, or the host where the item stands, as rules are compared with it."""
    if item.publisher:
        return item.publisher.strip().lower()
    try:
        return urlsplit(item.url or "").hostname or ""
    except ValueError:
        return ""
