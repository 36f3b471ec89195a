"""The commands of the web application: `serve`, and `keys` for those who use its API."""

from typing import Annotated, Literal

import typer

from service.program import Json, Where, app

type Scope = Literal["read", "ingest", "edit", "admin"]

SCOPES: tuple[Scope, ...] = ("read", "ingest", "edit", "admin")
Name = Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and hyphens.")]
_keys = typer.Typer(name="keys", help="Make, list and revoke the keys of the API.", rich_markup_mode=None)
app.add_typer(_keys)


def _scope(text: str) -> Scope:
    found = next((scope for scope in SCOPES if scope == text), None)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no scope; write one of {', '.join(SCOPES)}")
    return found


@app.command(epilog="Example: posterity serve --port 8000")
def serve(
    host: Annotated[str | None, typer.Option(help="Where to listen; by default as configured.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 for any that is free.")] = None,
    log: Annotated[str, typer.Option(metavar="FORM", help="How to log: auto, json or console.")] = "auto",
) -> None:
    """Answer over HTTP until it is stopped: health, metrics, the readers' links, and the API."""
    from service.composition import opened
    from service.web_server import serve as listen

    with opened(Where.path) as service:
        listen(service, host=host, port=port, log=log)


@_keys.command(epilog="Example: posterity keys create grafana --scope read")
def create(
    name: Name,
    scope: Annotated[
        Scope, typer.Option(parser=_scope, metavar="SCOPE", help="read, ingest, edit (reads too), or admin.")
    ],
    json: Json = False,
) -> None:
    """Make a key and print it, for the only time: the store keeps its hash."""
    from service import keys, printing
    from service.composition import opened

    with opened(Where.path) as service:
        key = keys.create(service, name, scope)
    if json:
        printing.as_json({"name": name, "scope": scope, "key": key})
    else:
        printing.line(key)
        printing.note(f"this is the key {name} of scope {scope}; keep it, for it is not shown again")


@_keys.command(name="list", epilog="Example: posterity keys list")
def list_keys(json: Json = False) -> None:
    """List the keys, without what is secret of them."""
    from service import keys, printing
    from service.composition import opened

    with opened(Where.path) as service:
        found = keys.keys(service)
    if json:
        printing.as_json([keys.document(one) for one in found])
    elif found:
        rows = [(one.name, one.scope, one.recorded_at, one.revoked_at) for one in found]
        printing.block(printing.table(("name", "scope", "made", "revoked"), rows))
    else:
        printing.note("there are no keys yet; `posterity keys create NAME --scope read` makes one")


@_keys.command(epilog="Example: posterity keys revoke grafana")
def revoke(name: Name, json: Json = False) -> None:
    """End a key: whoever holds it is refused from now on."""
    from service import keys, printing
    from service.composition import opened

    with opened(Where.path) as service:
        revoked = keys.revoke(service, name)
    if json:
        printing.as_json(keys.document(revoked))
    else:
        printing.line(f"the key {revoked.name} is revoked")
