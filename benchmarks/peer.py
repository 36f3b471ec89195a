"""A mail server of its own process that takes every mail and notes which it took."""

import asyncio
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that was taken."""

    recipient: str
    message_id: str
    digest: str


@dataclass
class Peer:
    """The server's port, and the file that it notes in."""

    port: int
    notes: Path
    read: int = 0

    def taken(self) -> list[Mail]:
        """List what was taken since the last time."""
        lines = self.notes.read_text(encoding="utf-8").splitlines()
        fresh, self.read = lines[self.read :], len(lines)
        return [Mail(*json.loads(line)) for line in fresh]


@contextmanager
def peer(folder: Path) -> Iterator[Peer]:
    """Run the server for a while."""
    notes = folder / "mails.jsonl"
    notes.touch()
    command = [sys.executable, "-m", "benchmarks.peer", str(notes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Peer(port=int(process.stdout.readline()), notes=notes)
        assert process.stdin is not None
        process.stdin.close()


class _Notes:
    """Notes a mail before it is answered for, as a server does that keeps what it takes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        identity = str(message_from_bytes(content)["Message-ID"])
        digest = hashlib.sha256(content).hexdigest()
        with self._path.open("a", encoding="utf-8") as notes:
            notes.writelines(f"{json.dumps([one, identity, digest])}\n" for one in envelope.rcpt_tos)
        return "250 taken"


async def serve(notes: Path) -> None:
    """Serve until standard input ends, on a port that is printed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(_Notes(notes)), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
