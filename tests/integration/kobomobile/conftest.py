"""A server that answers with the bytes a test gives it and keeps what it was sent."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import TYPE_CHECKING

import pytest

from kobo_sms.kobomobile.client import Credentials, KoboClient
from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import Request

if TYPE_CHECKING:
    from tests.integration.conftest import Stack

Make = Callable[..., KoboClient]


def answer(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


@dataclass
class Wire:
    """`requests` holds heads and bodies; `answers` are given in turn, the last one for ever."""

    url: str = ""
    answers: list[bytes] = field(default_factory=lambda: [answer(b"sent")])
    requests: list[tuple[str, str]] = field(default_factory=list)
    connections: int = 0

    def exchange(self, stream: BufferedIOBase, write: Callable[[bytes], object]) -> bool:
        """Read a request and answer it; tell whether the connection can go on."""
        head = stream.readline()
        if not head:
            return False
        head += b"".join(iter(stream.readline, b"\r\n"))
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines()[1:])
        self.requests.append((head.decode(), stream.read(int(fields["Content-Length"])).decode()))
        said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        write(said)
        return _is_whole(said)


def _is_whole(said: bytes) -> bool:
    head, _, body = said.partition(b"\r\n\r\n")
    length = head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]
    return length == str(len(body)).encode()


@pytest.fixture
def wire() -> Iterator[Wire]:
    known = Wire()

    class Connection(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            known.connections += 1
            # A client that gives up on an answer resets the connection.
            with suppress(ConnectionError):
                while known.exchange(self.rfile, self.wfile.write):
                    pass

    class Server(socketserver.ThreadingTCPServer):
        # A client's pool keeps its connection until it is collected.
        daemon_threads, block_on_close = True, False

    with Server(("127.0.0.1", 0), Connection) as server:
        known.url = f"http://127.0.0.1:{server.server_address[1]}/api"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield known
        server.shutdown()
        thread.join()


@pytest.fixture
def make(aws: Stack) -> Iterator[Make]:
    """Return a maker of clients; `timeout` is long where a test does not wait for it."""
    made: list[KoboClient] = []

    def client(url: str, timeout: float = 5.0) -> KoboClient:
        credentials = Credentials(aws.secrets, aws.names["Credentials"])
        made.append(KoboClient(url, credentials, timeout=timeout, connections=1))
        return made[-1]

    yield client
    for each in made:
        each._pool.close()


@pytest.fixture
def part() -> Part:
    return Part(
        Request("order-1", ("2348030100001", "2348030100002"), "Your PIN is 4711-2288 & ₦5+"), 1.8e9, "0.1", "0"
    )
