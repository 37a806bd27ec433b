"""TCP ports of this machine."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from local_aws.errors import LocalStackError
from local_aws.processes.child import HOST


@contextmanager
def reserved(port: int, option: str) -> Iterator[int]:
    """Keep `port`, or a free one for 0, from everybody but a server that is told to listen there.

    On Linux the port stays bound here, without listening: the kernel then gives it to nobody who asks for a free
    one, be it as the source of a connection, and a server with SO_REUSEADDR can listen on it all the same.
    Elsewhere such a server could not, so the port is only found to be free.

    Raises
    ------
    LocalStackError
        naming the option, when `port` is in use.
    """
    if port and _answers(port):
        raise LocalStackError(f"port {port} is in use; choose another one with {option}")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise LocalStackError(f"port {port} can't be used ({error}); choose another one with {option}") from error
        number = int(holder.getsockname()[1])
        if sys.platform != "linux":
            holder.close()
        yield number


def _answers(port: int) -> bool:
    # Binding alone is not enough: with SO_REUSEADDR some systems let 127.0.0.1 be bound beside 0.0.0.0.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            return probe.connect_ex((HOST, port)) == 0
        except OverflowError:
            return False
