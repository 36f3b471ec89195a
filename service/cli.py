"""The command line: what is typed, and what the process answers."""

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from model.errors import ConfigurationError, PosterityError, Unavailable, UsageError
from service.program import (
    HELD_OR_REFUSED,
    OUT_OF_REACH,
    WRONG,
    Country,
    Json,
    Limit,
    Search,
    Since,
    Tag,
    Until,
    Where,
    app,
    day,
    moment,
)


@app.command(epilog="Example: posterity init my-forecasts")
def init(folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to.")] = Path()) -> None:
    """Write a commented config.toml and an inbox to start from."""
    from service import printing, starter

    for path in starter.init(folder):
        printing.line(f"wrote {path}")


@app.command(epilog="Example: posterity check")
def check(json: Json = False) -> None:
    """Print every problem of configuration and connections at once, and preview what the numbers do."""
    from service import checking, printing, show_preview
    from service.composition import opened

    with opened(Where.path) as service:
        warnings, problems = list(checking.warnings(service)), list(checking.problems(service))
        today, forecasts = service.today(), service.configuration.forecasts
    if json:
        previews = [show_preview.document(one, today) for one in forecasts]
        printing.as_json({"warnings": warnings, "problems": problems, "previews": previews})
    else:
        for one in forecasts:
            show_preview.show(one, today)
        for warning in warnings:
            printing.line(f"Warning: {warning}")
        counts = (printing.count(len(problems), "problem"), printing.count(len(warnings), "warning"))
        printing.line(f"{Where.path}: {', '.join(counts)}")
    checking.reach(problems)


@app.command(epilog="Example: posterity ingest reports.jsonl")
def ingest(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Files; never moved.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this source; repeatable.")
    ] = None,
    json: Json = False,
) -> None:
    """Take in reports from the named files, or else from the inbox and the sources."""
    from service import printing, report_intake
    from service.checking import unclaimed
    from service.composition import opened
    from service.polling import take_in

    with opened(Where.path) as service:
        taken = take_in(service, paths or (), source or ())
        if json:
            done = list(taken)
            printing.as_json([one.document() for one in done])
        else:
            done = report_intake.show_taken(taken)
            for warning in unclaimed(service):
                printing.line(warning)
    if troubles := [one.trouble for one in done if one.trouble]:
        raise Unavailable("\n".join(troubles))
    if any(one.refused for one in done):
        raise typer.Exit(HELD_OR_REFUSED)


@app.command(epilog="Example: posterity run --as-of 2025-12-31 --json")
def run(
    forecast: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this one; repeatable.")
    ] = None,
    as_of: Annotated[
        date | None, typer.Option(parser=day, metavar="DATE", help="The cutoff; by default today.")
    ] = None,
    ingest: Annotated[
        bool, typer.Option("--ingest/--no-ingest", help="Take in inbox and sources first.")
    ] = True,
    json: Json = False,
) -> None:
    """Do the nightly job: ingest, update, judge, store; print what came of it."""
    from service import printing, report_intake, report_night
    from service.closing import closed, stands
    from service.composition import opened
    from service.nightly import choose, night
    from service.polling import take_in

    with opened(Where.path) as service:
        cutoff = as_of or service.today()
        chosen, early = choose(service, forecast or (), cutoff)  # refuses before anything is taken in
        for one in early:
            printing.note(f"{one.id} opens on {one.opened} and is left out")
        for name, decision in closed(service, chosen, as_of=cutoff).items():
            printing.note(f"{name} {stands(decision)}; no night of it runs from then on")
        taken = list(take_in(service)) if ingest else []
        for each in taken:
            printing.note(report_intake.sentence(each))
        with printing.progress() as say:
            found = {one["forecast"]: one for one in night(service, chosen, as_of=cutoff, say=say)}
        documents = [found[one.id] for one in chosen if one.id in found]
    if json:
        printing.as_json(documents)
    else:
        definitions = {one.id: one for one in chosen}
        for document in documents:
            report_night.show(definitions[document["forecast"]], document)
    if any(one.refused for one in taken) or not all(map(report_night.stands, documents)):
        raise typer.Exit(HELD_OR_REFUSED)


@app.command(epilog="Example: posterity history russia-latin-america --format csv -o history.csv")
def history(
    forecast: Annotated[str, typer.Argument(metavar="ID")],
    since: Annotated[
        date | None, typer.Option("--from", parser=day, metavar="DATE", help="First cutoff.")
    ] = None,
    until: Annotated[
        date | None, typer.Option("--to", parser=day, metavar="DATE", help="Last cutoff.")
    ] = None,
    known_at: Annotated[
        datetime | None,
        typer.Option(
            parser=moment, metavar="MOMENT", help="As recorded by then, UTC unless it says otherwise."
        ),
    ] = None,
    all_runs: Annotated[bool, typer.Option("--all-runs", help="Superseded and failed runs too.")] = False,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="table, csv, json, parquet or hubverse.")
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
    with opened(Where.path, polls=False) as service:
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

    with opened(Where.path) as service:
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

    with opened(Where.path) as service:
        if identity is not None:
            show_evidence.show_report(service, identity, as_json=json)
            return
        filters = show_evidence.Filters(
            tag=tag, country=country, since=since, until=until, search=search, limit=limit
        )
        show_evidence.show_reports(service, filters, event=event, as_json=json)


from service import (  # noqa: E402 - their commands are listed after those above
    commands_base_rates,  # noqa: F401
    commands_digest,  # noqa: F401
    commands_operation,  # noqa: F401
    commands_panel,  # noqa: F401
    commands_readers,  # noqa: F401
    commands_replay,  # noqa: F401
    commands_review,  # noqa: F401
    commands_schedule,  # noqa: F401
    commands_scores,  # noqa: F401
    commands_snapshots,  # noqa: F401
    commands_store,  # noqa: F401
    commands_web,  # noqa: F401
    questions,  # noqa: F401
)


def main() -> None:
    """Run the command line; what is wrong is said in one line each, with the exit code that it has."""
    sys.exit(_outcome())


def _outcome() -> int:
    try:
        return app(standalone_mode=False) or 0
    except typer.TyperException as error:
        _complain(f"{error.format_message().rstrip('.')} (see `{_command(error)} --help`)")
        return WRONG
    except PosterityError as error:
        _complain(str(error))
        return _exit_code(error)


def _complain(text: str) -> None:
    from service import printing

    for line in text.split("\n"):
        printing.note(f"posterity: {line}")


def _command(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context else "posterity"


def _exit_code(error: PosterityError) -> int:
    match error:
        case ConfigurationError() | UsageError():
            return WRONG
        case Unavailable():
            return OUT_OF_REACH
        case _:
            return HELD_OR_REFUSED
