"""The command that asks the record how often things happen."""

from pathlib import Path
from typing import Annotated

import typer

from service.program import HELD_OR_REFUSED, Json, Where, app


@app.command(
    name="base-rates",
    epilog="Example: posterity base-rates russia-latin-america --register register.csv "
    "--from register:orders --country PE",
)
def base_rates(
    forecast: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="Whose window and countries."),
    ] = None,
    register: Annotated[
        Path | None, typer.Option(metavar="FILE", help="SIPRI's trade register, as CSV; yours to download.")
    ] = None,
    kinds: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="RECORD", help="register:orders, register:deliveries, events:TAG."),
    ] = None,
    country: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Of this group instead; repeatable.")
    ] = None,
    supplier: Annotated[str, typer.Option(help="Whose orders and deliveries: code or name.")] = "RU",
    first: Annotated[int | None, typer.Option(metavar="YEAR", help="First year of the record.")] = None,
    last: Annotated[int | None, typer.Option(metavar="YEAR", help="Last year of the record.")] = None,
    save: Annotated[bool, typer.Option("--save", help="Keep them for indicators with a base_rate.")] = False,
    json: Json = False,
) -> None:
    """Say how many occasions the record lets expect over a forecast's window, by a hierarchical model."""
    from service import base_rates, printing, show_base_rates
    from service.composition import opened

    with opened(Where.path, rates=False) as service:
        asked = base_rates.question(
            service,
            forecast,
            kinds=kinds or (),
            countries=country or (),
            first=first,
            last=last,
            supplier=supplier,
        )
        with printing.progress() as say:
            found = list(base_rates.answers(service, asked, register, say=say))
        if save:
            path = base_rates.saved(service, found)
            printing.note(f"{printing.count(len(found), 'base rate')} written to {path}")
    if json:
        printing.as_json(show_base_rates.document(asked, found))
    else:
        show_base_rates.show(asked, found)
    if not all(one.rate.sound for one in found):
        raise typer.Exit(HELD_OR_REFUSED)
