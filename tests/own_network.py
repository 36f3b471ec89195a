"""A network of one's own: public addresses and name servers on a machine that nobody else is on.

Namespaces of Linux make one. Nothing of it is pretended: the system itself resolves and connects.
"""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from ingest.fetch import fetch
from model.errors import Unavailable
from tests.web_names import ELSEWHERE, PUBLIC
from tests.web_servers import Reply, Site, redirect

ROOT = Path(__file__).parents[1]
MUTE = ["mute"]
_APART = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
_FILES = {
    "resolv.conf": "nameserver 127.0.0.1\noptions timeout:30 attempts:1\n",
    "nsswitch.conf": "hosts: dns\n",
}
_QUESTION = 12  # where it begins in a message
_KINDS = {4: 1, 6: 28}  # A and AAAA


class NameServer:
    """Answers with the addresses of any name: those of the next list each time, and the last for ever."""

    def __init__(self, turns: list[list[str]]) -> None:
        self._turns, self._before = turns, Counter[int]()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._socket.bind(("127.0.0.1", 53))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", 53))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            question, sender = self._socket.recvfrom(4096)
            if not question:
                return
            answer = self._answer(question)
            if answer is not None:
                self._socket.sendto(answer, sender)

    def _answer(self, message: bytes) -> bytes | None:
        end = message.index(0, _QUESTION) + 5
        kind = int.from_bytes(message[end - 4 : end - 2])
        known = self._turns[min(self._before[kind], len(self._turns) - 1)]
        self._before[kind] += 1
        if known == MUTE:
            return None
        packed = [ip_address(one).packed for one in known if _KINDS[ip_address(one).version] == kind]
        counts = b"\0\1" + len(packed).to_bytes(2) + b"\0\0\0\0"
        fields = b"\xc0\x0c" + kind.to_bytes(2) + b"\0\1" + bytes(4)  # the name, kind, class; kept no time
        records = [fields + len(one).to_bytes(2) + one for one in packed]
        return message[:2] + b"\x81\x80" + counts + message[_QUESTION:end] + b"".join(records)


def available() -> bool:
    """Whether this system lets us make one."""
    if not all(map(shutil.which, ("unshare", "ip", "mount"))):
        return False
    tried = subprocess.run([*_APART, "ip", "link", "set", "lo", "up"], check=False, capture_output=True)
    return tried.returncode == 0


def asked(path: str, *turns: list[str], timeout: float = 20.0) -> dict[str, object]:
    """Fetch from ``feeds.test`` in such a network, which has a site outside and one on this machine.

    Parameters
    ----------
    turns
        What the name servers say, first and later.

    Returns
    -------
    What ``came``, and which paths were asked for ``outside`` and ``inside``.
    """
    story = json.dumps([_spaces(), path, turns, timeout])
    command = [*_APART, sys.executable, "-m", "tests.own_network", story]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def _prepare() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "addr", "add", PUBLIC, "dev", "lo"], check=True)
    subprocess.run(["ip", "addr", "add", ELSEWHERE, "dev", "lo", "nodad"], check=True)  # usable at once
    with tempfile.TemporaryDirectory() as folder:
        for name, content in _FILES.items():
            path = Path(folder) / name
            path.write_text(content)
            subprocess.run(["mount", "--bind", path, f"/etc/{name}"], check=True)


def _fetched(url: str, timeout: float) -> str:
    try:
        return fetch(url, timeout=timeout).body.decode()
    except Unavailable as unavailable:
        return str(unavailable)


def _spaces() -> list[str]:
    return [str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in ("net", "mnt")]


def _happens(path: str, turns: list[list[str]], timeout: float) -> dict[str, object]:
    feed: Reply = (200, {}, b"<rss/>")
    routes = {"/feed": feed, "/inside": redirect("http://127.0.0.1/feed"), "/again": redirect("/feed")}
    with ExitStack() as stack:
        outside = [stack.enter_context(Site(routes, host=host, port=80)) for host in (PUBLIC, ELSEWHERE)]
        inside = stack.enter_context(Site(routes, port=80))
        stack.enter_context(NameServer(turns))
        came = _fetched(f"http://feeds.test{path}", timeout)
        found = [each for site in outside for each in site.paths()]
        return {"came": came, "outside": found, "inside": inside.paths()}


if __name__ == "__main__":
    others, *story = json.loads(sys.argv[1])
    if not set(others).isdisjoint(_spaces()):
        sys.exit("this would change the network of the machine itself")
    _prepare()
    sys.stdout.write(json.dumps(_happens(*story)))
