"""`posterity serve` as an operator meets it: a real process, a real port, and a real end."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

from service.web_server import listener
from tests.service.commands import CUTOFF, PROGRAM, Desk, said_in_one_line

pytestmark = [pytest.mark.slow, pytest.mark.sqlite("it is about processes and sockets")]

PATIENCE = 60  # seconds; the machine may be busy


class Served:
    """A server's process, and what it logs."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process, self.log = process, log

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    @property
    def address(self) -> str:
        """Where it listens, once it does."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            serving = [line for line in self.lines() if line["event"] == "serving"]
            if serving:
                (address,) = serving[0]["at"]
                return str(address)
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def ends(self, by: signal.Signals, within: float) -> int:
        self.process.send_signal(by)
        return self.process.wait(within)


@contextmanager
def served(desk: Desk, *arguments: str) -> Iterator[Served]:
    log = desk.folder / "log"
    with log.open("wb") as stream:
        command = [PROGRAM, "serve", "--port", "0", *arguments]
        process = subprocess.Popen(command, cwd=desk.folder, stderr=stream)
    try:
        yield Served(process, log)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def key(desk: Desk, scope: str = "admin") -> dict[str, str]:
    made = desk.types("keys", "create", f"a-{scope}", "--scope", scope, "--json").json["key"]
    return {"Authorization": f"Bearer {made}"}


def test_a_short_answer_does_not_wait_until_its_headers_are_acknowledged() -> None:
    with (
        listener(socket.AF_INET, ("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as connection,
    ):
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_it_answers_over_http_and_names_no_program(desk: Desk) -> None:
    desk.types("run", "--as-of", CUTOFF)
    with served(desk) as server:
        live = httpx.get(f"{server.address}/health/live")
        assert live.json() == {"status": "ok"}
        assert "server" not in live.headers
        assert httpx.get(f"{server.address}/health/ready").status_code == 200
        metrics = httpx.get(f"{server.address}/metrics").text
        assert re.search(
            r'^posterity_probability\{forecast="quiet",scenario="up"\} 0\.\d+$', metrics, re.MULTILINE
        )
        assert re.search(r"^process_resident_memory_bytes \d", metrics, re.MULTILINE)
        head = httpx.head(f"{server.address}/metrics")
        assert (head.status_code, head.content) == (200, b"")


def test_a_reader_is_subscribed_and_clicks_and_no_log_knows_the_link_or_the_key(desk: Desk) -> None:
    headers = key(desk)
    with served(desk) as server:
        api = f"{server.address}/api/v1/subscribers"
        assert httpx.post(api, json={"address": "ana@example.org"}, headers=headers).status_code == 201
        ((token,),) = desk.rows("SELECT token FROM subscription")
        link = f"{server.address}/unsubscribe/{token}"
        assert httpx.get(link).status_code == 200
        assert httpx.get(f"{server.address}//unsubscribe//{token}").status_code == 404
        assert httpx.get(f"{link}/?token={token}").status_code == 404
        assert httpx.post(link, data={"List-Unsubscribe": "One-Click"}).status_code == 200
        assert httpx.get(api, headers=headers).json() == []
        assert httpx.delete(f"{api}/ana@example.org", headers=headers).status_code == 404
        assert server.ends(signal.SIGTERM, PATIENCE) == 0
        logged = server.log.read_text()
        assert token not in logged
        assert headers["Authorization"].removeprefix("Bearer ") not in logged
        assert "ana@example.org" not in logged
        routes = [line["route"] for line in server.lines() if line["event"] == "request"]
        assert routes.count("/unsubscribe/{token}") == 2
        assert {line["status"] for line in server.lines() if line["event"] == "request"} == {200, 201, 404}


def test_the_log_names_whole_routes_and_nothing_of_a_report(desk: Desk) -> None:
    with served(desk) as server:
        for path in ("reports", "reports/secret-report", "nowhere"):
            httpx.get(f"{server.address}/api/v1/{path}")
        assert server.ends(signal.SIGTERM, PATIENCE) == 0
        routes = [line["route"] for line in server.lines() if line["event"] == "request"]
        assert routes == ["/api/v1/reports", "/api/v1/reports/{identity:path}", None]
        assert "secret" not in server.log.read_text()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_with_connections_open(desk: Desk, by: signal.Signals) -> None:
    with served(desk) as server, httpx.Client() as client:
        assert client.get(f"{server.address}/health/live").status_code == 200
        host, port = server.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as half:
            half.sendall(b"GET /health/live HTTP/1.1\r\nHost: loc")
            assert server.ends(by, 15) == 0
        assert [line["event"] for line in server.lines()][-1] == "stopped"
        assert "Traceback" not in server.log.read_text()


def test_it_stops_when_told_even_where_the_database_hangs(desk: Desk) -> None:
    headers, holding = key(desk), create_engine(desk.url)
    lock = "BEGIN EXCLUSIVE" if desk.is_sqlite else "LOCK TABLE subscription IN ACCESS EXCLUSIVE MODE"
    with served(desk) as server, ThreadPoolExecutor() as pool, holding.connect() as connection:
        api, wish = f"{server.address}/api/v1/subscribers", {"address": "ana@example.org"}
        connection.execute(text(lock))
        asked = [pool.submit(httpx.post, api, json=wish, headers=headers, timeout=PATIENCE) for _ in range(3)]
        time.sleep(1)
        assert httpx.get(f"{server.address}/health/live").status_code == 200
        assert server.ends(signal.SIGTERM, 15) == 0
        assert [one.result(PATIENCE).status_code for one in asked] == [503, 503, 503]
        assert "Traceback" not in server.log.read_text()
    holding.dispose()
    assert desk.counts()["subscription"] == 0


def test_a_port_that_is_taken_is_said_in_one_line(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = desk.process("serve", "--port", str(port))
    said = said_in_one_line(answer, 3)
    assert f"127.0.0.1 port {port} cannot be listened on: Address already in use" in said
    assert "choose another" in said


@pytest.mark.parametrize("host", ["no.such.host.invalid", "x" * 300, "a..b", "198.51.100.1"])
def test_a_host_that_is_not_ours_is_said_in_one_line(desk: Desk, host: str) -> None:
    key(desk, "read")
    said = said_in_one_line(desk.types("serve", "--host", host, "--port", "0"), 3)
    assert "cannot be listened on" in said


@pytest.mark.parametrize("revoked", [False, True])
def test_an_address_that_others_reach_is_refused_while_there_is_no_key(desk: Desk, revoked: bool) -> None:
    if revoked:
        key(desk, "read")
        desk.types("keys", "revoke", "a-read")
    desk.configure('[serve]\nhost = "0.0.0.0"\n' + (desk.folder / "config.toml").read_text())
    said = said_in_one_line(desk.types("serve", "--port", "0"), 2)
    assert "others can reach 0.0.0.0, and there is no key yet" in said
    assert "`posterity keys create NAME --scope read`" in said


def test_an_address_that_others_reach_asks_for_the_key(desk: Desk) -> None:
    headers = key(desk, "read")
    everywhere = "0.0.0.0"  # noqa: S104 - that is the point
    with served(desk, "--host", everywhere) as server:
        here = server.address.replace(everywhere, "127.0.0.1")
        assert httpx.get(f"{here}/metrics").status_code == 401
        assert httpx.get(f"{here}/metrics", headers=headers).status_code == 200
        assert "text" not in httpx.get(f"{here}/health/ready").text
        assert '"text"' in httpx.get(f"{here}/health/ready", headers=headers).text


def raw(address: str, request: bytes) -> bytes:
    """What comes back for bytes that no client would send, until a second passes without more."""
    host, port = address.removeprefix("http://").split(":")
    answer = b""
    with socket.create_connection((host, int(port)), timeout=1) as connection:
        with suppress(ConnectionError, TimeoutError):
            connection.sendall(request)
        with suppress(ConnectionError, TimeoutError):
            while part := connection.recv(65_536):
                answer += part
    return answer


POST = b"POST /api/v1/subscribers HTTP/1.1\r\nHost: x\r\n"
HOSTILE = [
    b"",
    b"\x00" * 100,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a client of TLS
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET /%00%0d%0aX:%20y HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://evil.example/metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET //evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET /health/live HTTP/1.0\r\n\r\n",
    b"GET /health/live HTTP/9.9\r\nHost: x\r\n\r\n",
    b"GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /health/live HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    b"GET /health/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    b"GET /health/live HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: upgrade, http2-settings\r\n\r\n",
    POST + b"Content-Length: 10\r\n\r\n{}",
    POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}    ",
    POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
    POST + b"Transfer-Encoding: chunked\r\n\r\n" + 2 * (b"ffff\r\n" + b" " * 0xFFFF + b"\r\n") + b"0\r\n\r\n",
    b"POST /unsubscribe/x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 26\r\n\r\n",
    b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    b"DELETE /api/v1/subscribers/%ff%fe@%00 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\r\n\r\n",
]


def test_no_bytes_break_it(desk: Desk) -> None:
    with served(desk) as server:
        address, answers = server.address, []
        for request in HOSTILE:
            answers.append(raw(address, request))
            assert not re.search(rb"^HTTP/1\.1 5", answers[-1], re.MULTILINE), (
                request[:80],
                answers[-1][:300],
            )
            assert httpx.get(f"{address}/health/live").status_code == 200
        assert sum(answer.startswith(b"HTTP/1.1 ") for answer in answers) >= len(HOSTILE) - 4
        assert "Traceback" not in server.log.read_text()
        assert not [line for line in server.lines() if line["level"] == "error"]


def test_many_ask_at_once_and_each_is_answered(desk: Desk) -> None:
    headers = key(desk)
    with served(desk) as server, ThreadPoolExecutor(16) as pool:
        address = server.address

        def ask(number: int) -> int:
            if number % 2:
                return httpx.get(f"{address}/metrics", timeout=PATIENCE).status_code
            wish = {"address": f"r{number}@example.org"}
            return httpx.post(
                f"{address}/api/v1/subscribers", json=wish, headers=headers, timeout=PATIENCE
            ).status_code

        answers = list(pool.map(ask, range(60)))
        assert answers == [201, 200] * 30
        assert len(httpx.get(f"{address}/api/v1/subscribers", headers=headers).json()) == 30


def test_a_file_that_is_cut_short_under_the_server_is_never_taken_for_whole(desk: Desk) -> None:
    """It says so, or ends as mapped memory does; begun again, it says so."""
    desk.types("run", "--as-of", CUTOFF)
    with served(desk) as server:
        history = f"{server.address}/api/v1/forecasts/quiet/history"
        assert httpx.get(history).status_code == 200
        os.truncate(desk.database, 2 * 4096)
        try:
            assert "is damaged" in httpx.get(history).json()["detail"]
        except httpx.TransportError:
            assert server.process.wait(PATIENCE) == -signal.SIGBUS
    assert "is damaged" in said_in_one_line(desk.types("serve", "--port", "0"), 3)
