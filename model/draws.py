"""A night's draws as an ArviZ DataTree, for whoever wants to look closer."""

import numpy as np
import xarray as xr

from model.evidence import Evidence
from model.posterior import Posterior
from model.predictive import observed, recurring, replicate
from model.sampling import ScenarioFit


def to_datatree(evidence: Evidence, posterior: Posterior) -> xr.DataTree | None:
    """Lay out the draws of every scenario that was sampled; None where there was nothing to sample.

    Returns
    -------
    DataTree
        ``posterior``: ``volume`` (scenario, chain, draw, indicator) and ``coverage`` (scenario, chain,
        draw). ``sample_stats``: the sampler's, and ``log_evidence`` with its error for each scenario.
        ``posterior_predictive``: ``count`` (scenario, chain, draw, recurring), replicated over the
        exposure. ``observed_data``: ``count``, weighted by credibility. ``constant_data``: what was
        stated and exposed. Select one scenario, ``tree.sel(scenario=…)``, for ArviZ's functions.
    """
    made = {} if posterior.sampled is None else posterior.sampled.fits
    fits = {one: fit for one, fit in made.items() if fit.latents.shape[-1]}
    if not fits:
        return None
    scenarios = list(fits)
    first = next(iter(fits.values()))
    many, draws = first.volume.shape[:2]
    drawn = {"scenario": scenarios, "chain": np.arange(many), "draw": np.arange(draws)}
    return xr.DataTree.from_dict(
        {
            "posterior": _posterior(fits).assign_coords(drawn | {"indicator": list(first.indicators)}),
            "sample_stats": _statistics(fits).assign_coords(drawn),
            "posterior_predictive": _replicated(evidence, fits).assign_coords(drawn),
            **_data(evidence, scenarios),
        }
    )


def _posterior(fits: dict[str, ScenarioFit]) -> xr.Dataset:
    dims = ("scenario", "chain", "draw")
    volume = np.stack([fit.volume for fit in fits.values()])
    drawn = xr.Dataset({"volume": ((*dims, "indicator"), volume)})
    coverage = [fit.coverage for fit in fits.values() if fit.coverage is not None]
    return drawn.assign(coverage=(dims, np.stack(coverage))) if coverage else drawn


def _statistics(fits: dict[str, ScenarioFit]) -> xr.Dataset:
    dims = ("scenario", "chain", "draw")
    names = next(iter(fits.values())).statistics
    kept = {name: (dims, np.stack([fit.statistics[name] for fit in fits.values()])) for name in names}
    estimates = [fit.estimate for fit in fits.values()]
    log_z = ("scenario", [one.log_z for one in estimates])
    error = ("scenario", [one.error for one in estimates])
    return xr.Dataset({**kept, "log_evidence": log_z, "log_evidence_error": error})


def _replicated(evidence: Evidence, fits: dict[str, ScenarioFit]) -> xr.Dataset:
    counts = np.stack([replicate(evidence, scenario, fit) for scenario, fit in fits.items()])
    names = [one.indicator.id for one in recurring(evidence)]
    dims = ("scenario", "chain", "draw", "recurring")
    return xr.Dataset({"count": (dims, counts)}, coords={"recurring": names})


def _data(evidence: Evidence, scenarios: list[str]) -> dict[str, xr.Dataset]:
    seen = recurring(evidence)
    coords = {"recurring": [one.indicator.id for one in seen], "scenario": scenarios}
    expected = [[one.indicator.stated[scenario] for one in seen] for scenario in scenarios]
    stated = xr.Dataset(
        {
            "expected": (("scenario", "recurring"), np.array(expected)),
            "exposure": ("recurring", np.array([one.exposure for one in seen])),
        },
        coords=coords,
    )
    counts = np.array([observed(one) for one in seen])
    weighted = xr.Dataset({"count": ("recurring", counts)}, coords={"recurring": coords["recurring"]})
    return {"constant_data": stated, "observed_data": weighted}
