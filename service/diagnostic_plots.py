"""A run's draws as pictures: ArviZ's plots of every scenario's fit, from the stored NetCDF."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from model.errors import Unavailable, UsageError

if TYPE_CHECKING:
    from xarray import DataTree

_COLUMNS = 4
_RANKED = 400  # draws per chain in a rank plot: its test of uniformity takes seconds for thousands


def write(draws: Path, folder: Path) -> Iterator[Path]:
    """Write the plots of every scenario, an SVG file each, and name each as soon as it is there.

    Yields
    ------
    Path
        ``SCENARIO-ranks.svg``, ``-ess.svg``, ``-energy.svg`` and ``-counts.svg``.

    Raises
    ------
    UsageError
        The draws were stored by a release that replicated no counts.
    Unavailable
        The draws cannot be read, or the folder cannot be written.
    """
    tree = _read(draws)
    if "posterior_predictive" not in tree:
        raise UsageError(f"{draws}: holds no replicated counts; it was written by an earlier release")
    for scenario in tree["posterior"]["scenario"].to_numpy():
        fit = tree.sel(scenario=scenario)
        for name, (title, plot) in _PLOTS.items():
            path = folder / f"{scenario}-{name}.svg"
            _save(plot, fit, f"{title}, if {scenario}", path)
            yield path


def _read(draws: Path) -> "DataTree":
    import xarray as xr  # noqa: PLC0415 - only pictures need it

    try:
        with xr.open_datatree(draws, engine="h5netcdf") as tree:
            return tree.load()
    except OSError as error:
        raise Unavailable(f"the draws in {draws} cannot be read ({error}); check the file") from error


def _save(plot: Callable[["DataTree"], Any], fit: "DataTree", title: str, path: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("Agg")
    from arviz_base import rc_context  # noqa: PLC0415
    from matplotlib import pyplot as plt  # noqa: PLC0415

    with rc_context(rc={"plot.backend": "matplotlib", "plot.max_subplots": None}):
        figure = plot(fit).get_viz("figure")
    figure.suptitle(title)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "posterity"}):  # text stays text
            figure.savefig(path, metadata={"Date": None})  # and the same draws give the same file
    except OSError as error:
        reason = error.strerror or error
        raise Unavailable(f"{path}: cannot be written ({reason}); check its folder and the disk") from error
    finally:
        plt.close(figure)


def _ranks(fit: "DataTree") -> Any:
    from arviz_plots import plot_rank  # noqa: PLC0415

    step = math.ceil(fit["posterior"].sizes["draw"] / _RANKED)
    thinned = fit.isel(draw=slice(None, None, step))
    return plot_rank(thinned, var_names=_sampled(fit), figure_kwargs=_panels(fit))


def _ess(fit: "DataTree") -> Any:
    from arviz_plots import plot_ess  # noqa: PLC0415

    return plot_ess(fit, var_names=_sampled(fit), kind="quantile", n_points=10, figure_kwargs=_panels(fit))


def _energy(fit: "DataTree") -> Any:
    from arviz_plots import plot_energy  # noqa: PLC0415

    return plot_energy(fit, figure_kwargs={"layout": "constrained"})


def _counts(fit: "DataTree") -> Any:
    from arviz_plots import plot_ppc_interval  # noqa: PLC0415

    names = fit["observed_data"]["recurring"].to_numpy()
    collection = plot_ppc_interval(
        fit,
        point_estimate="mean",
        ci_kind="eti",
        ci_probs=(0.5, 0.9),
        visuals={"xlabel": False},
        figure_kwargs={"layout": "constrained", "figsize": (max(5.0, 0.6 * len(names)), 5.0)},
    )
    collection.get_viz("plot", "count").set_xticks(range(len(names)), names, rotation=60, ha="right")
    return collection


def _sampled(fit: "DataTree") -> list[str]:
    return [str(name) for name, values in fit["posterior"].data_vars.items() if values.size]


def _panels(fit: "DataTree") -> dict[str, object]:
    sizes = [fit["posterior"][name].sizes.get("indicator", 1) for name in _sampled(fit)]
    rows = math.ceil(sum(sizes) / _COLUMNS)
    return {"layout": "constrained", "figsize": (3.0 * _COLUMNS, 2.2 * rows + 0.6)}


_PLOTS = MappingProxyType(
    {
        "ranks": ("Ranks: every chain's line stays near 0 where the chains agree", _ranks),
        "ess": ("Effective draws at each quantile; 400 (dashed) are enough", _ess),
        "energy": ("Energy: both curves cover the same range where the chains move freely", _energy),
        "counts": ("Counts seen (black), and predicted: mean, central 50 % and 90 %, equal-tailed", _counts),
    }
)
