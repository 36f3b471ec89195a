"""A track record of many: forecasts about pairs of countries, opened, updated and resolved by a register.

``python -m benchmarks.register --register FILE`` asks, for every supplier and recipient with at least three
orders in six years, whether the next six bring fewer, similar or more. Seven forecasters answer at the
opening and at each year's end, and are scored. What is known when, and why, is in docs/track-record.md.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.measuring import table
from benchmarks.register_models import FORECASTERS
from benchmarks.register_pairs import SCENARIOS, WINDOW, Question, Record, questions, record
from benchmarks.register_scores import (
    RULES,
    Cluster,
    Followed,
    Skill,
    by_pair,
    by_recipient,
    followed,
    mean,
    reliability_of,
    skill_against,
)
from ingest.register.reading import read_register
from model.errors import PosterityError
from model.scores import Scores

OURS, NATURAL, PRIOR = "ours", "binomial", "static prior"
REFERENCES = (PRIOR, "climatology", "Poisson, updated")
DRAWN = (OURS, NATURAL, PRIOR, "Poisson, updated")
DIAGRAM = "track-record.png"
_SIZES = {"3 or 4": (3, 4), "5 to 9": (5, 9), "10 or more": (10, sys.maxsize)}

type Row = tuple[str, ...]
type Scored = Callable[[Followed, str], Scores]


def number(value: float | None, *, signed: bool = False) -> str:
    """Write a score, or with its sign a skill; a dash for none."""
    if value is None:
        return "–"
    return f"{value:{'+' if signed else ''}.3f}".replace("-", "−").replace("inf", "∞")


def skilled(found: Skill) -> str:
    """Write a skill with its interval."""
    if found.interval is None:
        return number(found.value, signed=True)
    low, high = (number(end, signed=True) for end in (found.interval.low, found.interval.high))
    return f"{number(found.value, signed=True)} ({low} to {high})"


def daily(one: Followed, forecaster: str) -> Scores:
    """Score over all days of the window."""
    return one.daily(forecaster)


def undecided(one: Followed, forecaster: str) -> Scores:
    """Score over the days on which the answer was not there yet."""
    return one.undecided(forecaster)


def overall(found: Sequence[Followed]) -> Iterator[Row]:
    """Every forecaster's scores, and its Brier skill against the references."""
    scored = {name: [daily(one, name) for one in found] for name in FORECASTERS}
    clusters = [by_recipient(one.question) for one in found]
    for name, ours in scored.items():
        skills = (
            "–" if name == other else skilled(skill_against(ours, scored[other], clusters, "brier"))
            for other in REFERENCES
        )
        yield name, *(number(mean(ours, rule)) for rule in RULES), *skills


def against(found: Sequence[Followed], cluster: Cluster, scored: Scored) -> Iterator[Row]:
    """Our skill against every other forecaster, by each score."""
    clusters = [cluster(one.question) for one in found]
    ours = [scored(one, OURS) for one in found]
    for name in FORECASTERS:
        if name != OURS:
            theirs = [scored(one, name) for one in found]
            yield name, *(skilled(skill_against(ours, theirs, clusters, rule)) for rule in RULES)


def by_years(found: Sequence[Followed]) -> Iterator[Row]:
    """Every forecaster's Brier score once so many years had ended."""
    for name in FORECASTERS:
        scored = (mean([one.at(name, years) for one in found], "brier") for years in range(WINDOW + 1))
        yield name, *map(number, scored)


def parts(found: Sequence[Followed]) -> Iterator[tuple[str, str, list[Followed]]]:
    """Split the questions by what came true, by how many orders there were before, and by opening."""
    for place, scenario in enumerate(SCENARIOS):
        yield "came true", scenario, [one for one in found if one.question.outcome == place]
    for name, (least, most) in _SIZES.items():
        yield "orders before", name, [one for one in found if least <= one.question.earlier <= most]
    for year in sorted({one.question.year for one in found}):
        yield "opened", str(year), [one for one in found if one.question.year == year]


def split(found: Sequence[Followed]) -> Iterator[Row]:
    """Brier scores of every forecaster in each part."""
    for what, name, part in parts(found):
        scored = (
            mean([daily(one, other) for one in part], "brier") if part else None for other in FORECASTERS
        )
        yield f"{what}: {name}", str(len(part)), *map(number, scored)


def calibration(found: Sequence[Followed]) -> Iterator[Row]:
    """Decompose every forecaster's score of single probabilities, the CORP way."""
    for name in FORECASTERS:
        of = reliability_of(found, name)
        parts_of = of.decomposition
        outside = sum(one.number for one in of.bins if not one.band_low <= one.happened <= one.band_high)
        yield (
            name,
            number(parts_of.score),
            number(parts_of.miscalibration),
            number(parts_of.discrimination),
            number(parts_of.uncertainty),
            f"{outside / of.number:.0%}",
        )


def heading(asked: Sequence[Question], of: Record) -> str:
    """Say what was asked, and what came true."""
    pairs, recipients = {one.pair for one in asked}, {one.recipient for one in asked}
    came = Counter(one.outcome for one in asked)
    years = sorted({one.year for one in asked})
    outcomes = ", ".join(f"{name} {came[place]}" for place, name in enumerate(SCENARIOS))
    return (
        f"{len(asked)} questions about {len(pairs)} pairs, {len(recipients)} recipients, opened"
        f" {', '.join(map(str, years))}; orders of {of.first} to {of.last}. Came true: {outcomes}."
    )


def draw(found: Sequence[Followed], folder: Path) -> Path:
    """Write the reliability diagram as PNG."""
    from service.charts import png  # noqa: PLC0415 - tables need no renderer
    from service.reliability_chart import Panel, diagram  # noqa: PLC0415

    panels = []
    for name in DRAWN:
        of = reliability_of(found, name)
        title = f"{name}: {of.number} probabilities, Brier {of.decomposition.score:.3f}"
        panels.append(Panel(title=title, subject=name, reliability=of, cases="probabilities"))
    folder.mkdir(parents=True, exist_ok=True)
    to = folder / DIAGRAM
    to.write_bytes(png(diagram(panels, size=260), scale=1.25))
    return to


def show(found: Sequence[Followed]) -> None:
    """Print every table."""
    skills = (f"Brier skill against {one}" for one in REFERENCES)
    _print("Mean over the days of each window", ("forecaster", *RULES, *skills), overall(found))
    ours = tuple(f"{rule} skill" for rule in RULES)
    headers = ("ours against", *ours)
    _print("The same, drawn by recipient", headers, against(found, by_recipient, daily))
    _print("The same, drawn by pair", headers, against(found, by_pair, daily))
    _print("Only while undecided, drawn by recipient", headers, against(found, by_recipient, undecided))
    ended = ("at the opening", *(f"after {years}" for years in range(1, WINDOW + 1)))
    _print("Brier, years ended", ("forecaster", *ended), by_years(found))
    terms = ("Brier (0 to 1)", "miscalibration", "discrimination", "uncertainty", "outside the band")
    _print("Single probabilities, CORP", ("forecaster", *terms), calibration(found))
    _print("Brier, by part", ("part", "questions", *FORECASTERS), split(found))


def _print(title: str, headers: Sequence[str], rows: Iterable[Row]) -> None:
    print(f"\n{title}:\n\n{table(headers, rows)}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask, answer, score, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.register", description=__doc__)
    parser.add_argument(
        "--register", type=Path, required=True, help="an export of SIPRI's trade register (CSV)"
    )
    parser.add_argument("--openings", type=int, nargs="+", metavar="YEAR", help="only these (default: all)")
    parser.add_argument("--first", type=int, help="first year whose orders are all told of")
    parser.add_argument("--last", type=int, help="last one (default: five before the last delivery)")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help=f"write the diagram there, as {DIAGRAM}")
    chosen = parser.parse_args(arguments)
    try:
        of = record(read_register(chosen.register), first=chosen.first, last=chosen.last)
        asked = questions(of, chosen.openings)
    except PosterityError as error:
        sys.exit(f"{error}")
    print(heading(asked, of))
    found = list(followed(asked))
    show(found)
    if chosen.to is not None:
        print(f"\nDiagram: {draw(found, chosen.to)}")


if __name__ == "__main__":
    main()
