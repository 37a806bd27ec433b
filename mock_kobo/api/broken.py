"""Responses that are no answer of the API: pages of a proxy, silence, resets, rubbish."""

from __future__ import annotations

import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response, request

from mock_kobo.rules.faults import DEFAULT_LATE_SECONDS, DEFAULT_SLOW_SECONDS, DEFAULT_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from mock_kobo.rules.faults import Fault

# How often a held connection looks whether the client still waits.
POLL_SECONDS = 0.05
GARBAGE = b"\x1f\x8b\x00\xff\xfe\xfa\x80\x81sen\x00t\xc3\x28"


def page(status: int) -> Response:
    """Return what a proxy in front of the service says, an HTML page."""
    title = f"{status} {HTTPStatus(status).phrase}"
    body = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    response = Response(body, status, mimetype="text/html")
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = "POST"
    return response


def _slow(fault: Fault, body: bytes) -> Response:
    """Return `body` byte by byte over the fault's seconds, at once when the fault is cleared."""
    seconds = DEFAULT_SLOW_SECONDS if fault.seconds is None else fault.seconds
    return _delayed(_trickle(fault, body, seconds / max(1, len(body))), len(body))


def _late(fault: Fault, body: bytes) -> Response:
    """Return `body` in one piece after the fault's seconds, at once when the fault is cleared."""
    seconds = DEFAULT_LATE_SECONDS if fault.seconds is None else fault.seconds
    return _delayed(_held_back(fault, body, seconds), len(body))


def _delayed(chunks: Iterator[bytes], length: int) -> Response:
    response = Response(chunks, mimetype="text/plain")
    response.content_length = length
    return response


def _held_back(fault: Fault, body: bytes, seconds: float) -> Iterator[bytes]:
    fault.over.wait(seconds)
    yield body


def _trickle(fault: Fault, body: bytes, pause: float) -> Iterator[bytes]:
    for position in range(len(body)):
        fault.over.wait(pause)
        yield body[position : position + 1]


def _hold(fault: Fault) -> Response:
    return Response(_silence(fault, _connection()))


def _reset(_fault: Fault) -> Response:
    return Response(_cut(_connection()))


def _connection() -> socket.socket | None:
    found: socket.socket | None = request.environ.get("werkzeug.socket")
    return found


def _silence(fault: Fault, connection: socket.socket | None) -> Iterator[bytes]:
    seconds = DEFAULT_TIMEOUT_SECONDS if fault.seconds is None else fault.seconds
    end = time.monotonic() + seconds
    while time.monotonic() < end and not fault.over.wait(POLL_SECONDS) and not _hung_up(connection):
        pass
    # The server closes the connection without an answer.
    raise ConnectionAbortedError("held until nobody waited")
    yield b""


def _cut(connection: socket.socket | None) -> Iterator[bytes]:
    if connection is not None:
        # Closing with a linger of no time sends RST in place of FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionResetError("reset on request of a fault")
    yield b""


def _hung_up(connection: socket.socket | None) -> bool:
    if connection is None:
        return False
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            return bool(selector.select(0)) and connection.recv(1, socket.MSG_PEEK) == b""
    except (OSError, ValueError):
        return True


DELAYED: dict[str, Callable[[Fault, bytes], Response]] = {"slow": _slow, "late": _late}
RESPONSES: dict[str, Callable[[Fault], Response]] = {
    "timeout": _hold,
    "reset": _reset,
    "html_503": lambda _: page(503),
    "html_502": lambda _: page(502),
    "empty": lambda _: Response(b"", mimetype="text/plain"),
    "garbage": lambda _: Response(GARBAGE, mimetype="text/plain"),
}
