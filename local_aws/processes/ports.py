"""TCP ports of this machine."""

import socket

from local_aws.errors import LocalStackError
from local_aws.processes.child import HOST


def choose(port: int, option: str) -> int:
    """Return `port`, or a free one for 0. Raises LocalStackError, naming the option, when `port` is in use."""
    if port and _answers(port):
        raise LocalStackError(f"port {port} is in use; choose another one with {option}")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise LocalStackError(f"port {port} can't be used ({error}); choose another one with {option}") from error
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    # Binding alone is not enough: with SO_REUSEADDR some systems let 127.0.0.1 be bound beside 0.0.0.0.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            return probe.connect_ex((HOST, port)) == 0
        except OverflowError:
            return False
