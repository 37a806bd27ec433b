"""Connections of urllib3, KoboMobile's and those of AWS: which are used again, and when their exchanges end.

One that was idle for a while is not used again. Between two invocations Lambda freezes the process and drops what is
idle; gateways close their end. The client is told of neither in time: the next call goes out on such a connection and
its answer is lost, on a service in perfect health.

KoboMobile's exchanges end in time, and say when nothing was sent. urllib3's time-outs are for one wait of the socket
each. An answer that comes byte by byte, or a host with several addresses that do not answer, would take many times as
long. Here one deadline counts for all of it: connecting, TLS, the request, headers and body. What cannot be cut short
is the look-up of the host's address, which is the system's.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.client import HTTPResponse as PlainResponse
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from urllib3 import HTTPConnectionPool, HTTPResponse, PoolManager
from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
)
from urllib3.util.connection import create_connection

if TYPE_CHECKING:
    from botocore.client import BaseClient

Client = TypeVar("Client", bound="BaseClient")
# Seconds by which an exchange may end late.
_GRAIN = 0.05


@dataclass(frozen=True)
class IdleLimit:
    """After how many seconds without a use a connection is not used again.

    The clock is the wall's, as one that only ever goes forward may stand still while the process is frozen.
    """

    seconds: float = 5.0
    clock: Callable[[], float] = time.time

    def is_reached(self, used_at: float) -> bool:
        """Tell whether a connection last used at `used_at` is too old; also when the clock was set back since."""
        return abs(self.clock() - used_at) >= self.seconds


USUAL = IdleLimit()


class FreshConnection(HTTPConnection):
    """Goes in front of a class of connections: one that was idle for too long does not count as connected.

    A pool asks for that before it uses a connection again, closes one that is not connected, and connects it anew. In
    the pool are only connections whose answer has come; one in use is not idle, however long it takes.
    """

    limit: ClassVar[IdleLimit]
    _used_at = 0.0

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as in urllib3
        """Receive an answer, and remember when."""
        response = super().getresponse()
        self._used_at = self.limit.clock()
        return response

    @property
    def is_connected(self) -> bool:
        """Whether the connection may be used for another request."""
        return not self.limit.is_reached(self._used_at) and super().is_connected


def limit_idle(manager: PoolManager, limit: IdleLimit = USUAL) -> PoolManager:
    """Give `manager` connections of the kind it has, fresh ones; return it. Pools that it has made stay as they are."""
    return put_in_front(manager, FreshConnection, limit=limit)


def put_in_front(manager: PoolManager, front: type[HTTPConnection], **attributes: object) -> PoolManager:
    """Give `manager` connections of the kind it has with the methods of `front` before theirs; return it."""
    classes = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _behind(front, pool, attributes) for scheme, pool in classes.items()}
    return manager


def never_reuse_idle(client: Client, limit: IdleLimit = USUAL) -> Client:
    """Give a client of boto3 fresh connections; return it.

    botocore lets nobody choose the connections, so this reaches into it. The botocore that runs in AWS is the Lambda
    runtime's, not the one that is tested with: should it have moved these attributes, the client is left as it
    is. An idle connection can then cost a call, as it did before; a function that does not start costs them all.
    """
    session = getattr(getattr(client, "_endpoint", None), "http_session", None)
    manager = getattr(session, "_manager", None)
    if session is not None and isinstance(manager, PoolManager):
        # The session's own are for the managers that it makes for proxies.
        session._pool_classes_by_scheme = limit_idle(manager, limit).pool_classes_by_scheme
    return client


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


def _behind(
    front: type[HTTPConnection], pool: type[HTTPConnectionPool], attributes: dict[str, object]
) -> type[HTTPConnectionPool]:
    name = front.__name__.removesuffix("Connection")
    connection = type(f"{name}{pool.ConnectionCls.__name__}", (front, pool.ConnectionCls), attributes)
    return type(f"{name}{pool.__name__}", (pool,), {"ConnectionCls": connection})


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
