"""`posterity panel`: the countries of a forecast side by side."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from service.program import Json, Where, app


@app.command(
    epilog="Example: posterity panel --register register.csv --votes votes.csv --first 2005 --png panel.png"
)
def panel(
    forecast: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="May be left out where there is one forecast only.")
    ] = None,
    register: Annotated[
        Path | None, typer.Option(metavar="FILE", help="An export of SIPRI's trade register, as CSV.")
    ] = None,
    votes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Votes of the UN General Assembly (Voeten), as CSV."),
    ] = None,
    partner: Annotated[str, typer.Option(metavar="CODE", help="Whose transfers and votes.")] = "RU",
    against: Annotated[str, typer.Option(metavar="CODE", help="Whose votes to contrast them with.")] = "US",
    countries: Annotated[
        str | None,
        typer.Option(metavar="CODE,…", help="In this order; by default those that the indicators name."),
    ] = None,
    first: Annotated[int, typer.Option(min=1946, max=2199, help="First year, included.")] = 2000,
    last: Annotated[int, typer.Option(min=1946, max=2199, help="Last year, included.")] = 2024,
    agreements: Annotated[
        str | None, typer.Option(metavar="TAG,…", help="Tags of agreements; by default defence_agreement.")
    ] = None,
    visits: Annotated[
        str | None, typer.Option(metavar="TAG,…", help="Tags of visits; by default high_level_visit.")
    ] = None,
    exercises: Annotated[
        str | None, typer.Option(metavar="TAG,…", help="Tags of exercises; by default training_or_exercise.")
    ] = None,
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="table, csv or json.")] = "table",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there instead of printing.")
    ] = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw a picture there as well.")] = None,
    json: Json = False,
) -> None:
    """Put countries side by side: transfers of arms, stored events, votes, and what counts in a forecast.

    Register and votes are yours to download, from the SIPRI Arms Transfers Database
    (https://www.sipri.org/databases/armstransfers) and from E. Voeten's votes of the UN General Assembly
    (https://doi.org/10.7910/DVN/LEJUQZ); [panel] in the configuration may name them too. Without them
    their columns are empty. Other columns are of what is stored here: what was searched for and reported,
    not a census.
    """
    from service import panel_question as asked
    from service import show_panel
    from service.base_rate_keys import orders_expected
    from service.composition import opened
    from service.panel import panel as together

    given = {asked.AGREEMENTS: agreements, asked.VISITS: visits, asked.EXERCISES: exercises}
    question = asked.Question(
        partner=asked.code(partner),
        against=asked.code(against),
        countries=asked.codes(countries) if countries is not None else (),
        first=first,
        last=last,
        tags={kind: asked.TAGS[kind] if text is None else asked.tags(text) for kind, text in given.items()},
    )
    shown_as = "json" if json else form
    show_panel.check_format(shown_as)
    with opened(Where.path) as service:
        files = service.configuration.panel
        question = replace(question, register=register or files.trade_register, votes=votes or files.votes)
        chosen = asked.chosen(service, forecast)
        found = together(service, chosen, question, orders_expected(service, chosen))
    if png is not None:
        show_panel.draw(found, png)
    show_panel.show(found, shown_as, output)
