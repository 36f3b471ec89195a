"""`posterity schedule`: the process that works every night, and what it will do when."""

from typing import Annotated

import typer

from service.program import Json, Where, app


@app.command(epilog="Example: posterity schedule --list")
def schedule(
    listed: Annotated[bool, typer.Option("--list", help="Show what runs when, and end.")] = False,
    log: Annotated[str, typer.Option(metavar="FORM", help="How to log: auto, json or console.")] = "auto",
    json: Json = False,
) -> None:
    """Work by itself: nights, digests, the inbox and the mail, each when it is due; until it is stopped."""
    from service import logs, show_schedule
    from service.composition import opened

    if listed or json:
        with opened(Where.path) as service:
            show_schedule.show(service, as_json=json)
        return
    from service.scheduler import Scheduler, until_told

    logs.configure(log)
    with opened(Where.path, migrated=False) as service:
        Scheduler(service).run(until_told())
