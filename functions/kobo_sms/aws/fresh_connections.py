"""Connections that are not used again once they have been idle for a while, KoboMobile's and those of AWS.

Between two invocations Lambda freezes the process and drops what is idle; gateways close their end. The client is told
of neither in time: the next call goes out on such a connection and its answer is lost, on a service in perfect health.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

from urllib3 import HTTPConnectionPool, HTTPResponse, PoolManager
from urllib3.connection import HTTPConnection

if TYPE_CHECKING:
    from botocore.client import BaseClient

Client = TypeVar("Client", bound="BaseClient")


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


def _behind(
    front: type[HTTPConnection], pool: type[HTTPConnectionPool], attributes: dict[str, object]
) -> type[HTTPConnectionPool]:
    name = front.__name__.removesuffix("Connection")
    connection = type(f"{name}{pool.ConnectionCls.__name__}", (front, pool.ConnectionCls), attributes)
    return type(f"{name}{pool.__name__}", (pool,), {"ConnectionCls": connection})
