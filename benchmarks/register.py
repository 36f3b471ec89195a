"""A track record of many: forecasts about pairs of countries, opened, updated and resolved by a register.

``python -m benchmarks.register --register FILE`` asks, for every supplier and recipient with at least three
orders in six years, whether the next six bring fewer, similar or more. Seven forecasters answer at the
opening and at each year's end, and are scored. What is known when, and why, is in docs/track-record.md.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.measuring import table
from benchmarks.register_models import FORECASTERS, fit
from benchmarks.register_pairs import (
    LAG,
    SCENARIOS,
    WINDOW,
    Question,
    Record,
    estimated,
    late,
    questions,
    record,
    uncounted,
)
from benchmarks.register_scores import (
    RULES,
    Cluster,
    Followed,
    Skill,
    by_pair,
    by_recipient,
    followed,
    mean,
    redrawn,
    reliability_of,
    skill_against,
    unevenness,
)
from ingest.register.reading import read_register
from ingest.register.values import Register
from model.errors import PosterityError
from model.reliability import Reliability
from model.scores import Scores

OURS, NATURAL, PRIOR = "ours", "binomial", "static prior"
NAMES = ("Brier", "log", "RPS")
REFERENCES = (PRIOR, "climatology", "Poisson, updated")
DRAWN = (OURS, NATURAL, PRIOR, "Poisson, updated")
DIAGRAM = "track-record.svg"
_SIZES = {"3 or 4": (3, 4), "5 to 9": (5, 9), "10 or more": (10, sys.maxsize)}

type Row = tuple[str, ...]
type Scored = Callable[[Followed, str], Scores]


def number(value: float | None, *, signed: bool = False) -> str:
    """Write a score, or with its sign a skill; a dash for none."""
    if value is None:
        return "–"
    rounded = round(value, 3) + 0.0  # without the sign of what rounds to 0
    return f"{rounded:{'+' if signed else ''}.3f}".replace("-", "−").replace("inf", "∞")


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
    """Every forecaster's Brier score once so many years had ended, and our skill against the natural one."""
    for years in range(WINDOW + 1):
        scored = (mean([one.at(name, years) for one in found], "brier") for name in FORECASTERS)
        ours, natural = ([one.at(name, years) for one in found] for name in (OURS, NATURAL))
        clusters = [by_recipient(one.question) for one in found]
        when = f"after {years}" if years else "at the opening"
        yield when, *map(number, scored), skilled(skill_against(ours, natural, clusters, "brier"))


def parts(found: Sequence[Followed]) -> Iterator[tuple[str, str, list[Followed]]]:
    """Split the questions by what came true, by how many orders there were before, and by opening."""
    for place, scenario in enumerate(SCENARIOS):
        yield "came true", scenario, [one for one in found if one.question.outcome == place]
    for name, (least, most) in _SIZES.items():
        yield "orders before", name, [one for one in found if least <= one.question.earlier <= most]
    for year in sorted({one.question.year for one in found}):
        yield "opened", str(year), [one for one in found if one.question.year == year]


def split(found: Sequence[Followed]) -> Iterator[Row]:
    """Brier scores of every forecaster in each part, and our skill against the natural one."""
    for what, name, part in parts(found):
        if part:
            scored = {other: [daily(one, other) for one in part] for other in FORECASTERS}
            clusters = [by_recipient(one.question) for one in part]
            natural = skilled(skill_against(scored[OURS], scored[NATURAL], clusters, "brier"))
            figures = (number(mean(one, "brier")) for one in scored.values())
            yield f"{what}: {name}", str(len(part)), *figures, natural


def calibration(judged: Mapping[str, Reliability]) -> Iterator[Row]:
    """Every forecaster's score of single probabilities and its parts, the CORP way."""
    for name, of in judged.items():
        terms = of.decomposition
        outside = sum(one.number for one in of.bins if not one.band_low <= one.happened <= one.band_high)
        figures = (terms.score, terms.miscalibration, terms.discrimination, terms.uncertainty)
        yield name, *map(number, figures), f"{outside / of.number:.0%}"


def drawn(asked: Sequence[Question], times: int) -> Iterator[Row]:
    """Brier scores where the natural model is the truth, and our skill against it."""
    names = (OURS, "ours, defaults", NATURAL, PRIOR)
    found = list(followed(redrawn(asked, times), names))
    clusters = [f"{number}" for number in range(len(found))]
    natural = [daily(one, NATURAL) for one in found]
    for name in names:
        scored = [daily(one, name) for one in found]
        stages = (mean([one.at(name, years) for one in found], "brier") for years in range(1, WINDOW + 1))
        skills = "–" if name == NATURAL else skilled(skill_against(scored, natural, clusters, "brier"))
        yield name, number(mean(scored, "brier")), number(mean(scored, "log")), skills, *map(number, stages)


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


def remarks(register: Register, of: Record, asked: Sequence[Question]) -> str:
    """Say what the register does not tell, and how unevenly orders come."""
    missing = late(register, of)
    share = "–" if missing is None else f"{missing:.1%}"
    uneven = number(unevenness(asked))
    return (
        f"Not counted, for a party has no ISO code: {uncounted(register, of)} orders."
        f" Years that are estimates: {estimated(register, of):.0%}.\n"
        f"Of old orders {share} brought nothing for more than {LAG} years:"
        " about as many of the last year's are missing.\n"
        f"Within windows orders vary {uneven} times as much from year to year as the binomial has it."
    )


def fits(asked: Sequence[Question]) -> Iterator[Row]:
    """Show what was known at each opening, and medians of what was fitted to it."""
    for year in sorted({one.year for one in asked}):
        known = [one.peers for one in asked if one.year == year]
        found = [fit(peers) for peers in known]
        middles = (median(getattr(one, name) for one in found) for name in ("a", "b", "c"))
        others = median(len({one.pair for one in peers}) for peers in known)
        yield (
            str(year),
            str(len(known)),
            f"{others:.0f}",
            str(known[0][0].years),
            *(f"{one:.2f}" for one in middles),
        )


def draw(judged: Mapping[str, Reliability], folder: Path) -> Path:
    """Write the reliability diagram as SVG."""
    from service.reliability_chart import Panel, diagram  # noqa: PLC0415 - tables need no renderer

    panels = []
    for name in DRAWN:
        of = judged[name]
        title = f"{name}: {of.number} probabilities, Brier {of.decomposition.score:.3f}"
        panels.append(Panel(title=title, subject=name, reliability=of, cases="probabilities"))
    to = folder / DIAGRAM
    diagram(panels, size=260).save(f"{to}")
    return to


def show(found: Sequence[Followed], judged: Mapping[str, Reliability]) -> None:
    """Print every table."""
    asked = [one.question for one in found]
    known = ("opened", "questions", "other pairs", "years of each window", "a", "b, years", "c")
    _print("What was known, and medians of what was fitted to it", known, fits(asked))
    skills = (f"Brier skill against {one}" for one in REFERENCES)
    _print("Mean over the days of each window", ("forecaster", *NAMES, *skills), overall(found))
    headers = ("ours against", *(f"{rule} skill" for rule in NAMES))
    _print("Ours against each other, intervals over recipients", headers, against(found, by_recipient, daily))
    _print("The same, intervals over pairs", headers, against(found, by_pair, daily))
    _print(
        "Only while undecided, intervals over recipients", headers, against(found, by_recipient, undecided)
    )
    each = (*FORECASTERS, "ours against binomial")
    _print("Brier, by years that have ended", ("years", *each), by_years(found))
    _print("Brier, by part", ("part", "questions", *each), split(found))
    terms = ("Brier (0 to 1)", "miscalibration", "discrimination", "uncertainty", "outside the band")
    _print("Single probabilities, CORP", ("forecaster", *terms), calibration(judged))


def _print(title: str, headers: Sequence[str], rows: Iterable[Row]) -> None:
    print(f"\n{title}:\n\n{table(headers, rows)}")


def positive(text: str) -> int:
    """Read a number of at least one."""
    if (value := int(text)) < 1:
        raise ValueError(f"{value} is less than 1")
    return value


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
    told = "instead: the same questions so many times each in worlds of the binomial"
    parser.add_argument("--drawn", type=positive, metavar="TIMES", help=told)
    chosen = parser.parse_args(arguments)
    try:
        register = read_register(chosen.register)
        of = record(register, first=chosen.first, last=chosen.last)
        asked = questions(of, chosen.openings)
        if chosen.to is not None:
            chosen.to.mkdir(parents=True, exist_ok=True)
    except (PosterityError, OSError) as error:
        sys.exit(f"{error}")
    print(f"{heading(asked, of)}\n{remarks(register, of, asked)}")
    if chosen.drawn:
        years = (f"after {one}" for one in range(1, WINDOW + 1))
        headers = ("forecaster", "Brier", "log", "Brier skill against binomial", *years)
        _print(f"Drawn from the binomial, {chosen.drawn} each", headers, drawn(asked, chosen.drawn))
        return
    found = list(followed(asked))
    judged = {name: reliability_of(found, name) for name in FORECASTERS}
    show(found, judged)
    if chosen.to is not None:
        print(f"\nDiagram: {draw(judged, chosen.to)}")


if __name__ == "__main__":
    main()
