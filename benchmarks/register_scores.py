"""How well the forecasts of pairs did: scores over the days, skill with intervals, reliability."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.register_models import FORECASTERS, Opening, Probabilities
from benchmarks.register_pairs import SCENARIOS, WINDOW, Question, similar, year_end
from model.bootstrap import Interval, skill_interval
from model.reliability import Reliability, reliability
from model.scores import Scores, average, scores, skill
from model.standing import Belief, open_days, standing

RULES = ("brier", "log", "rps")


@dataclass(frozen=True, kw_only=True, slots=True)
class Followed:
    """A question, and what each forecaster stated once so many of its years had ended, from 0 to all six."""

    question: Question
    stated: Mapping[str, tuple[Probabilities, ...]]

    def at(self, forecaster: str, years: int) -> Scores:
        """Score what stood once so many years had ended."""
        return scores(self.stated[forecaster][years], self.question.outcome)

    def daily(self, forecaster: str) -> Scores:
        """Average over the days that the question was open, as the product scores its forecasts.

        A year's orders are known at the end of its last day; the last year's are the answer.
        """
        return self._over(forecaster, range(WINDOW))

    def undecided(self, forecaster: str) -> Scores:
        """Average over the days on which the orders so far left more than one scenario possible."""
        most = similar(self.question.earlier)[1]
        left = [years for years in range(WINDOW) if sum(self.question.orders[:years]) <= most]
        return self._over(forecaster, left)

    def _over(self, forecaster: str, years: Iterable[int]) -> Scores:
        asked, stated = self.question, self.stated[forecaster]
        ends = {number: year_end(asked.opened, number) for number in range(1, WINDOW)}
        beliefs = [
            Belief(since=day, as_of=day, probabilities=stated[number], run=number)
            for number, day in ends.items()
        ]
        days = open_days(asked.opened, asked.horizon, asked.horizon)
        spells = standing(beliefs, stated[0], opened=asked.opened, days=days)
        chosen = set(years)
        return average(
            (scores(one.probabilities, asked.outcome), one.days) for one in spells if (one.run or 0) in chosen
        )


def followed(questions: Iterable[Question], names: Collection[str] = FORECASTERS) -> Iterator[Followed]:
    """Let forecasters answer every question, year by year; each is given the years that have ended."""
    for question in questions:
        opening = Opening(question)
        yield Followed(
            question=question,
            stated={
                name: tuple(
                    FORECASTERS[name](opening, question.orders[:years]) for years in range(WINDOW + 1)
                )
                for name in names
            },
        )


def redrawn(questions: Sequence[Question], times: int, *, seed: int = 1) -> Iterator[Question]:
    """Ask the same questions in worlds of the natural model: N from p(N), each order in any year alike."""
    rng = np.random.default_rng(seed)
    for question in questions:
        mean, size = Opening(question).law
        for _ in range(times):
            number = rng.negative_binomial(size, size / (size + mean))
            orders = rng.multinomial(number, np.full(WINDOW, 1 / WINDOW))
            yield replace(question, orders=tuple(orders.tolist()))


def unevenness(questions: Iterable[Question]) -> float | None:
    """Say how much more orders vary between a window's years than if each fell in any year alike.

    The mean of ``Σ_y (n_y − N/6)² / (N/6)`` over questions with orders, over 5, its expectation then;
    None if there are no orders at all.
    """
    found = [
        sum((count - sum(one.orders) / WINDOW) ** 2 for count in one.orders) * WINDOW / sum(one.orders)
        for one in questions
        if any(one.orders)
    ]
    return sum(found) / len(found) / (WINDOW - 1) if found else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Skill:
    """``1 − score / reference``, of means over questions, and its 90 % interval."""

    value: float | None
    interval: Interval | None


type Cluster = Callable[[Question], str]


def by_recipient(question: Question) -> str:
    """Take all questions about one recipient together: they share its wars, budgets and governments."""
    return question.recipient


def by_pair(question: Question) -> str:
    """Take all questions about one pair together: their windows overlap."""
    return "-".join(question.pair)


def mean(found: Sequence[Scores], rule: str) -> float:
    """Average a score over questions, each counted once."""
    return float(getattr(average((one, 1.0) for one in found), rule))


def skill_against(
    ours: Sequence[Scores], theirs: Sequence[Scores], clusters: Sequence[str], rule: str
) -> Skill:
    """Give the skill of one forecaster against another, in the same questions.

    The bootstrap draws whole clusters: with a cluster's sums in the place of its questions, the ratio of
    what is drawn is the ratio of means over the questions drawn.
    """
    sums = [_sums(found, clusters, rule) for found in (ours, theirs)]
    return Skill(value=skill(mean(ours, rule), mean(theirs, rule)), interval=skill_interval(*sums))


def _sums(found: Sequence[Scores], clusters: Sequence[str], rule: str) -> list[float]:
    sums: dict[str, float] = defaultdict(float)
    for one, cluster in zip(found, clusters, strict=True):
        sums[cluster] += getattr(one, rule)
    return list(sums.values())


def reliability_of(found: Sequence[Followed], forecaster: str) -> Reliability:
    """Judge all three probabilities that a forecaster stated at each opening and year end before the last.

    All that was stated of a pair's scenario shares what happens when the band is drawn: overlapping windows
    and the years of one window count as about one case.
    """
    cases = [
        (
            one.stated[forecaster][years][place],
            float(place == one.question.outcome),
            (*one.question.pair, place),
        )
        for one in found
        for years in range(WINDOW)
        for place in range(len(SCENARIOS))
    ]
    stated, came, shared = zip(*cases, strict=True)
    numbers = {group: number for number, group in enumerate(dict.fromkeys(shared))}
    return reliability(stated, came, groups=[numbers[group] for group in shared])
