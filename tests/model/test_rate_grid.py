"""One grid of rates for many states, against nodes for each and against the closed form."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import recurring
from model.rate_grid import States, gridded
from model.recurring import Recurring

ROWS = np.array([0.3, 1.5, 4.0])
SHARES = np.array([0.0, 0.3, 1.0])
NOISE, EXPOSURE = 1.2, 0.7
H = np.exp(np.linspace(-2.5, 2.5, 11))


def states(credibilities: Sequence[float], spread: float, rows: np.ndarray = ROWS) -> States:
    """Temper an indicator by each of the shares."""
    kinds, which = recurring.alike(np.array(credibilities, dtype=float))
    return States(
        expected=rows,
        noise=NOISE,
        spread=spread,
        events=len(credibilities),
        kinds=kinds,
        powers=np.outer(SHARES, np.bincount(which, minlength=kinds.size)),
        exposures=SHARES * EXPOSURE,
    )


def node_by_node(credibilities: Sequence[float], spread: float, share: float) -> np.ndarray:
    one = Recurring(
        expected=ROWS,
        noise=np.full(ROWS.size, NOISE),
        credibilities=np.array(credibilities, dtype=float),
        exposure=share * EXPOSURE,
        spread=spread,
        powers=np.full(len(credibilities), share),
    )
    return recurring.log_product([one], np.log(H))


credible = st.lists(st.sampled_from([0.02, 0.3, 0.5, 0.87, 0.98, 1.0]), max_size=30)


@given(credible, st.sampled_from([0.05, 0.5, 2.0]))
def test_the_grid_says_what_each_state_says_by_itself(credibilities: list[float], spread: float) -> None:
    grid = gridded(states(credibilities, spread), H)
    assert grid is not None
    for found, share in zip(grid.log_z, SHARES, strict=True):
        assert found == pytest.approx(node_by_node(credibilities, spread, share), abs=1e-9)


def test_after_silence_alone_the_mean_rate_is_in_closed_form() -> None:
    grid = gridded(states([], 0.5), H)
    assert grid is not None
    weights = np.eye(H.size)[3] * np.ones((SHARES.size, ROWS.size, 1))
    rate = ROWS * H[3]
    mean = rate / (1 + 0.25 * np.outer(SHARES * EXPOSURE, rate))
    assert grid.density(weights).sum(axis=-1) == pytest.approx(1.0)
    assert grid.density(weights) @ grid.rates == pytest.approx(mean, rel=1e-9)


def test_a_row_that_expects_nothing_leaves_the_noise() -> None:
    grid = gridded(states([0.5, 0.25], 0.5, np.array([0.0, 2.0])), H)
    assert grid is not None
    nothing = SHARES * np.log(0.5 * 0.75 * NOISE**2)
    assert grid.log_z[:, 0] == pytest.approx(np.repeat(nothing, H.size).reshape(-1, H.size))


def test_what_no_grid_can_hold_is_left_to_nodes_of_its_own() -> None:
    assert gridded(states([0.9], 0.0), H) is None
    assert gridded(states([0.9], 1e-4), H) is None
    assert gridded(states([0.98] * 600, 0.5), H) is None
