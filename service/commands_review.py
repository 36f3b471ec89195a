"""The commands of editors: what waits, which reports are one event, and what a report should say."""

from typing import Annotated

import typer

from service.program import Json, Where, app

review = typer.Typer(
    name="review",
    help="List what waits for an editor; accept, reject, merge and split.",
    epilog="Example: posterity review --source agency --limit 20",
    invoke_without_command=True,
    rich_markup_mode=None,
)
app.add_typer(review)

Numbers = Annotated[
    list[int], typer.Argument(metavar="N", min=1, help="Numbers that `posterity review` lists.")
]
Report = Annotated[str, typer.Argument(metavar="REPORT", help="Its id.")]
Because = Annotated[str, typer.Option(metavar="TEXT", help="The reason, which is kept.")]
Version = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Only while this is its newest version: as it was read."),
]
By = Annotated[
    str | None,
    typer.Option(envvar="POSTERITY_EDITOR", metavar="NAME", help="Who decides; by default the user."),
]


@review.callback()
def _list(
    context: typer.Context,
    source: Annotated[str | None, typer.Option(metavar="ID", help="Only of this source.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only of this proposed tag.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    json: Json = False,
) -> None:
    """List what waits for an editor, the first proposed first; accept, reject, merge and split."""
    if context.invoked_subcommand is not None:
        return
    from service import printing, show_review, waiting
    from service.composition import opened

    with opened(Where.path) as service:
        found = waiting.listed(service, source=source, tag=tag, limit=limit + 1)
    if json:
        printing.as_json([show_review.document(one) for one in found[:limit]])
    else:
        show_review.show(found, limit)


@review.command(epilog='Example: posterity review accept 1 2 --grade B2 --because "the agency confirmed it"')
def accept(
    numbers: Numbers,
    tag: Annotated[str | None, typer.Option(help="Instead of the proposed one.")] = None,
    country: Annotated[str | None, typer.Option(help="Instead of the proposed one (ISO code).")] = None,
    grade: Annotated[str | None, typer.Option(help="Instead of the source's, such as B2.")] = None,
    event: Annotated[
        str | None, typer.Option(metavar="EVENT", help="Their event; clustering decides by default.")
    ] = None,
    because: Because = "",
    by: By = None,
    json: Json = False,
) -> None:
    """Take in reports that wait, as they are proposed or with changes."""
    from service import printing, review, show_review
    from service.composition import opened
    from service.deciding import editor

    with opened(Where.path) as service:
        done = review.accept(
            service,
            numbers,
            author=editor(by),
            tag=tag,
            country=country,
            grade=grade,
            event=event,
            why=because,
        )
    if json:
        printing.as_json([show_review.accepted_document(one) for one in done])
    else:
        show_review.show_accepted(done)


@review.command(epilog='Example: posterity review reject 3 --because "an anniversary, not an event"')
def reject(numbers: Numbers, because: Because, by: By = None, json: Json = False) -> None:
    """Turn down reports that wait; the same from the same source is not proposed again."""
    from service import printing, review, show_decisions, show_review
    from service.composition import opened
    from service.deciding import editor

    with opened(Where.path) as service:
        done = review.reject(service, numbers, author=editor(by), why=because)
    if json:
        printing.as_json([show_decisions.reviewed(one) for one in done])
    else:
        show_review.show_rejected(done)


@review.command(
    epilog='Example: posterity review merge pe-deal-1 pe-deal-2 pe-deal-3 --because "one signing"'
)
def merge(
    into: Annotated[str, typer.Argument(metavar="INTO", help="The event that remains.")],
    keys: Annotated[list[str], typer.Argument(metavar="EVENT", help="Those whose reports join it.")],
    because: Because,
    by: By = None,
    json: Json = False,
) -> None:
    """Put the reports of some events into another one."""
    from service import printing, review, show_review
    from service.composition import opened
    from service.deciding import editor

    with opened(Where.path) as service:
        done = review.merge(service, into, keys, author=editor(by), why=because)
    if json:
        printing.as_json(show_review.regrouped_document(done))
    else:
        show_review.show_regrouped(done)


@review.command(epilog='Example: posterity review split a b --because "another delivery, a week later"')
def split(
    reports: Annotated[list[str], typer.Argument(metavar="REPORT", help="Ids of those that leave.")],
    because: Because,
    event: Annotated[
        str | None, typer.Option(metavar="KEY", help="The new event's key; one is made by default.")
    ] = None,
    by: By = None,
    json: Json = False,
) -> None:
    """Make some reports of an event an event of their own."""
    from service import printing, review, show_review
    from service.composition import opened
    from service.deciding import editor

    with opened(Where.path) as service:
        done = review.split(service, reports, author=editor(by), why=because, event=event)
    if json:
        printing.as_json(show_review.regrouped_document(done))
    else:
        show_review.show_regrouped(done)


@app.command(epilog='Example: posterity amend rt083 grade=B2 --because "seen on film"')
def amend(
    report: Report,
    because: Because,
    changes: Annotated[
        list[str] | None,
        typer.Argument(metavar="FIELD=VALUE", help="What it says from now on; FIELD= takes it away."),
    ] = None,
    version: Version = None,
    by: By = None,
    json: Json = False,
) -> None:
    """Correct a report: a new version, also of one that was retracted; the old ones stay in the history."""
    from service import printing, review, show_review
    from service.composition import opened
    from service.corrections import fields
    from service.deciding import editor, of_version

    with opened(Where.path) as service:
        still = of_version(report, version)
        done = review.amend(
            service, report, fields(changes or ()), author=editor(by), why=because, still=still
        )
    if json:
        printing.as_json(show_review.corrected_document(done))
    else:
        show_review.show_corrected(done)


@app.command(epilog='Example: posterity retract rt083 --because "a hoax"')
def retract(
    report: Report, because: Because, version: Version = None, by: By = None, json: Json = False
) -> None:
    """Take a report back: from now on it does not count; its versions stay in the history."""
    from service import printing, review, show_review
    from service.composition import opened
    from service.deciding import editor, of_version

    with opened(Where.path) as service:
        still = of_version(report, version)
        done = review.retract(service, report, author=editor(by), why=because, still=still)
    if json:
        printing.as_json(show_review.corrected_document(done))
    else:
        show_review.show_corrected(done)
