"""The program that commands belong to, and the options that they share."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

HELD_OR_REFUSED, WRONG, OUT_OF_REACH = 1, 2, 3

app = typer.Typer(
    name="posterity",
    help="Keeps scenario forecasts honest every night, by Bayes' rule.",
    epilog="Example: posterity run --as-of 2025-12-31",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Where:
    """The configuration file that this process works with."""

    path = Path("config.toml")


def day(text: str) -> date:
    """Read a day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day; write 2025-12-31") from None


def moment(text: str) -> datetime:
    """Read a moment, UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a moment; write 2025-12-31T07:00+00:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Since = Annotated[date | None, typer.Option(parser=day, metavar="DATE", help="First day, included.")]
Until = Annotated[date | None, typer.Option(parser=day, metavar="DATE", help="Last day, included.")]
Tag = Annotated[str | None, typer.Option(help="Only of this tag.")]
Country = Annotated[str | None, typer.Option(help="Only of this country (ISO code).")]
Search = Annotated[str | None, typer.Option(metavar="WORDS", help="Words of headline, publisher or id.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]


@app.callback()
def _main(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option(envvar="POSTERITY_CONFIG", metavar="PATH", help="The configuration file.")
    ] = Path("config.toml"),
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(WRONG)
    Where.path = config
