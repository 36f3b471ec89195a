"""The commands that hand a forecast on, and that take one in: `export` and `import`."""

from pathlib import Path
from typing import Annotated

import typer

from model.errors import UsageError
from service.program import HELD_OR_REFUSED, Json, Where, app


@app.command(epilog="Example: posterity export russia-latin-america russia.json")
def export(
    forecast: Annotated[str, typer.Argument(metavar="ID")],
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where to; by default standard output.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The same, as an option.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a snapshot of a forecast, which another installation can import.

    It holds the definition in all its versions, the evidence with every revision, and the runs; not this
    installation's configuration, keys, readers, mail, sources, experiments or draws.
    """
    from service import show_snapshot
    from service.composition import opened

    if file and output:
        raise UsageError("two files are named; write one of them, or none for standard output")
    with opened(Where.path, polls=False, rates=False) as service:
        show_snapshot.write(service, forecast, file or output, as_json=json)


@app.command("import", epilog="Example: posterity import russia.json")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `posterity export` wrote.")],
    every: Annotated[
        bool, typer.Option("--recompute-all", help="Compute every run anew, and not only the last.")
    ] = False,
    json: Json = False,
) -> None:
    """Take a snapshot in: all of it or nothing, and what is here already is not added again.

    Facts keep the moments at which they were recorded. The last run is computed anew with the exact engine,
    to see whether its numbers come out here as they did there.
    """
    from service import printing, show_snapshot
    from service.composition import opened
    from service.importing import import_snapshot
    from service.reproducing import reproduced

    with opened(Where.path) as service:
        with printing.progress() as say:
            say(f"reading {file}")
            done = import_snapshot(service, file)
            say("computing runs anew")
            again = reproduced(service, show_snapshot.asked_for(service, done, every=every))
        shown = show_snapshot.document(service, done, again)
    if json:
        printing.as_json(shown)
    else:
        show_snapshot.show(shown, file)
    if not all(one.agrees for one in again):
        raise typer.Exit(HELD_OR_REFUSED)
