"""A night's draws as an ArviZ DataTree, for whoever wants to look closer."""

import numpy as np
import xarray as xr

from model.evidence import Evidence
from model.sampling import ScenarioFit
from model.update import Posterior


def to_datatree(evidence: Evidence, posterior: Posterior) -> xr.DataTree | None:
    """Lay out the draws of every scenario that was sampled; None where there was nothing to sample.

    Returns
    -------
    DataTree
        ``posterior``: ``volume`` (scenario, chain, draw, indicator) and ``coverage`` (scenario, chain,
        draw). ``sample_stats``: the sampler's, and ``log_evidence`` with its error for each scenario.
        ``constant_data``: what was stated and exposed. ``observed_data``: credibility-weighted counts.
    """
    fits = {one: fit for one, fit in posterior.sampled.fits.items() if fit.latents.shape[-1]}
    if not fits:
        return None
    scenarios = list(fits)
    first = next(iter(fits.values()))
    coords = {"scenario": scenarios, "indicator": list(first.indicators)}
    return xr.DataTree.from_dict(
        {
            "posterior": _posterior(fits).assign_coords(coords),
            "sample_stats": _statistics(fits).assign_coords(scenario=scenarios),
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


def _data(evidence: Evidence, scenarios: list[str]) -> dict[str, xr.Dataset]:
    seen = [one for one in evidence.indicators if one.indicator.recurs]
    coords = {"recurring": [one.indicator.id for one in seen], "scenario": scenarios}
    expected = [[one.indicator.stated[scenario] for one in seen] for scenario in scenarios]
    stated = xr.Dataset(
        {
            "expected": (("scenario", "recurring"), np.array(expected)),
            "exposure": ("recurring", np.array([one.exposure for one in seen])),
        },
        coords=coords,
    )
    counts = np.array([sum(event.credibility for event in one.counted) for one in seen])
    observed = xr.Dataset({"count": ("recurring", counts)}, coords={"recurring": coords["recurring"]})
    return {"constant_data": stated, "observed_data": observed}
