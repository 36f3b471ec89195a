"""`posterity digest`: what was posted and sent, or written to a file, in words and for machines."""

import secrets
from dataclasses import asdict
from pathlib import Path

from service import printing
from service.composition import Service
from service.digest import Posted, send_week
from service.digest_preview import write
from service.outbox import Delivery, deliver
from service.printing import count

_ALL = 1_000_000  # more mails than there are readers


def preview(service: Service, week: str, *, to: str | None, path: Path | None, as_json: bool) -> None:
    """Write one reader's mail to a file, and say which."""
    done = write(service, week, to=to, path=path or Path(f"digest-{week}.eml"))
    if as_json:
        printing.as_json(asdict(done) | {"path": str(done.path)})
        return
    printing.line(f"wrote {done.path}")
    printing.line(f"To: {done.recipient}")
    printing.line(f"Subject: {done.subject}")


def send(service: Service, week: str, *, to: str | None, as_json: bool) -> bool:
    """Post the week's letters, and send everything that is due.

    Returns
    -------
    bool
        Whether nothing is left in the outbox, and nothing was given up.
    """
    posted = send_week(service, week, to=to)
    delivery = deliver(service, worker=f"digest {secrets.token_hex(8)}", most=_ALL)
    if as_json:
        known_at = posted.known_at.isoformat()
        printing.as_json(asdict(posted) | {"known_at": known_at} | {"delivery": asdict(delivery)})
    else:
        _say(posted, delivery)
    return not (delivery.waiting or delivery.dead or delivery.trouble)


def _say(posted: Posted, delivery: Delivery) -> None:
    printing.line(str(posted))
    for address in posted.left_out:
        printing.line(f"{address}: none of their forecasts is configured, so they get nothing")
    if not (posted.posted or posted.already or posted.unmoved or posted.left_out):
        printing.line("nobody is subscribed; `posterity subscribers add ADDRESS` subscribes a reader")
    waiting = f"{delivery.waiting} waiting, {delivery.dead} given up"
    printing.line(f"{count(delivery.sent, 'mail')} sent, {waiting}")
    if delivery.trouble:
        printing.note(f"the mail server is in trouble: {delivery.trouble}")
