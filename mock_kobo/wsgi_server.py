"""A threaded HTTP/1.1 server whose connections stay open; Werkzeug's own closes each after one answer."""

from __future__ import annotations

import io
import socket
import struct
import threading
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import WSGIApplication

MAX_BODY = 4 * 1024 * 1024
BACKLOG = 128
# A kept connection on which nothing comes is closed.
IDLE_SECONDS = 75
# How long a stop waits for the threads of open connections.
STOP_SECONDS = 5

Connection = socket.socket | tuple[bytes, socket.socket]


class KeepAliveHandler(WSGIRequestHandler):
    """Runs the app once for each request of a connection; logs nothing, for a query string may hold a password."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    # Head and body go out in one segment, at once.
    wbufsize = -1
    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - Werkzeug's name
        """Log nothing."""

    def run_wsgi(self) -> None:
        """Answer one request and keep the connection, unless the request is too large or the app breaks it off."""
        body = self._read_body()
        if body is None:
            self.close_connection = True
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(body)
        self._head: tuple[str, list[tuple[str, str]]] | None = None
        chunks = self.server.app(environ, self._start_response)
        try:
            self._write_all(chunks)
        except ConnectionError:
            self.close_connection = True
        finally:
            if hasattr(chunks, "close"):
                chunks.close()

    def handle_expect_100(self) -> bool:
        """Tell a client that waits with its body to go on."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def finish(self) -> None:
        """Let go of the connection; a client that hung up leaves bytes behind that go nowhere."""
        with suppress(ConnectionError):
            super().finish()

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal() or int(length) > MAX_BODY:
            return None
        return self.rfile.read(int(length))

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], _exc_info: object = None
    ) -> Callable[[bytes], object]:
        self._head = status, headers
        return self.wfile.write

    def _write_all(self, chunks: Iterable[bytes]) -> None:
        chunked: bool | None = None
        for data in chunks:
            if chunked is None:
                chunked = self._write_head()
            if data:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
                self.wfile.flush()
        if chunked is None:
            chunked = self._write_head()
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _write_head(self) -> bool:
        assert self._head is not None, "the app gave a body before its head"  # noqa: S101 - WSGI's contract
        status, headers = self._head
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        bodiless = self.command == "HEAD" or int(code) in {204, 304}
        chunked = not bodiless and not any(name.lower() == "content-length" for name, _ in headers)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        # Into the buffer of wfile: the first flush sends head and body together.
        self.end_headers()
        return chunked


class MockServer(ThreadedWSGIServer):
    """A thread for each connection; `stop` ends them all. Raises OSError if the address can't be had."""

    def __init__(self, host: str, port: int, app: WSGIApplication) -> None:
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        # Given an address, Werkzeug would end the process when it is taken.
        with socket.create_server((host, port), backlog=BACKLOG) as listening:
            taken = listening.getsockname()[1]
            super().__init__(host, taken, app, KeepAliveHandler, fd=listening.fileno())

    def process_request(self, request: Connection, client_address: object) -> None:
        """Remember the connection and serve it."""
        assert isinstance(request, socket.socket), "this server speaks TCP"  # noqa: S101 - the base class's type
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Connection) -> None:
        """Close a connection: with FIN, or with RST where a fault asked for it."""
        assert isinstance(request, socket.socket), "this server speaks TCP"  # noqa: S101 - the base class's type
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()
        lingers, _ = struct.unpack("ii", request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))
        if lingers:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def stop(self) -> None:
        """Stop listening and end every connection."""
        self.shutdown()
        self.server_close()
        with self._changed:
            for connection in self._open:
                _hang_up(connection)
            self._changed.wait_for(lambda: not self._open, STOP_SECONDS)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was first
