"""Connections whose exchanges end in time, and which say when nothing was sent.

urllib3's time-outs are for one wait of the socket each. An answer that comes byte by byte, or a host with several
addresses that do not answer, would take many times as long. Here one deadline counts for all of it: connecting, TLS,
the request, headers and body. What cannot be cut short is the look-up of the host's address, which is the system's.
"""

from __future__ import annotations

import io
import socket
import time
from functools import partial
from http.client import HTTPResponse as PlainResponse
from typing import Any

from urllib3 import HTTPResponse, PoolManager
from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
)
from urllib3.util.connection import create_connection

from kobo_sms.aws.fresh_connections import put_in_front

# Seconds by which an exchange may end late.
_GRAIN = 0.05


class Unconnected(NewConnectionError):
    """No connection came about, TLS included, so nothing of the request was sent. `why` names the error."""

    def __init__(self, connection: HTTPConnection, error: Exception) -> None:
        self.why = type(error).__name__
        super().__init__(connection, self.why)


class TimedConnection(HTTPConnection):
    """Goes in front of a class of connections: an exchange ends `timeout` seconds after it began.

    It begins with `connect`, or with `request` on a connection that is used again. `timeout` must be a number by then,
    as it is with urllib3's `Timeout(total=...)`.
    """

    _deadline: float | None = None
    # Of the request that is being put together.
    _pieces: list[bytes] | None = None

    def connect(self) -> None:
        """Connect.

        Raises
        ------
        Unconnected
            whatever went wrong, and when the time is up.
        """
        self._begin()
        try:
            super().connect()
            self._limit(self.sock)
        except (HTTPError, OSError, ValueError) as error:
            raise Unconnected(self, error) from error

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request, headers and body in one piece. Raises TimeoutError when the time is up."""
        if self._deadline is None:
            self._begin()
        self._pieces = pieces = list[bytes]()
        try:
            super().request(*args, **kwargs)
        finally:
            self._pieces = None
        self.send(b"".join(pieces))

    def send(self, data: Any) -> None:
        """Send some bytes. Raises TimeoutError when the time is up."""
        if self._pieces is not None:
            self._pieces.append(data)
            return
        if self.sock is not None:
            self._limit(self.sock)
        super().send(data)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as in urllib3
        """Receive an answer's headers. These and the body raise urllib3's ReadTimeoutError when the time is up."""
        deadline, self._deadline = self._deadline, None
        assert deadline is not None  # noqa: S101 - an exchange has begun
        self.response_class = partial(_TimedResponse, deadline=deadline)  # type: ignore[assignment]
        return super().getresponse()

    def _new_conn(self) -> socket.socket:
        """Connect to the first of the host's addresses that answers; each gets its share of the time that is left."""
        try:
            addresses = socket.getaddrinfo(self._dns_host.strip("[]"), self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        failed: Exception = OSError("no address")
        for left, (*_, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
            try:
                made = create_connection(
                    (str(address[0]), self.port), self._left() / left, socket_options=self.socket_options
                )
                self._limit(made)
            except TimeoutError as error:
                failed = ConnectTimeoutError(self, str(error))
            except OSError as error:
                failed = NewConnectionError(self, str(error))
            else:
                return made
        raise failed

    def _begin(self) -> None:
        assert isinstance(self.timeout, (int, float))  # noqa: S101 - else nothing would end in time
        self._deadline = time.monotonic() + self.timeout

    def _limit(self, sock: socket.socket) -> None:
        assert self._deadline is not None  # noqa: S101 - an exchange has begun
        _limit(sock, self._deadline)

    def _left(self) -> float:
        assert self._deadline is not None  # noqa: S101 - an exchange has begun
        return _left_until(self._deadline)


class _TimedResponse(PlainResponse):
    """An answer that is read until a deadline."""

    def __init__(self, sock: socket.socket, *args: Any, deadline: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp: Any = io.BufferedReader(_TimedReader(self.fp.detach(), sock, deadline))


class _TimedReader(io.RawIOBase):
    """What a socket receives, each time waiting only for what is left of the time."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Receive into `buffer`. Raises TimeoutError when the time is up."""
        _limit(self._sock, self._deadline)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


def limit_time(manager: PoolManager) -> PoolManager:
    """Give `manager` connections of the kind it has, timed ones; return it. Pools that it has made stay as they are."""
    return put_in_front(manager, TimedConnection)


def _limit(sock: socket.socket, deadline: float) -> None:
    """Let the socket's next wait end at the deadline, give or take `_GRAIN`: to set its time-out is a system call."""
    left, known = _left_until(deadline), sock.gettimeout()
    if known is None or abs(known - left) > _GRAIN:
        sock.settimeout(left)


def _left_until(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the exchange took too long")
    return left
