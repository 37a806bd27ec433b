"""A call ends in time however its answer drags on, and is in doubt only if something of it was sent."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, cycle
from typing import TYPE_CHECKING, Any

import pytest

from kobo_sms.kobomobile.answers import Accepted, Lost, Unreachable
from tests.integration.kobomobile.little_server import running_server, write_certificate

if TYPE_CHECKING:
    from pathlib import Path

    from kobo_sms.messages.parts import Part
    from tests.integration.kobomobile.conftest import Make, Wire

LIMIT = 0.4
# For what has to come about within the limit, however busy the machine is.
AMPLE = 1.5
# Each of these alone would keep a client waiting for ever: the next byte always comes in time.
ENDLESS = {
    "status": [b"HTTP/1.1 200 O", *b"O" * 5],
    "header": [b"HTTP/1.1 200 OK\r\nX-Slow: ", *b"x" * 5],
    "headers": [b"HTTP/1.1 200 OK\r\n", b"X-A: 1\r\n"],
    "continue": [b"", b"HTTP/1.1 100 Continue\r\n\r\n"],
    "body": [b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", b"s"],
    "chunks": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\ns\r\n"],
}
Behave = Callable[[socket.socket], object]


@contextmanager
def listening(behave: Behave) -> Iterator[int]:
    """Run a server that does `behave` with its connections, one after the other; return its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            # A client that gives up resets the connection; the closing of the server ends it.
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, suppress(OSError):
                        behave(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def trickling(parts: list[Any]) -> Behave:
    first, *rest = (bytes([part]) if isinstance(part, int) else part for part in parts)

    def trickle(connection: socket.socket) -> None:
        connection.recv(65_536)
        for piece in chain([first], cycle(rest)):
            connection.sendall(piece)
            time.sleep(LIMIT / 12)

    return trickle


@pytest.mark.parametrize("endless", ENDLESS)
def test_a_trickle_ends_in_time(make: Make, part: Part, endless: str) -> None:
    with listening(trickling(ENDLESS[endless])) as port:
        assert make(f"http://127.0.0.1:{port}/api", LIMIT).send(part, sender="Kobo") == Lost("ReadTimeoutError")


def test_a_trickle_over_tls_ends_in_time(
    make: Make, part: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = write_certificate(tmp_path / "server.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running_server(b"sent", certificate, trickle=LIMIT / 12) as port:
        assert make(f"https://127.0.0.1:{port}/api", AMPLE).send(part, sender="Kobo") == Lost("ReadTimeoutError")


def test_a_connection_that_is_used_again_has_all_the_time_anew(make: Make, part: Part, wire: Wire) -> None:
    client = make(wire.url, AMPLE)
    for _ in range(8):
        assert client.send(part, sender="Kobo") == Accepted()
        time.sleep(AMPLE / 6)
    assert wire.connections == 1


@pytest.mark.parametrize(
    ("behave", "limit", "why"),
    [
        (lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), 5.0, {"SSLError"}),
        (lambda connection: connection.recv(1), 5.0, {"ConnectionResetError", "SSLEOFError", "SSLError"}),
        (lambda connection: connection.recv(65_536) and connection.recv(1), LIMIT, {"TimeoutError"}),
        (trickling([b"", b"\x16\x03\x03\x40\x00", *b"\x02" * 5]), LIMIT, {"TimeoutError", "SSLError"}),
    ],
    ids=["speaks no TLS", "hangs up", "says nothing", "trickles"],
)
def test_a_failed_handshake_is_unreachable(make: Make, part: Part, behave: Behave, limit: float, why: set[str]) -> None:
    with listening(behave) as port:
        found = make(f"https://127.0.0.1:{port}/api", limit).send(part, sender="Kobo")
    assert isinstance(found, Unreachable)
    assert found.why in why


def test_a_certificate_that_nobody_vouches_for_is_unreachable(make: Make, part: Part, tmp_path: Path) -> None:
    requests: list[int] = []
    with running_server(
        b"sent", write_certificate(tmp_path / "server.pem"), meanwhile=lambda: requests.append(1)
    ) as port:
        client = make(f"https://127.0.0.1:{port}/api")
        assert client.send(part, sender="Kobo") == Unreachable("SSLCertVerificationError")
    assert requests == []


@contextmanager
def deaf(port: int) -> Iterator[None]:
    """Fill the backlog of that port of another address: nobody answers there."""
    with socket.create_server(("127.0.0.2", port), backlog=0) as full:
        waiting = []
        for _ in range(3):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(full.getsockname())
        yield
        for each in waiting:
            each.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_addresses_share_the_time_to_connect(
    make: Make, part: Part, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    def resolve(name: str, port: int, *args: Any, **_: Any) -> list[Any]:
        hosts = ["127.0.0.2", "127.0.0.2", host] if name == "kobo.test" else [name]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in hosts]

    with running_server(b"sent") as port, deaf(port):
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        found = make(f"http://kobo.test:{port}/api", AMPLE).send(part, sender="Kobo")
    assert found == (Accepted() if host == "127.0.0.1" else Unreachable("ConnectTimeoutError"))
