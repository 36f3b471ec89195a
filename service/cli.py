"""The command line: what is typed, and what the process answers."""

import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.errors import ConfigurationError, PosterityError, Unavailable, UsageError

if TYPE_CHECKING:
    from service.intake import Taken

HELD_OR_REFUSED, WRONG, OUT_OF_REACH = 1, 2, 3
_MOST_REFUSALS = 20

app = typer.Typer(
    name="posterity",
    help="Keeps scenario forecasts honest every night, by Bayes' rule.",
    epilog="Example: posterity run --as-of 2025-12-31",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class _Where:
    """The configuration file that this process works with."""

    path = Path("config.toml")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day; write 2025-12-31") from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a moment; write 2025-12-31T07:00+00:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Since = Annotated[date | None, typer.Option(parser=_day, metavar="DATE", help="First day, included.")]
Until = Annotated[date | None, typer.Option(parser=_day, metavar="DATE", help="Last day, included.")]
Tag = Annotated[str | None, typer.Option(help="Only of this tag.")]
Country = Annotated[str | None, typer.Option(help="Only of this country (ISO code).")]
Search = Annotated[str | None, typer.Option(metavar="WORDS", help="Words of headline, publisher or id.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]


@app.callback()
def _main(
    config: Annotated[
        Path, typer.Option(envvar="POSTERITY_CONFIG", metavar="PATH", help="The configuration file.")
    ] = Path("config.toml"),
) -> None:
    _Where.path = config


@app.command(epilog="Example: posterity init my-forecasts")
def init(folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to.")] = Path()) -> None:
    """Write a commented config.toml and an inbox to start from."""
    from service import printing, starter

    for path in starter.init(folder):
        printing.line(f"wrote {path}")


@app.command(epilog="Example: posterity check")
def check(json: Json = False) -> None:
    """Validate the configuration and the connections, and print every problem at once."""
    from service import checking, printing
    from service.composition import opened

    with opened(_Where.path) as service:
        warnings, problems = list(checking.warnings(service)), list(checking.problems(service))
    if json:
        printing.as_json({"warnings": warnings, "problems": problems})
    else:
        for warning in warnings:
            printing.line(f"Warning: {warning}")
        printing.line(f"{_Where.path}: {len(problems) or 'no'} problems, {len(warnings) or 'no'} warnings")
    checking.reach(problems)


@app.command(epilog="Example: posterity ingest reports.jsonl")
def ingest(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Files; never moved.")
    ] = None,
    json: Json = False,
) -> None:
    """Take in reports from the named files, or else from the inbox."""
    from service import printing
    from service.checking import unclaimed
    from service.composition import opened
    from service.intake import take_files, take_inbox

    with opened(_Where.path) as service:
        taken = list(take_files(service, paths) if paths else take_inbox(service))
        if json:
            printing.as_json([one.document() for one in taken])
        else:
            _show_taken(taken)
            for warning in unclaimed(service):
                printing.line(warning)
    if any(one.refused for one in taken):
        raise typer.Exit(HELD_OR_REFUSED)


@app.command(epilog="Example: posterity run --as-of 2025-12-31 --json")
def run(
    forecast: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this one; repeatable.")
    ] = None,
    as_of: Annotated[
        date | None, typer.Option(parser=_day, metavar="DATE", help="The cutoff; by default today.")
    ] = None,
    ingest: Annotated[bool, typer.Option("--ingest/--no-ingest", help="Take in the inbox first.")] = True,
    json: Json = False,
) -> None:
    """Do the nightly job: ingest, update, judge, store; print what came of it."""
    from service import printing, report_night
    from service.composition import opened
    from service.intake import take_inbox
    from service.nightly import night

    with opened(_Where.path) as service, printing.progress() as say:
        chosen = [service.forecast(one) for one in forecast or ()] or list(service.configuration.forecasts)
        taken = list(take_inbox(service)) if ingest else []
        documents = list(night(service, chosen, as_of=as_of or service.today(), say=say))
    for one in taken:
        printing.note(_sentence(one))
    if json:
        printing.as_json(documents)
    else:
        for definition, document in zip(chosen, documents, strict=True):
            report_night.show(definition, document)
    if any(document["status"] in {"held", "failed"} for document in documents):
        raise typer.Exit(HELD_OR_REFUSED)
    if any(one.refused for one in taken):
        raise typer.Exit(HELD_OR_REFUSED)


@app.command(epilog="Example: posterity history russia-latin-america --format csv -o history.csv")
def history(
    forecast: Annotated[str, typer.Argument(metavar="ID")],
    since: Annotated[
        date | None, typer.Option("--from", parser=_day, metavar="DATE", help="First cutoff.")
    ] = None,
    until: Annotated[
        date | None, typer.Option("--to", parser=_day, metavar="DATE", help="Last cutoff.")
    ] = None,
    known_at: Annotated[
        datetime | None,
        typer.Option(
            parser=_moment, metavar="MOMENT", help="As recorded by then, UTC unless it says otherwise."
        ),
    ] = None,
    all_runs: Annotated[bool, typer.Option("--all-runs", help="Superseded and failed runs too.")] = False,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="table, csv, json or parquet.")
    ] = "table",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there instead of printing.")
    ] = None,
    json: Json = False,
) -> None:
    """Show what was believed at each cutoff."""
    from service import show_history
    from service.composition import opened

    question = show_history.Question(
        forecast=forecast, first=since, last=until, known_at=known_at, all_runs=all_runs
    )
    with opened(_Where.path) as service:
        show_history.show(service, question, "json" if json else form, output)


@app.command(epilog="Example: posterity events --tag us_pushback --country VE")
def events(
    key: Annotated[
        str | None, typer.Argument(metavar="[EVENT]", help="Show what is behind this one.")
    ] = None,
    tag: Tag = None,
    country: Country = None,
    since: Since = None,
    until: Until = None,
    search: Search = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List events, the latest first; or show one with its reports and the indicators it counts in."""
    from service import show_evidence
    from service.composition import opened

    with opened(_Where.path) as service:
        if key is not None:
            show_evidence.show_event(service, key, as_json=json)
            return
        filters = show_evidence.Filters(
            tag=tag, country=country, since=since, until=until, search=search, limit=limit
        )
        show_evidence.show_events(service, filters, as_json=json)


@app.command(epilog="Example: posterity reports --search helicopter --limit 10")
def reports(
    identity: Annotated[str | None, typer.Argument(metavar="[REPORT]", help="Show its versions.")] = None,
    tag: Tag = None,
    country: Country = None,
    since: Since = None,
    until: Until = None,
    search: Search = None,
    event: Annotated[str | None, typer.Option(metavar="EVENT", help="Only of this event.")] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List reports, the latest first; or show one in all its versions."""
    from service import show_evidence
    from service.composition import opened

    with opened(_Where.path) as service:
        if identity is not None:
            show_evidence.show_report(service, identity, as_json=json)
            return
        filters = show_evidence.Filters(
            tag=tag, country=country, since=since, until=until, search=search, limit=limit
        )
        show_evidence.show_reports(service, filters, event=event, as_json=json)


@app.command(epilog="Example: posterity migrate")
def migrate(json: Json = False) -> None:
    """Bring the database to this release's tables; a SQLite file needs no asking."""
    from service import printing
    from service.composition import opened
    from storage.database import is_current
    from storage.database import migrate as upgrade
    from storage.revisions import HEAD

    with opened(_Where.path, migrated=False) as service:
        done = not is_current(service.database)
        if done:
            upgrade(service.database)
        where = service.database.where
    if json:
        printing.as_json({"database": where, "revision": HEAD, "migrated": done})
    else:
        printing.line(f"{where} is at revision {HEAD}" + ("" if done else " already"))


def _show_taken(taken: list["Taken"]) -> None:
    from service import printing

    for one in taken:
        printing.line(_sentence(one))
        for note in one.notes:
            printing.line(f"  note: {note}")
        for refused in one.refused[:_MOST_REFUSALS]:
            printing.line(f"  line {refused.line}: {refused.reason}")
        if len(one.refused) > _MOST_REFUSALS:
            printing.line(f"  and {len(one.refused) - _MOST_REFUSALS} more; --json lists them all")
    if not taken:
        printing.line("the inbox is empty")


def _sentence(taken: "Taken") -> str:
    counts = taken.outcomes
    return (
        f"{taken.path}: {counts['accepted']} accepted, {counts['amended']} amended, "
        f"{counts['duplicate']} duplicate, 0 waiting for review, {len(taken.refused)} refused"
    )


def main() -> None:
    """Run the command line; a problem is said in a line each, with the exit code that it has."""
    try:
        app()
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(OUT_OF_REACH)
    except PosterityError as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"posterity: {line}\n")
        sys.exit(_exit_code(error))


def _exit_code(error: PosterityError) -> int:
    match error:
        case ConfigurationError() | UsageError():
            return WRONG
        case Unavailable():
            return OUT_OF_REACH
        case _:
            return HELD_OR_REFUSED
