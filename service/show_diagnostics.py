"""`posterity explain --diagnostics`: how well a run was sampled, and what its model would see again."""

import json
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from model.errors import UsageError
from service import printing
from service.accounts import newest_run
from service.composition import Service
from service.documents import Document

UNUSUAL = 0.05  # two-sided tail below which a count is marked
_WORST = 5
_BLOCKS = "▁▁▂▃▄▅▆▇█"  # the fifth is a bin as full as it should be


def answer(
    service: Service, forecast_id: str, *, as_of: date | None, plots: Path | None, as_json: bool
) -> None:
    """Show the diagnostics of the newest run of a cutoff, whether or not it was published.

    Raises
    ------
    UsageError, Unavailable
        There is no such run, or as `show` does.
    """
    run = newest_run(service, forecast_id, as_of=as_of)
    stored = json.loads(run.document)
    document, sample = stored.get("diagnostics"), stored.get("sample")
    if as_json and plots is None:
        printing.as_json(
            {"forecast": run.forecast_id, "as_of": f"{run.as_of}", "run": run.run}
            | ({} if sample is None else {"sample": sample})
            | (document or {})
        )
        return
    if as_json:
        raise UsageError("plots are written without --json; leave one of the two out")
    printing.line(f"{run.forecast_id} as of {run.as_of} (run {run.run}, {run.status})")
    kept = None if run.draws is None else service.configuration.storage.draws / run.draws
    show(document, kept, plots=plots, sample=sample)


def show(
    document: Document | None,
    tree_path: Path | None,
    *,
    plots: Path | None,
    sample: Document | None = None,
) -> None:
    """Print what was stored of a run's fit, and write plots of its draws if a folder is named.

    Parameters
    ----------
    document
        What `model.diagnostics.diagnose` said of the run; None of a run that came to no result, or
        that was stored before there were any.
    tree_path
        Where the run's draws were kept, whether or not they still are; None if none were.
    plots
        The folder for the plots.
    sample
        Whether PyMC checked the run, where it checks a rotating sample.

    Raises
    ------
    UsageError
        Plots are wanted of draws that are not there.
    Unavailable
        The draws cannot be read, or the folder cannot be written.
    """
    if document is None and sample is not None:
        printing.line(sample["text"])
    elif document is None:
        printing.line(
            "Nothing is known of this run's fit: it came to no result, or an older release made it."
        )
    elif not document["sampled"]:
        printing.line(
            "Nothing was sampled: the forecast states no spread and no coverage_sd to be unsure of."
        )
    else:
        _show_fit(document)
        _show_ranks(document["fit"])
        _show_predictive(document)
    _show_draws(tree_path, plots)


def _show_fit(document: Document) -> None:
    headings = ("scenario", "R-hat", "ESS bulk", "ESS tail", "divergences", "E-BFMI", "tree depth", "ranks")
    rows = (
        (
            scenario,
            _number(fit["rhat"], 4),
            *(fit[name] for name in ("ess_bulk", "ess_tail", "divergences")),
            _number(fit["bfmi"], 2),
            fit["tree_depth"],
            "level" if fit["ranks"]["inside"] else "UNEVEN",
        )
        for scenario, fit in document["fit"].items()
    )
    printing.line("The fit, the worst figure of each scenario:")
    printing.block(printing.table(headings, rows, numeric=headings[1:-1]))
    printing.line(_what_is_sound(document["limits"]))
    printing.line()
    printing.line("The unknowns with the highest R-hat:")
    columns = ("scenario", "unknown", "R-hat", "ESS bulk", "ESS tail")
    printing.block(printing.table(columns, _worst(document["fit"]), numeric=columns[2:]))


def _what_is_sound(limits: Document) -> str:
    return (
        f"Sound: R-hat below {limits['rhat']:g}, ESS (effective draws) of {limits['ess']:g} or more, no "
        f"divergences, E-BFMI above {limits['bfmi']:g}, ranks level."
    )


def _worst(fits: Document) -> Iterable[tuple[object, ...]]:
    """List the worst unknowns; one that has no R-hat is worse than any that has."""
    every = [(scenario, name, one) for scenario, fit in fits.items() for name, one in fit["latents"].items()]
    every.sort(key=lambda row: float("-inf") if row[2]["rhat"] is None else -row[2]["rhat"])
    for scenario, name, one in every[:_WORST]:
        yield scenario, name, _number(one["rhat"], 4), one["ess_bulk"], one["ess_tail"]


def _show_ranks(fits: Document) -> None:
    printing.line()
    printing.line(
        "Ranks of the unknown whose chains are least alike. Level (▄▄▄▄▄) is good: the chain visits low and "
        "high values as often as the others do. A slope or a step is not."
    )
    for scenario, fit in fits.items():
        ranks = fit["ranks"]
        away, bound = (_number(ranks[name], 3) for name in ("deviation", "envelope"))
        printing.line(
            f"  if {scenario}, {ranks['latent']}: {away} from level, sound chains stay within {bound}"
        )
        for number, histogram in enumerate(ranks["histograms"], 1):
            printing.line(f"    chain {number} {_sparkline(histogram)}")


def _sparkline(histogram: list[int]) -> str:
    """Draw a histogram in blocks of a quarter of what each bin should hold."""
    level = sum(histogram) / len(histogram)
    heights = [round(4 * count / level) if level else 0 for count in histogram]
    return "".join(_BLOCKS[min(height, len(_BLOCKS) - 1)] for height in heights)


def _show_predictive(document: Document) -> None:
    scenarios = list(document["fit"])
    level = f"{100 * document['level']:.0f} %"
    headings = ("indicator", "seen", "expected", level, *(f"if {one}" for one in scenarios), "")
    rows = (_predicted(one, scenarios) for one in document["predictive"])
    printing.line()
    printing.line("Seen so far, and expected again by the fitted model over the same time:")
    printing.block(printing.table(headings, rows, numeric=headings[1:-1]))
    for sentence in _remarks(document["predictive"], level):
        printing.line(sentence)


def _predicted(one: Document, scenarios: list[str]) -> tuple[object, ...]:
    low, high = one["interval"]
    return (
        one["indicator"],
        _number(one["observed"], 1),
        _number(one["predicted"], 1),
        f"{low} to {high}",
        *(_number(one["by_scenario"][scenario]["predicted"], 1) for scenario in scenarios),
        f"UNUSUAL, {_direction(one)}" if one["tail"] < UNUSUAL else "",
    )


def _direction(one: Document) -> str:
    return "more than expected" if one["pit"] > 0.5 else "fewer than expected"


def _remarks(predicted: list[Document], level: str) -> Iterator[str]:
    unusual = [one for one in predicted if one["tail"] < UNUSUAL]
    for one in unusual:
        low, high = one["interval"]
        yield (
            f"{one['indicator']}: {one['observed']:.1f} seen, {one['predicted']:.1f} expected "
            f"({level}: {low} to {high}); a count so far out has a chance of {printing.percent(one['tail'])}."
        )
    if not unusual:
        yield f"No indicator is unusual (two-sided tail below {printing.percent(UNUSUAL, 0)})."
    yield (
        f"Seen is weighted by credibility; {level} is the central, equal-tailed interval over all scenarios. "
        "The same data fitted the model, so that little looks unusual: it is no test of what was stated."
    )


def _show_draws(tree_path: Path | None, plots: Path | None) -> None:
    if tree_path is not None and tree_path.is_file():
        printing.line()
        printing.line(f"Draws, for ArviZ: {tree_path}")
        if plots is not None:
            _write_plots(tree_path, plots)
        return
    why = "there are none" if tree_path is None else "they are no longer kept ([storage] keep_draws_days)"
    if plots is not None:
        raise UsageError(f"nothing can be plotted without the run's draws, and {why}")
    if tree_path is not None:
        printing.line(f"The run's draws are not there: {why}.")


def _write_plots(draws: Path, folder: Path) -> None:
    from service import diagnostic_plots  # noqa: PLC0415 - only who wants pictures waits for what draws them

    for path in diagnostic_plots.write(draws, folder):
        printing.line(f"wrote {path}")


def _number(value: Any, places: int) -> str | None:
    return None if value is None else f"{value:.{places}f}"
