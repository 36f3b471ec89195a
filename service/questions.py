"""The commands that ask a stored run: why, what if, and what to watch."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from service.program import Json, Where, app, day

Forecast = Annotated[str, typer.Argument(metavar="ID")]
AsOf = Annotated[
    date | None,
    typer.Option(parser=day, metavar="DATE", help="Ask the run in force on that day; by default the latest."),
]


@app.command(epilog="Example: posterity explain russia-latin-america --since 2025-11-30")
def explain(
    forecast: Forecast,
    as_of: AsOf = None,
    since: Annotated[
        date | None,
        typer.Option(parser=day, metavar="DATE", help="What moved it since the run in force on that day."),
    ] = None,
    diagnostics: Annotated[
        bool, typer.Option("--diagnostics", help="How well the sampler did, and what it predicts.")
    ] = False,
    plots: Annotated[
        Path | None, typer.Option(metavar="DIR", help="With --diagnostics: write ArviZ's plots there.")
    ] = None,
    json: Json = False,
) -> None:
    """Say why the probabilities stand where they stand, indicator by indicator and event by event."""
    from service import printing, show_diagnostics, show_reasons
    from service.composition import opened

    if plots and not diagnostics:
        raise typer.BadParameter("plots belong to the diagnostics; write --diagnostics too")
    if since and diagnostics:
        raise typer.BadParameter("diagnostics are those of one run; leave --since or --diagnostics out")
    with opened(Where.path) as service:
        if diagnostics:
            show_diagnostics.answer(service, forecast, as_of=as_of, plots=plots, as_json=json)
            return
        told = show_reasons.account(service, forecast, as_of=as_of, since=since)
    if json:
        printing.as_json(show_reasons.document(told))
    else:
        show_reasons.show(told)


@app.command(
    name="what-if",
    epilog="Example: posterity what-if russia-latin-america --event tag=contract_signed,country=PE,grade=B2",
)
def what_if(
    forecast: Forecast,
    event: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE,…",
            help="An event reported now: tag and country; also, grade, probability_true; repeatable.",
        ),
    ] = None,
    silence_until: Annotated[
        date | None, typer.Option(parser=day, metavar="DATE", help="Nothing more happens until that day.")
    ] = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Compute at once what the probabilities would be; nothing is stored."""
    from service import printing, show_whatif
    from service.composition import opened

    with opened(Where.path) as service:
        told = show_whatif.hypothesis(
            service, forecast, event or (), silence_until=silence_until, as_of=as_of
        )
    if json:
        printing.as_json(show_whatif.document(told))
    else:
        show_whatif.show(told)


@app.command(epilog="Example: posterity watch russia-latin-america")
def watch(forecast: Forecast, as_of: AsOf = None, json: Json = False) -> None:
    """Show what to expect of each indicator, and which of them would tell the most."""
    from service import printing, show_watch
    from service.composition import opened

    with opened(Where.path) as service:
        found = show_watch.watched(service, forecast, as_of=as_of)
    if json:
        printing.as_json(show_watch.document(found))
    else:
        show_watch.show(found)
