"""What becomes of the items of a source: reports, proposals for editors, or nothing."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from ingest.items import NewsItem, SourceItem
from ingest.records import Item, Parsed, Refused, Untagged
from ingest.reports import report_from
from ingest.tagging import Tagged, Tagger
from model.digests import digest
from model.domain import Report
from model.errors import InputRefused
from model.wire import content

_LONGEST_ID = 200
_DATED = "published_on"
_NOTHING = Tagged(tag="", country="", also=(), confidence=0.0, why="", rule=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """An item with a tag: the report that it would be, and how sure that is.

    Parameters
    ----------
    undated
        The source gives no date: published on the day on which it was first seen, at the latest.
    """

    line: int
    report: Report
    confidence: float
    why: str
    undated: bool = False

    @property
    def digest(self) -> str:
        """Of what the source says; a day that was assumed for want of a date is left out."""
        return _said(self.report, undated=self.undated)

    def repeats(self, report: Report | None) -> bool:
        """Whether the source says nothing but what stands in a report."""
        return report is not None and _said(report, undated=self.undated) == self.digest


@dataclass(kw_only=True, slots=True)
class Sorted:
    """The items of a batch by what is to be done with them.

    Parameters
    ----------
    irrelevant
        Items to which no rule applies, by the id that a report of them would have.
    """

    judged: list[Judged] = field(default_factory=list)
    irrelevant: dict[str, NewsItem] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    """Judges the items of one source.

    Parameters
    ----------
    grade
        Of every report that names none of its own.
    today
        The latest day on Earth: nothing was published after it.
    """

    source: str
    grade: str | None
    tagger: Tagger
    today: date

    def sort(self, items: Iterable[SourceItem]) -> Sorted:
        """Judge every item; of several with one key the last one holds."""
        found = Sorted()
        latest = {judged.report.id: judged for judged in self._judged(items, found)}
        found.judged = list(latest.values())
        return found

    def _judged(self, items: Iterable[SourceItem], found: Sorted) -> Iterator[Judged]:
        for item in items:
            match item:
                case Refused():
                    found.refused.append(item)
                case Parsed(line=line, report=report):
                    yield Judged(line=line, report=report, confidence=1, why="")
                case NewsItem():
                    yield from self._news(item, found)

    def _news(self, item: NewsItem, found: Sorted) -> Iterator[Judged]:
        tagged = _own(item) or self.tagger.judge(item)
        if tagged is None:
            found.irrelevant[self._id(item)] = item
            return
        try:
            report = report_from(self._record(item, tagged), today=self.today)
        except InputRefused as error:
            found.refused.append(Refused(line=item.line, reason=str(error), text=item.headline))
            return
        yield Judged(
            line=item.line,
            report=report,
            confidence=tagged.confidence,
            why=tagged.why,
            undated=item.published is None,
        )

    def _id(self, item: NewsItem) -> str:
        plain = f"{self.source}:{item.key}"
        if len(plain) <= _LONGEST_ID:
            return plain
        return f"{self.source}:sha256:{hashlib.sha256(item.key.encode()).hexdigest()[:32]}"

    def _record(self, item: NewsItem, tagged: Tagged) -> Mapping[str, object]:
        own = {"summary": item.summary} if item.summary else {}
        return {
            **item.extra,
            **own,
            "id": self._id(item),
            _DATED: str(item.published or self.today),
            "occurred_on": str(item.occurred) if item.occurred else None,
            "tag": tagged.tag,
            "country": tagged.country,
            "also": list(tagged.also),
            "headline": item.headline,
            "publisher": item.publisher,
            "url": item.url,
            "lang": item.lang,
            "grade": self.grade,
        }


def all_by_rules(
    items: Iterable[Item], rules: Callable[[], Tagger], *, today: date
) -> Iterator[Parsed | Refused | Judged]:
    """Let rules say what kind of event tell the records that name none; the others stay as they are.

    Parameters
    ----------
    rules
        Makes the rules; asked once, and only where they are needed.
    """
    tagger = cache(rules)
    for item in items:
        yield by_rules(item, tagger(), today=today) if isinstance(item, Untagged) else item


def by_rules(untagged: Untagged, tagger: Tagger, *, today: date) -> Judged | Refused:
    """Let rules say what kind of event a record tells of, and where, if it does not say so itself.

    Where no rule applies it is refused, with everything else that is wrong with it.
    """
    record = {name: value for name, value in untagged.record.items() if value is not None and value != ""}
    told = tagger.judge(_told(record)) or _NOTHING
    where = {} if "country" in record else {"country": told.country, "also": list(told.also)}
    try:
        report = report_from({"tag": told.tag, **where, **record}, today=today)
    except InputRefused as error:
        reason = str(error) if told.rule else f"{error}; no rule tells its kind of event"
        return Refused(line=untagged.line, reason=reason, text=untagged.text)
    return Judged(line=untagged.line, report=report, confidence=told.confidence, why=told.why)


def _told(record: Mapping[str, object]) -> NewsItem:
    """Give what rules look at of a record."""
    texts = {name: record.get(name) for name in ("headline", "summary", "publisher", "url")}
    said = {name: value for name, value in texts.items() if isinstance(value, str)}
    return NewsItem(
        key="",
        line=0,
        published=None,
        headline=said.get("headline", ""),
        summary=said.get("summary", ""),
        publisher=said.get("publisher"),
        url=said.get("url"),
    )


def _own(item: NewsItem) -> Tagged | None:
    """Give what the source itself knows of the kind of event."""
    if item.tag is None or item.country is None:
        return None
    sure = 1.0 if item.confidence is None else item.confidence
    return Tagged(tag=item.tag, country=item.country, also=item.also, confidence=sure, why=item.why, rule=0)


def _said(report: Report, *, undated: bool = False) -> str:
    return digest(
        {name: value for name, value in content(report).items() if not (undated and name == _DATED)}
    )
