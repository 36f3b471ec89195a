"""How likely two headlines tell of one event, in log-odds that grow with what they share.

Every shared word counts by how rare it is among the reports nearby; what only one of them says hardly
counts, for one may say more. What they say otherwise (another number of the same, another place, day, thing
or step, another name in the same position) weighs against it. The weights were found by a search on streams
of news whose events are known; `docs/decisions/0010-likeness-of-reports.md` has the measurements.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rapidfuzz.distance import JaroWinkler, Levenshtein

from ingest.traits import Number, Traits

BASE = -2.0
WORD = 0.37  # for each nat by which a shared word is rare
NAME = 0.5
SAME = {"number": 1.5, "place": 1.25, "day": 2.0, "step": 0.45}
OTHER = {
    "another number of the same": -9.0,
    "another number": -2.1,
    "another type": -4.0,
    "another thing": -0.8,
    "another place": -2.2,
    "another day": -3.4,
    "another month": -0.5,
    "another step": -2.2,
    "other names": -0.55,
}
NAME_IN_PLACE, WORD_IN_PLACE = -1.9, -0.95
ONE_NAME = 0.85  # likeness from which two spellings are of one name
EXCHANGES = 2
LEAST_ALIKE = 0.55  # share of common words from which positions are compared
DENIES = 1.75


class Likeness(NamedTuple):
    """Log-odds, and what is said otherwise in the two headlines, the gravest first."""

    score: float
    objections: tuple[str, ...]


def likeness(new: Traits, old: Traits, weights: Mapping[str, float], *, denies: bool = False) -> Likeness:
    """Compare what two headlines say.

    Parameters
    ----------
    weights
        How rare each word of the new one is nearby, in nats.
    denies
        One of the two denies what the other says.
    """
    shared = new.bag & old.bag
    score = BASE + WORD * math.fsum(map(weights.__getitem__, shared)) + DENIES * denies
    against: list[tuple[float, str]] = []
    for same, other in _compared(new, old, shared):
        score += SAME[same] if same else 0.0
        if other and not (denies and other == "another step"):
            against.append((OTHER[other], other))
    if names := new.names | old.names:
        score += NAME * len(shared & names)
    mine, theirs = new.bag - shared, old.bag - shared
    if mine and theirs:
        if not mine.isdisjoint(names) and not theirs.isdisjoint(names):
            against.append((OTHER["other names"], "other names"))
        alike = 2 * len(shared) / (len(new.bag) + len(old.bag))
        if alike > LEAST_ALIKE:
            against.append((alike * _exchanged(new, old, shared, names), "other words in its place"))
    if not against:
        return Likeness(score, ())
    against.sort()
    return Likeness(score + sum([cost for cost, _ in against]), tuple([said for _, said in against]))


def _compared(new: Traits, old: Traits, shared: frozenset[str]) -> list[tuple[str, str]]:
    """For each kind of trait that both have: what is the same, and what is said otherwise."""
    found = []
    if new.numbers and old.numbers:
        found.append(_numbers(new.numbers, old.numbers))
    if new.things and old.things:
        of_one_kind = not new.thing_words.isdisjoint(old.thing_words)
        other = "another type" if of_one_kind else "another thing"
        found.append(("", other if new.things.isdisjoint(old.things) else ""))
    if new.places or old.places:
        here, there = new.places | (old.places & shared), old.places | (new.places & shared)
        if here and there:
            found.append(("", "another place") if here.isdisjoint(there) else ("place", ""))
    if new.days and old.days:
        found.append(_days(new.days, old.days))
    if new.steps and old.steps:
        found.append(("", "another step") if new.steps.isdisjoint(old.steps) else ("step", ""))
    return found


def _numbers(new: Sequence[Number], old: Sequence[Number]) -> tuple[str, str]:
    """Compare numbers; those of one kind, or of the same things, that have no equal contradict each other."""
    equal = {one.value for one in new} & {one.value for one in old}
    theirs = [one for one in old if one.value not in equal]
    alike = False
    for one in new if theirs else ():
        for other in theirs if one.value not in equal else ():
            if one.kind == other.kind:
                alike = True
                if one.kind or not one.of.isdisjoint(other.of):
                    return ("number" if equal else ""), "another number of the same"
    return ("number", "") if equal else ("", "another number" if alike else "")


def _days(new: frozenset[tuple[str, int]], old: frozenset[tuple[str, int]]) -> tuple[str, str]:
    kinds = {kind for kind, _ in new} & {kind for kind, _ in old}
    apart = {kind for kind in kinds if {day for day in new if day[0] == kind}.isdisjoint(old)}
    if apart:
        return "", "another month" if apart == {"month"} else "another day"
    return ("day", "") if kinds else ("", "")


def _exchanged(new: Traits, old: Traits, shared: frozenset[str], names: frozenset[str]) -> float:
    """Weigh what stands in one headline where something else stands in the other."""
    named = worded = 0
    for step in Levenshtein.opcodes(new.words, old.words):
        if step.tag != "replace":
            continue
        mine = set(new.words[step.src_start : step.src_end]) - shared
        theirs = set(old.words[step.dest_start : step.dest_end]) - shared
        my_names, their_names = mine & names, theirs & names
        if my_names and their_names:
            named += not _one_name(my_names, their_names)
        elif mine and theirs and not my_names and not their_names:
            worded += 1
    return NAME_IN_PLACE * min(named, EXCHANGES) + WORD_IN_PLACE * min(worded, EXCHANGES)


def _one_name(mine: Iterable[str], theirs: Iterable[str]) -> bool:
    return any(JaroWinkler.similarity(one, other) >= ONE_NAME for one in mine for other in theirs)
