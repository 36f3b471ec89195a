"""`posterity replay` and `posterity compare`: the past recomputed, and experiments side by side."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from model.errors import UsageError
from service.program import HELD_OR_REFUSED, Json, Where, app, day


@app.command(
    epilog="Example: posterity replay russia-latin-america --from 2025-05-31 --to 2025-11-30 --every 1mo"
)
def replay(
    forecast: Annotated[str, typer.Argument(metavar="ID")],
    first: Annotated[date, typer.Option("--from", parser=day, metavar="DATE", help="First cutoff.")],
    last: Annotated[
        date, typer.Option("--to", parser=day, metavar="DATE", help="No cutoff is later than this.")
    ],
    step: Annotated[
        str, typer.Option("--every", metavar="STEP", help="From cutoff to cutoff: 1d, 7d, 2w, 1mo.")
    ] = "1d",
    name: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="Of the experiment; by default it tells the settings."),
    ] = None,
    elicitation: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Another [[forecasts]] table of this forecast, as TOML."),
    ] = None,
    pymc: Annotated[bool, typer.Option("--pymc", help="Sample each night too, and judge it.")] = False,
    band: Annotated[bool, typer.Option("--band", help="Compute the band of sensitivity too.")] = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=1024, metavar="N", help="Processes; by default one for each core."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Of a Dask cluster that computes instead: tcp://HOST:8786."),
    ] = None,
    json: Json = False,
) -> None:
    """Recompute nights of the past as they would have looked, as an experiment apart from the history."""
    from service import printing, show_replay
    from service.composition import opened
    from service.experiment_names import checked
    from service.replay_workers import Place
    from service.replaying import Question
    from service.replaying import replay as replayed

    if workers is not None and scheduler is not None:
        raise UsageError("--workers is of this machine, --scheduler of a cluster; write one of the two")
    question = Question(
        forecast=forecast,
        first=first,
        last=last,
        step=step,
        name=name if name is None else checked(name),
        elicitation=elicitation,
        engine="pymc" if pymc else "exact",
        band=band,
        place=Place(workers=workers, scheduler=scheduler),
    )
    with opened(Where.path) as service, printing.progress() as say:
        found = replayed(service, question, say)
    if json:
        printing.as_json(show_replay.document(question, found))
    else:
        show_replay.show(found)
    if any(one.status != "published" for one in found.nights):
        raise typer.Exit(HELD_OR_REFUSED)


@app.command(epilog="Example: posterity compare")
def compare(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help="Experiments; history is what was believed. None: list them."
        ),
    ] = None,
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="table, csv or json.")] = "table",
    json: Json = False,
) -> None:
    """Put experiments side by side: probabilities, scores where resolved, and where they part."""
    from service import show_comparison
    from service.comparing import compare as compared
    from service.composition import opened
    from storage.experiments import experiments

    form = "json" if json else show_comparison.check_format(form)
    with opened(Where.path, polls=False) as service:
        if names:
            show_comparison.show(compared(service, names), form)
            return
        with service.database.reading() as session:
            known = experiments(session)
        show_comparison.show_experiments(known, form)
