"""The command that tells an operator how the service does: `doctor`."""

import typer

from service.program import HELD_OR_REFUSED, OUT_OF_REACH, Json, Where, app


@app.command(epilog="Example: posterity doctor")
def doctor(json: Json = False) -> None:
    """Look at everything that a night, a digest and an alert need, and say whether tonight will run."""
    from service import show_doctor
    from service.composition import opened
    from service.doctor import examine, out_of_reach

    with opened(Where.path, migrated=False) as service:
        found = examine(service)
    show_doctor.show(found, as_json=json)
    if out_of_reach(found):
        raise typer.Exit(OUT_OF_REACH)
    if any(one.state == "failed" for one in found):
        raise typer.Exit(HELD_OR_REFUSED)
