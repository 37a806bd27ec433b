"""A TCP proxy that drops idle connections, as gateways, load balancers and Lambda itself do."""

from __future__ import annotations

import math
import select
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_RESET = struct.pack("ii", 1, 0)


@dataclass(eq=False)
class Link:
    """One connection: its client's end, its server's end, when something last went through (monotonic seconds)."""

    near: socket.socket
    far: socket.socket
    used_at: float = field(default_factory=time.monotonic)
    stale: bool = False


@dataclass
class IdleProxy:
    """Forwards to a port of 127.0.0.1 until a connection is stale.

    A connection is stale once it was idle for `idle` seconds, or `drop` was called. A `silent` proxy tells nobody, and
    resets the connection when its client next sends; one that is not closes it at once. `connections` counts all that
    were made, `resets` those that lost a client's request.
    """

    upstream: int
    silent: bool = True
    idle: float = math.inf
    port: int = field(init=False, default=0)
    connections: int = field(init=False, default=0)
    resets: int = field(init=False, default=0)
    _stopped: bool = field(init=False, default=False)
    _links: set[Link] = field(init=False, default_factory=set)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def drop(self) -> None:
        """Make every connection that is open now stale."""
        self._end(silent=self.silent)

    def stop(self) -> None:
        """Close every connection, now and from now on."""
        self._stopped = True
        self._end(silent=False)

    def serve(self, near: socket.socket) -> None:
        """Carry one connection to its end."""
        with socket.create_connection(("127.0.0.1", self.upstream)) as far:
            link = Link(near, far)
            with self._lock:
                self._links.add(link)
                self.connections += 1
            try:
                # Either end may be gone when it is written to.
                with suppress(ConnectionError):
                    while not self._stopped and self._carry(link):
                        pass
            finally:
                with self._lock:
                    self._links.discard(link)

    def _carry(self, link: Link) -> bool:
        """Forward what comes next; tell whether the connection can go on."""
        patience = None if self.silent or self.idle == math.inf else max(0.0, self._remaining(link))
        ready = select.select([link.near, link.far], [], [], patience)[0]
        source = ready[0] if ready else None
        data = source.recv(65_536) if source else b""
        if not data:
            return False
        if source is link.near and (link.stale or self._remaining(link) < 0):
            self._reset(link)
            return False
        (link.far if source is link.near else link.near).sendall(data)
        link.used_at = time.monotonic()
        return True

    def _remaining(self, link: Link) -> float:
        return link.used_at + self.idle - time.monotonic()

    def _reset(self, link: Link) -> None:
        with self._lock:
            self.resets += 1
            self._links.discard(link)
        link.near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        link.near.close()

    def _end(self, *, silent: bool) -> None:
        with self._lock:
            for link in self._links:
                link.stale = True
                if not silent:
                    with suppress(OSError):  # the client was first
                        link.near.shutdown(socket.SHUT_RDWR)


@contextmanager
def running_proxy(upstream: int, *, silent: bool = True, idle: float = math.inf) -> Iterator[IdleProxy]:
    """Run a proxy in the background."""
    proxy = IdleProxy(upstream, silent, idle)

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            proxy.serve(self.request)

    class Server(socketserver.ThreadingTCPServer):
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Connection) as server:
        proxy.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
            proxy.stop()
