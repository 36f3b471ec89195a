"""The service's inference in many simulated worlds, under one or many settings, on two processes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import lru_cache, partial
from itertools import batched
from multiprocessing import get_context
from typing import Any

import numpy as np

from benchmarks.scoring import Array, Places
from benchmarks.worlds import Nature, World, events, forecast, simulate
from model import exact
from model.credibility import Grades
from model.domain import Event, Forecast, Indicator
from model.evidence import select

PROCESSES, _BATCH = 2, 50  # worlds to a task
RANDOM_DAY, HORIZON = 0, 1  # the cutoffs at which every world is judged

type Map = Callable[..., Any]


def _default(of: type[Indicator | Forecast | Grades], name: str) -> float:
    (found,) = (field.default for field in fields(of) if field.name == name)
    assert isinstance(found, int | float)
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What an operator may set against a model that is wrong; by default the defaults of the product.

    Parameters
    ----------
    spread
        Of an indicator that states none; spreads that are stated are scaled in proportion.
    burst_days, coverage_sd
        Of every indicator, and of the forecast.
    corroboration
        λ, of reports on the same event.
    """

    spread: float = _default(Indicator, "spread")
    burst_days: int = int(_default(Indicator, "burst_days"))
    corroboration: float = _default(Grades, "corroboration")
    coverage_sd: float = _default(Forecast, "coverage_sd")

    def applied(self, to: Forecast) -> Forecast:
        """Give the forecast with these settings."""
        scale = self.spread / _default(Indicator, "spread")
        indicators = tuple(
            replace(one, spread=one.spread * scale, burst_days=self.burst_days) for one in to.indicators
        )
        return replace(to, indicators=indicators, coverage_sd=self.coverage_sd)


DEFAULTS = Settings()


@dataclass(frozen=True, kw_only=True, slots=True)
class Trials:
    """What was stated in many worlds, and what happened.

    Parameters
    ----------
    stated
        Probabilities, shape (settings, cutoffs, worlds, scenarios).
    outcomes
        Place of the scenario that came true, shape (worlds,).
    """

    stated: Array
    outcomes: Places

    def prior(self) -> Array:
        """Give the prior's forecast of every world, shape (worlds, scenarios)."""
        return np.tile([one.prior for one in forecast().scenarios], (self.outcomes.size, 1))


@contextmanager
def workers() -> Iterator[Map]:
    """Give a `map` that computes on two processes."""
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        yield pool.map


def trials(  # noqa: PLR0913 - all but two by name
    nature: Nature,
    settings: Sequence[Settings],
    *,
    worlds: int,
    seed: int,
    truth: Settings = DEFAULTS,
    run: Map = map,
) -> Trials:
    """Simulate worlds, each from a seed of its own, and infer in each.

    Parameters
    ----------
    nature
        How the worlds really work.
    settings
        Under which to infer, all in the same worlds.
    truth
        Spread and coverage of the worlds themselves.
    run
        A `map`, that of `workers` for instance.
    """
    parts = run(partial(_several, nature, tuple(settings), truth, seed), batched(range(worlds), _BATCH))
    stated, outcomes = zip(*(one for part in parts for one in part), strict=True)
    return Trials(stated=np.stack(stated, axis=2), outcomes=np.array(outcomes))


def _several(
    nature: Nature, settings: Sequence[Settings], truth: Settings, seed: int, numbers: Sequence[int]
) -> list[tuple[Array, int]]:
    found = []
    for number in numbers:
        world = simulate(_asked(truth), nature, np.random.default_rng([seed, number]))
        found.append((np.stack(list(_inferred(world, settings))), world.scenario))
    return found


def _inferred(world: World, settings: Sequence[Settings]) -> Iterator[Array]:
    """Yield probabilities under each setting, shape (cutoffs, scenarios); never the same twice."""
    done: dict[object, Array] = {}
    for setting in settings:
        known = events(forecast(), world, setting.corroboration)
        same = replace(setting, corroboration=0), tuple(event.credibility for event in known)
        if same not in done:
            done[same] = _posteriors(_asked(setting), known, world)
        yield done[same]


@lru_cache(maxsize=64)
def _asked(setting: Settings) -> Forecast:
    return setting.applied(forecast())


def _posteriors(asked: Forecast, known: Sequence[Event], world: World) -> Array:
    cutoffs = (world.random_day, asked.horizon)
    return np.array([list(exact.posterior(select(asked, known, as_of=day)).values()) for day in cutoffs])
