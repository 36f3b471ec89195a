"""Mail servers that misbehave: how often each reader has each mail in the end, counted at the server.

For each kind of fault a week's mail to many readers is delivered, again and again as the scheduler does,
until nothing waits any more; the fault happens as often as the table says, at random readers.

    python -m benchmarks.mail_faults --readers 100
"""

import argparse
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.composition import Service, opened
from service.letters import Letter
from service.mail import post
from service.outbox import deliver
from storage import outbox
from tests.service.commands import quiet
from tests.service.smtp_peer import DROP, STALL, Fault, Peer

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
DELIVERY = timedelta(minutes=16)


@dataclass(frozen=True, kw_only=True, slots=True)
class Came:
    """What came of a week's mail."""

    fault: str
    faults: int
    once: int
    again: int
    different: int
    never: int
    dead: int


def main() -> None:
    """Try every fault, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--readers", type=int, default=100)
    readers = parser.parse_args().readers
    print("fault | faults | had it once | had it again, identical | two different | never | given up")
    for name, made in KINDS.items():
        came = tried(name, made(_some(readers)), readers)
        numbers = (came.faults, came.once, came.again, came.different, came.never, came.dead)
        print(" | ".join([name, *map(str, numbers)]), flush=True)


def _some(readers: int) -> list[str]:
    rng = random.Random(4)  # noqa: S311 - no secret
    return [_address(number) for number in sorted(rng.sample(range(readers), max(1, readers // 5)))]


def _each(at: str, does: str) -> Callable[[Iterable[str]], list[Fault]]:
    return lambda readers: [Fault(at=at, does=does, recipient=one) for one in readers]  # type: ignore[arg-type]  # a stage


KINDS: dict[str, Callable[[list[str]], list[Fault]]] = {
    "none": lambda _: [],
    "refuses connections for half an hour": lambda _: [],
    "stalls before its greeting": lambda readers: [Fault(at="greeting", does=STALL, times=len(readers))],
    "stalls when it has the mail": _each("DATA", STALL),
    "drops the connection at RCPT": _each("RCPT", DROP),
    "drops after DATA, having the mail": _each("DATA", DROP),
    "drops after its 250": _each("taken", DROP),
    "answers 451 at RCPT, then accepts": _each("RCPT", "451 4.7.1 greylisted, come again"),
    "answers 452 after DATA, then accepts": _each("DATA", "452 4.2.2 mailbox full"),
    "answers 550 for good": _each("RCPT", "550 5.1.1 no such reader"),
}


def tried(name: str, faults: list[Fault], readers: int) -> Came:
    """Deliver a week's mail through a server with these faults."""
    with tempfile.TemporaryDirectory() as folder, Peer(*faults) as peer:
        path = Path(folder) / "config.toml"
        path.write_text(f"[digest]\n{peer.settings(timeout_seconds=1)}\n{quiet()}", encoding="utf-8")
        now = [MONDAY]
        with opened(path, clock=lambda: now[0]) as service:
            _posted(service, readers)
            if name.startswith("refuses"):
                peer.refuse()
            while _left(service):
                if now[0] - MONDAY > timedelta(minutes=30) and name.startswith("refuses"):
                    peer.listen()
                deliver(service, worker="benchmark")
                now[0] += DELIVERY
            return _came(name, sum(one.times for one in faults), service, peer, readers)


def _posted(service: Service, readers: int) -> None:
    with service.database.session() as session:
        for number in range(readers):
            text = f"What reader {number} is told this week."
            to = _address(number)
            letter = Letter(kind="digest", key="2026-W48", recipient=to, subject="Week 48", text=text)
            post(session, service, letter, at=service.clock())


def _address(number: int) -> str:
    return f"reader-{number}@example.org"


def _left(service: Service) -> int:
    with service.database.reading() as session:
        counts = outbox.counts(session)
    return counts["waiting"] + counts["claimed"]


def _came(name: str, faults: int, service: Service, peer: Peer, readers: int) -> Came:
    had = Counter(one.recipients[0] for one in peer.received)
    texts = {(one.recipients[0], one.content) for one in peer.received}
    with service.database.reading() as session:
        dead = outbox.counts(session)["dead"]
    return Came(
        fault=name,
        faults=faults,
        once=sum(times == 1 for times in had.values()),
        again=sum(times > 1 for times in had.values()),
        different=len(texts) - len(had),
        never=readers - len(had),
        dead=dead,
    )


if __name__ == "__main__":
    main()
