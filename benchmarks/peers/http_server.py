"""A thin HTTP/1.1 server on asyncio, so that what stands in for others costs a fraction of what is measured.

One connection asks one thing at a time, with `Content-Length`, as the clients here do; nothing else is understood.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import sys
from collections.abc import Callable
from typing import NamedTuple

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
# With this a close sends RST, as a connection that is reset does.
_RESET = struct.pack("ii", 1, 0)


class HttpRequest(NamedTuple):
    """What was asked; `head` holds the header lines, each after its CRLF."""

    method: str
    target: str
    head: bytes
    body: bytes


class HttpAnswer(NamedTuple):
    """What is answered, `delay` seconds later; `lost`: the connection is reset instead."""

    body: bytes
    status: int = 200
    content_type: str = "text/plain"
    delay: float = 0.0
    lost: bool = False


Respond = Callable[[HttpRequest], HttpAnswer]


class _Connection(asyncio.Protocol):
    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end]
        found = _LENGTH.search(head)
        length = int(found[1]) if found else 0
        if len(self._buffer) < end + 4 + length:
            return
        body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
        line, _, rest = head.partition(b"\r\n")
        method, target, _ = line.decode("latin-1").split(" ")
        answer = self._respond(HttpRequest(method, target, b"\r\n" + rest, body))
        if answer.delay:
            asyncio.get_running_loop().call_later(answer.delay, self._answer, answer)
        else:
            self._answer(answer)

    def _answer(self, answer: HttpAnswer) -> None:
        if self._transport.is_closing():
            return
        if answer.lost:
            connected: socket.socket = self._transport.get_extra_info("socket")
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._transport.abort()
            return
        head = (
            f"HTTP/1.1 {answer.status} X\r\nContent-Type: {answer.content_type}\r\nContent-Length: {len(answer.body)}"
        )
        self._transport.write(head.encode() + b"\r\n\r\n" + answer.body)


async def serve(respond: Respond) -> None:
    """Serve on a free port of 127.0.0.1, which is written to stdout as a line, until stdin ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(respond), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    stdin = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    await stdin.read()
    server.close()
