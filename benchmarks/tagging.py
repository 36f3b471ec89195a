"""How well the shipped rules tag: reports whose tag is known, real feeds, and speed.

The rules were written on the reports with an even number in their id; those with an odd one count.
"""

import argparse
import json
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measuring import machine, table
from ingest.feeds import parse
from ingest.items import NewsItem
from ingest.matching import Matcher
from ingest.patterns import parse as pattern
from ingest.tagging import IN_SUMMARY, Rule, Tagged, Tagger
from ingest.words import words
from model.errors import InputRefused

ROOT = Path(__file__).parents[1]
REPORTS, RULES = ROOT / "examples" / "reports.jsonl", ROOT / "config.toml"
FEEDS = ROOT.parent / "shared" / "data" / "feeds" / "real"
ACCEPT_ABOVE = 0.8
RIGHT, OTHER_TAG, OTHER_COUNTRY = "right", "wrong tag", "wrong country"
WAITING, MISLED, UNTOUCHED = "waits, right", "waits, other", "untouched"
OUTCOMES = (RIGHT, OTHER_TAG, OTHER_COUNTRY, WAITING, MISLED, UNTOUCHED)
HEADERS = ("tag", "reports", *OUTCOMES, "accepted as it", "precision", "recall")


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A headline, the tag and country that a reader gave it, and whether the rules were written on it."""

    headline: str
    tag: str
    country: str
    even: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What the rules made of a report."""

    told: Told
    tagged: Tagged | None

    @property
    def accepted(self) -> bool:
        """Whether the report goes in unread."""
        return self.tagged is not None and self.tagged.confidence >= ACCEPT_ABOVE

    @property
    def outcome(self) -> str:
        """Name what became of it."""
        if self.tagged is None:
            return UNTOUCHED
        same_tag, same_place = self.tagged.tag == self.told.tag, self.tagged.country == self.told.country
        if not self.accepted:
            return WAITING if same_tag and same_place else MISLED
        return OTHER_TAG if not same_tag else RIGHT if same_place else OTHER_COUNTRY


def shipped(path: Path = RULES, *, in_summary: float = IN_SUMMARY) -> Tagger:
    """Make a tagger of the shipped rules."""
    known = tomllib.loads(path.read_text(encoding="utf-8"))
    return Tagger(list(map(_rule, known["rules"])), known["words"], in_summary=in_summary)


def _rule(given: dict[str, Any]) -> Rule:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in given.items()
    }
    return Rule(**values)


def told(path: Path = REPORTS) -> list[Told]:
    """Read the reports whose tags are known."""
    found = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [
        Told(
            headline=one["headline"],
            tag=one["tag"],
            country=one["country"],
            even=int(one["id"].removeprefix("rt")) % 2 == 0,
        )
        for one in found
    ]


def item(headline: str, summary: str = "") -> NewsItem:
    """Make an item as a source would send it."""
    return NewsItem(key="1", line=1, published=None, headline=headline, summary=summary)


def judged(tagger: Tagger, reports: Sequence[Told]) -> list[Judged]:
    """Apply the rules to reports by their headlines."""
    return [Judged(told=one, tagged=tagger.judge(item(one.headline))) for one in reports]


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """How the rules did on the reports of one tag, or on all.

    Parameters
    ----------
    reports
        How many there are.
    outcomes
        How many of them had each outcome.
    accepted
        How many were accepted as this tag, whichever they are of.
    """

    reports: int
    outcomes: Counter[str]
    accepted: int

    @property
    def precision(self) -> float | None:
        """Share of what was accepted that has the right tag and country; None where nothing was."""
        return self.outcomes[RIGHT] / self.accepted if self.accepted else None

    @property
    def recall(self) -> float | None:
        """Share of the reports that was accepted with the right tag and country."""
        return self.outcomes[RIGHT] / self.reports if self.reports else None


def quality(found: Sequence[Judged], tag: str | None = None) -> Quality:
    """Count for one tag, or for all of them."""
    mine = [one for one in found if tag in {None, one.told.tag}]
    accepted = [one for one in found if one.accepted and one.tagged and tag in {None, one.tagged.tag}]
    return Quality(reports=len(mine), outcomes=Counter(one.outcome for one in mine), accepted=len(accepted))


def qualities(found: Sequence[Judged]) -> Iterator[tuple[str, ...]]:
    """Lay out a row for each tag, and one for all."""
    tags = sorted({one.told.tag for one in found} | {one.tagged.tag for one in found if one.tagged})
    for tag in (*tags, None):
        one = quality(found, tag)
        counts = [one.reports, *(one.outcomes[outcome] for outcome in OUTCOMES), one.accepted]
        yield tag or "all", *map(str, counts), _share(one.precision), _share(one.recall)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def blends(reports: Sequence[Told]) -> list[tuple[Told, Told]]:
    """Pair reports of different kinds: a headline, and another's as the summary that a digest might have."""
    turned = ([*reports[by:], *reports[:by]] for by in (1, 7, 31, 53))
    pairs = (pair for others in turned for pair in zip(reports, others, strict=True))
    return [(one, other) for one, other in pairs if (one.tag, one.country) != (other.tag, other.country)]


def blended(tagger: Tagger, reports: Sequence[Told]) -> list[Judged]:
    """Judge headlines beside summaries that tell of something else."""
    return [
        Judged(told=one, tagged=tagger.judge(item(one.headline, other.headline)))
        for one, other in blends(reports)
    ]


def feed_items(folder: Path) -> Iterator[NewsItem]:
    """Read the items of all feeds of a folder; what is no feed has none."""
    for path in sorted(folder.glob("*.xml")):
        try:
            feed = parse(path.read_bytes(), content_type=None, url=None, now=datetime.now(UTC))
        except InputRefused:
            continue
        yield from (one for one in feed.items if isinstance(one, NewsItem))


def rate(work: Callable[[], object], number: int) -> float:
    """Measure how many a second of some number of things, by the processor's clock; the best of three."""
    taken = []
    for _ in range(3):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return number / min(taken)


def hostile() -> Iterator[tuple[str, float]]:
    """Time patterns and texts made to be slow, of one and of two million letters: words a second."""
    for name, text in {"a* 100 times": "a* " * 100, "the same with ..": " .. ".join(["a*"] * 100)}.items():
        found = Matcher(pattern(text.strip()).phrases).found
        for millions in (1, 2):
            given = words("a " * (millions * 500_000))
            yield f"{name}, {millions} MB", rate(partial(found, given), len(given))


def main() -> None:
    """Measure the shipped rules, or others."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tagging", description=__doc__)
    parser.add_argument("reports", nargs="?", type=Path, default=REPORTS, help="reports whose tags are known")
    parser.add_argument("--rules", type=Path, default=RULES, help="the rules (default: those shipped)")
    parser.add_argument("--feeds", type=Path, default=FEEDS, help="a folder of real feeds")
    parser.add_argument("--half", choices=("even", "odd"), help="look at one half of the reports only")
    chosen = parser.parse_args()
    print(machine(), end="\n\n")
    tagger, reports = shipped(chosen.rules), told(chosen.reports)
    for half in ("even", "odd") if chosen.half is None else (chosen.half,):
        _print_half(chosen.rules, tagger, half, [one for one in reports if one.even == (half == "even")])
    items = list(feed_items(chosen.feeds))
    _print_feeds(tagger, items)
    _print_speed(tagger, [item(one.headline) for one in items], "headlines of feeds")
    _print_speed(tagger, items, "headlines and summaries of feeds")
    _print_speed(tagger, [item(one.headline) for one in reports if one.even], "headlines of the forecast")
    for name, speed in hostile():
        print(f"* {name}: {speed:,.0f} words a second")


def _print_half(rules: Path, tagger: Tagger, half: str, reports: Sequence[Told]) -> None:
    found = judged(tagger, reports)
    print(f"Reports with an {half} number\n\n{table(HEADERS, qualities(found))}\n")
    for one in found:
        if one.outcome in {OTHER_TAG, OTHER_COUNTRY} and one.tagged:
            said = f"{one.told.tag} {one.told.country}: {one.told.headline}"
            print(f"* {said} → {one.tagged.country}, {one.tagged.why}")
    for left in (1.0, IN_SUMMARY):
        mixed = quality(blended(shipped(rules, in_summary=left), reports))
        right, wrong = mixed.outcomes[RIGHT], mixed.accepted - mixed.outcomes[RIGHT]
        print(
            f"* beside foreign summaries, with confidence × {left}: {right} accepted rightly, {wrong} wrongly"
        )
    print()


def _print_feeds(tagger: Tagger, items: Sequence[NewsItem]) -> None:
    print(f"Real feeds: {len(items)} items\n")
    for one in items:
        tagged = tagger.judge(one)
        if tagged is not None:
            verdict = "accepted" if tagged.confidence >= ACCEPT_ABOVE else "waits"
            said = f"{tagged.tag} {tagged.country}, {tagged.confidence:.2f}"
            print(f"* {verdict}: {said}: {one.headline} ({tagged.why})")
    print()


def _print_speed(tagger: Tagger, items: Sequence[NewsItem], what: str) -> None:
    if items:
        many = [*items] * (20_000 // len(items))
        speed = rate(lambda: [tagger.judge(one) for one in many], len(many))
        print(f"* {speed:,.0f} {what} a second")


if __name__ == "__main__":
    main()
