"""The commands that close forecasts, and that say how good they were."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from service.program import Json, Where, app, day, moment


@app.command(
    epilog="Example: posterity resolve russia-latin-america base --on 2026-01-31 "
    '--because "the service centre has a dated commitment"'
)
def resolve(
    forecast: Annotated[str, typer.Argument(metavar="ID")],
    because: Annotated[str, typer.Option(metavar="TEXT", help="The reason, which is kept.")],
    scenario: Annotated[
        str | None, typer.Argument(metavar="[SCENARIO]", help="Id of the one that came true.")
    ] = None,
    on: Annotated[
        date | None,
        typer.Option(parser=day, metavar="DATE", help="The day on which the answer was there."),
    ] = None,
    correct: Annotated[
        bool, typer.Option("--correct", help="Put this in the place of what was decided before.")
    ] = False,
    annul: Annotated[
        bool, typer.Option("--annul", help="Close it with no answer; nothing is scored.")
    ] = False,
    reopen: Annotated[bool, typer.Option("--reopen", help="Take back what was decided; nights run.")] = False,
    by: Annotated[
        str | None,
        typer.Option(envvar="POSTERITY_EDITOR", metavar="NAME", help="Who decides; by default the user."),
    ] = None,
    json: Json = False,
) -> None:
    """Say what became of a forecast: its nights end, and what was believed is scored."""
    from service import printing, show_resolution
    from service.composition import opened

    asked = show_resolution.Asked(
        scenario=scenario, on=on, correct=correct, annul=annul, reopen=reopen, author=by, why=because
    )
    with opened(Where.path) as service:
        done = show_resolution.decide(service, forecast, asked)
        scored = show_resolution.scored(service, done)
    if json:
        printing.as_json(show_resolution.document(done, scored))
    else:
        show_resolution.show(done, scored)


@app.command(epilog="Example: posterity scores --only outlooks --format csv")
def scores(
    forecasts: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Only these.")] = None,
    only: Annotated[
        str | None,
        typer.Option(metavar="PART", help="forecasts, daily, outlooks or reliability."),
    ] = None,
    known_at: Annotated[
        datetime | None,
        typer.Option(
            parser=moment, metavar="MOMENT", help="As recorded by then, UTC unless it says otherwise."
        ),
    ] = None,
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="table, csv or json.")] = "table",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write there; the reliability diagram to FILE.png."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Say how good forecasts and outlooks were: scores, skill, reliability."""
    from service import show_scores
    from service.composition import opened

    question = show_scores.Question(
        forecasts=tuple(forecasts or ()), only=only, known_at=known_at, form="json" if json else form
    )
    with opened(Where.path, polls=False) as service:
        show_scores.show(service, question, output)
