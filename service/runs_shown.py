"""What pages show of the work: runs and why some were held, nights and digests, sources, and the mail."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service import condition_work
from service.addresses import one_line
from service.composition import Service
from service.finding import LONGEST, Finding
from service.logs import without_secrets
from service.web_unsubscribe import masked
from storage import outbox
from storage.jobs import DIGEST, NIGHT, Attempt
from storage.polls import SourceStanding, standings
from storage.run_pages import LAST, JobRow, RunRow, recent_jobs, run_page
from storage.runs import Status

NIGHTS, DIGESTS, DEAD = 14, 4, 20


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownSource:
    """A source, how often it is asked, and how it does."""

    id: str
    kind: str
    every: timedelta
    standing: SourceStanding


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownMail:
    """The outbox: how many mails wait, since when, and the last that were given up, their readers masked."""

    waiting: int
    since: datetime | None
    dead: int
    last_dead: Sequence[outbox.DeadMessage]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownRuns:
    """A page of runs, and, on the first one, the state of the work around them."""

    runs: Sequence[RunRow]
    next: int | None
    work: Sequence[Finding]
    nights: Sequence[JobRow]
    digests: Sequence[JobRow]
    sources: Sequence[ShownSource]
    mail: ShownMail


def shown_runs(
    service: Service,
    *,
    forecast: str | None = None,
    status: Status | None = None,
    before: int = LAST,
    limit: int,
) -> ShownRuns:
    """Show a page of runs, the newest first, and the state of the work."""
    with service.database.reading() as session:
        found = run_page(session, forecast=forecast, status=status, before=before, limit=limit + 1)
        return ShownRuns(
            runs=list(map(_run, found[:limit])),
            next=found[limit - 1].run if len(found) > limit else None,
            work=[
                _finding(look(service, session))
                for look in (condition_work.scheduler, condition_work.last_night, condition_work.tonight)
            ],
            nights=list(map(_job, recent_jobs(session, NIGHT, limit=NIGHTS))),
            digests=list(map(_job, recent_jobs(session, DIGEST, limit=DIGESTS))),
            sources=list(_sources(service, session)),
            mail=_mail(session),
        )


def said(text: str) -> str:
    """Show what a step, a server or a source said: in one short line, without what is secret."""
    return one_line(without_secrets(text), LONGEST)


def _run(row: RunRow) -> RunRow:
    return replace(row, warnings=tuple(map(said, row.warnings)))


def _finding(found: Finding) -> Finding:
    return replace(found, text=said(found.text))


def _job(row: JobRow) -> JobRow:
    return JobRow(whole=_attempt(row.whole), troubles=tuple(map(_attempt, row.troubles)))


def _attempt(one: Attempt) -> Attempt:
    return replace(one, detail=said(one.detail))


def _sources(service: Service, session: Session) -> Sequence[ShownSource]:
    configured = service.configuration.sources
    found = standings(session, [one.id for one in configured])
    return [
        ShownSource(
            id=one.id,
            kind=one.kind,
            every=one.every,
            standing=replace(found[one.id], detail=said(found[one.id].detail)),
        )
        for one in configured
    ]


def _mail(session: Session) -> ShownMail:
    return ShownMail(
        waiting=outbox.count_of(session, "waiting", "claimed"),
        since=outbox.oldest_waiting(session),
        dead=outbox.count_of(session, "dead"),
        last_dead=[_dead(one) for one in outbox.dead_messages(session, limit=DEAD)],
    )


def _dead(one: outbox.DeadMessage) -> outbox.DeadMessage:
    """Hide whose mail it was, in what the server said too; doctor tells the operator."""
    hidden = masked(one.recipient)
    return replace(one, recipient=hidden, error=said(one.error.replace(one.recipient, hidden)))
