"""The commands for the readers of our mail: who gets what."""

from typing import Annotated

import typer

from service.program import Json, Where, app

subscribers = typer.Typer(
    name="subscribers",
    help="Add, list and remove the readers of the mails.",
    epilog='Example: posterity subscribers add "Ana <ana@example.org>"',
    no_args_is_help=False,
    rich_markup_mode=None,
)
app.add_typer(subscribers)

Address = Annotated[str, typer.Argument(metavar="ADDRESS")]


@subscribers.command(epilog='Example: posterity subscribers add "Ana <ana@example.org>" --moved 5')
def add(
    address: Address,
    name: Annotated[str, typer.Option(help="The reader's name.")] = "",
    forecast: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Only this one; repeatable. All, also later ones, by default."),
    ] = None,
    moved: Annotated[
        float | None,
        typer.Option(
            metavar="POINTS",
            help="A digest only when one moved by more percentage points; every week by default.",
        ),
    ] = None,
    alerts: Annotated[
        bool, typer.Option("--alerts/--no-alerts", help="Mail at once when a forecast moved far.")
    ] = True,
    json: Json = False,
) -> None:
    """Subscribe a reader, or change what they get."""
    from service import printing, readers, show_readers
    from service.composition import opened

    with opened(Where.path) as service:
        reader = readers.subscribe(
            service,
            address,
            name=name,
            forecasts=forecast or (),
            moved_points=moved,
            alerts=alerts,
        )
    if json:
        printing.as_json(show_readers.document(reader))
    else:
        printing.line(f"{reader.mailbox} gets {show_readers.wishes(reader)}")


@subscribers.command(name="list", epilog="Example: posterity subscribers list --json")
def list_(json: Json = False) -> None:
    """List the readers and what they get."""
    from service import printing, readers, show_readers
    from service.composition import opened

    with opened(Where.path) as service:
        found = readers.listed(service)
    if json:
        printing.as_json([show_readers.document(one) for one in found])
    else:
        show_readers.show(found)


@subscribers.command(epilog="Example: posterity subscribers remove ana@example.org")
def remove(address: Address, json: Json = False) -> None:
    """Unsubscribe a reader; they are not added again unless by hand."""
    from service import printing, readers, show_readers
    from service.composition import opened

    with opened(Where.path) as service:
        reader = readers.remove(service, address)
    if json:
        printing.as_json(show_readers.document(reader))
    else:
        printing.line(f"{reader.mailbox} gets nothing any more")
