"""`posterity digest`: the weekly mail, sent now or only looked at."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from service.program import HELD_OR_REFUSED, Json, Where, app, day


@app.command(epilog="Example: posterity digest --dry-run -o digest.eml")
def digest(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write one reader's mail to a file; store and send nothing.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="With --dry-run: write there.")
    ] = None,
    week: Annotated[
        date | None,
        typer.Option(parser=day, metavar="DATE", help="The week of that day; by default this one."),
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Only to this reader.")] = None,
    json: Json = False,
) -> None:
    """Post the week's digest to its readers, each once, and send what is due."""
    from service import show_digest
    from service.calendar import week_of
    from service.composition import opened

    if output and not dry_run:
        raise typer.BadParameter("--output belongs to --dry-run; leave it out, or write --dry-run too")
    with opened(Where.path) as service:
        named = week_of(week or service.today())
        if dry_run:
            show_digest.preview(service, named, to=to, path=output, as_json=json)
        elif not show_digest.send(service, named, to=to, as_json=json):
            raise typer.Exit(HELD_OR_REFUSED)
