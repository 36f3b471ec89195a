"""Sources and rules as configured become what can be polled and applied."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from pydantic import BaseModel, ValidationError

from ingest import rules, sources
from ingest.items import Source
from ingest.tagging import Tagger
from model.errors import InvalidValue
from service import sections
from service.problems import Problem, nearest, shown, worded

if TYPE_CHECKING:
    from service.configuration import Configuration

type Known = tuple[Sequence[rules.Rule], Mapping[str, Sequence[str]]]  # rules, and words that they name

_OURS = ("kind", "every", "grade")  # keys of every source, which no kind needs to know


def source(configured: sections.Source) -> Source:
    """Make a source of a table that has been validated."""
    return cast("Source", sources.kind(configured.kind).model_validate(_keys(configured)))


def grade(configured: sections.Source) -> str | None:
    """Give the grade of what a source says, its own or that of its kind; None where it has none."""
    usual: str | None = getattr(sources.kind(configured.kind), "DEFAULT_GRADE", None)
    return configured.grade or usual


def problems(configured: Sequence[sections.Source]) -> Iterator[Problem]:
    """Find what is wrong with the kinds of sources and with the keys of each."""
    for place, one in enumerate(configured):
        if one.kind not in sources.KINDS:
            text = f"{shown(one.kind)} is no kind of source; {nearest(one.kind, sources.KINDS)}"
            yield Problem(("sources", place, "kind"), text)
            continue
        if (one.url is None) == (one.path is None):
            continue  # which is said of every source
        kind = sources.kind(one.kind)
        try:
            kind.model_validate(_keys(one))
        except ValidationError as error:
            for each in error.errors(include_url=False):
                yield Problem(("sources", place, *each["loc"]), _said(each, kind))


def tagger(configuration: "Configuration") -> Tagger:
    """Make the judge of items out of rules that have been validated."""
    return tagger_of((rules_of(configuration), configuration.words))


def tagger_of(known: Known) -> Tagger:
    """Make the judge of items out of rules and the lists of words that they name."""
    return Tagger(*known)


def rules_of(configuration: "Configuration") -> list[rules.Rule]:
    """Give the rules as they were configured."""
    return _rules(configuration.rules)


def rule_problems(
    configured: Sequence[sections.Rule], words: Mapping[str, tuple[str, ...]]
) -> Iterator[Problem]:
    """Find what is wrong with rules, and with the lists of words that they name."""
    try:
        for wrong in rules.problems(_rules(configured), words):
            place = () if wrong.place is None else (wrong.place,)
            key = (wrong.key, *place) if wrong.key else ()
            yield Problem(("rules", wrong.rule, *key), wrong.text)
    except InvalidValue as error:
        yield Problem(("words",), str(error))


def _rules(configured: Sequence[sections.Rule]) -> list[rules.Rule]:
    return [rules.Rule(**rule.model_dump()) for rule in configured]


def _said(error: object, kind: type[BaseModel]) -> str:
    return worded(error, kind)  # type: ignore[arg-type]


def _keys(configured: sections.Source) -> dict[str, object]:
    own = configured.model_dump(exclude=set(_OURS))
    return {name: value for name, value in own.items() if value is not None}
