"""How well reports become events: on labelled reports, and on dense streams whose events are known.

python -m benchmarks.clustering [--quick]
"""

import argparse
import csv
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from statistics import fmean

from benchmarks import former, shipped
from benchmarks.measuring import table
from benchmarks.streams import Stream, stream, worlds
from ingest.cluster import Clustering, assign_all
from ingest.files import read
from ingest.records import Parsed
from model.domain import Report

LABELS = Path(__file__).with_name("labels.csv")
TUNED, REPORTED, QUICK = range(14), range(100, 120), range(100, 103)  # seeds
LATEST = date(2026, 11, 21)

type Rule = Callable[[Sequence[Report]], Mapping[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """B-cubed: means over the labelled reports.

    Parameters
    ----------
    precision, recall
        Share of a report's cluster that is of its event, and of its event that is in its cluster.
    """

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def likeness(reports: Sequence[Report]) -> dict[str, str]:
    """Decide as the service does."""
    decisions = assign_all(reports, [], Clustering())
    return {report.id: decision.key for report, decision in zip(reports, decisions, strict=True)}


RULES: Mapping[str, Rule] = {
    "the same kind and country within 7 days": partial(former.clustered, similarity=0, vague=0),
    "and headlines alike (40, or 60)": former.clustered,
    "likeness": likeness,
}


def b_cubed(found: Mapping[str, str], labels: Mapping[str, str]) -> Score:
    """Compare clusters with the events that labels state, over the labelled reports alone."""
    clusters, events = Counter(found[name] for name in labels), Counter(labels.values())
    both = Counter((found[name], labels[name]) for name in labels)
    shares = [(both[found[name], event] / clusters[found[name]], name) for name, event in labels.items()]
    precision = fmean(share for share, _ in shares)
    recall = fmean(both[found[name], event] / events[event] for name, event in labels.items())
    return Score(precision=precision, recall=recall)


def labelled() -> Stream:
    """Read the shipped reports, and the labels that half of their events have."""
    items = read(shipped.REPORTS, today=LATEST).items
    with LABELS.open() as lines:
        labels = {row["id"]: row["event"] for row in csv.DictReader(lines)}
    return Stream(reports=tuple(one.report for one in items if isinstance(one, Parsed)), labels=labels)


def mean_score(rule: Rule, streams: Iterable[Stream]) -> Score:
    """Average the scores of a rule over streams."""
    scores = [b_cubed(rule(one.reports), one.labels) for one in streams]
    return Score(precision=fmean(one.precision for one in scores), recall=fmean(one.recall for one in scores))


def main() -> None:
    """Print B-cubed precision, recall and F1 of every rule."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few streams")
    seeds = QUICK if parser.parse_args().quick else REPORTED
    streams = {
        "labelled reports": [labelled()],
        f"arms, seeds {TUNED}": [stream(seed, "arms") for seed in TUNED],
    }
    streams |= {f"{world}, seeds {seeds}": [stream(seed, world) for seed in seeds] for world in worlds()}
    rows = []
    for told, some in streams.items():
        number = f"{sum(len(one.reports) for one in some):,}"
        for name, rule in RULES.items():
            score = mean_score(rule, some)
            figures = (f"{figure:.3f}" for figure in (score.precision, score.recall, score.f1))
            rows.append((told, number, name, *figures))
    print(table(("reports", "number", "rule", "precision", "recall", "F1"), rows))


if __name__ == "__main__":
    main()
