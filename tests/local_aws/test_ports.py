"""Ports that are ours from the moment they are chosen until a server listens there."""

import errno
import socket
import struct
import sys

import pytest

from local_aws.errors import LocalStackError
from local_aws.processes.child import HOST
from local_aws.processes.ports import reserved

# IP_LOCAL_PORT_RANGE of Linux 6.3: which ports the kernel may take as the source of this socket's connection.
SOURCE_PORTS = 51


def test_a_server_can_listen_on_a_reserved_port() -> None:
    with reserved(0, "--port") as port, socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((HOST, port))
        server.listen()
        with socket.create_connection((HOST, port), timeout=5):
            server.accept()[0].close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps the port")
def test_a_reserved_port_is_nobody_elses() -> None:
    with reserved(0, "--port") as port, socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((HOST, port))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps the port")
def test_whoever_waits_for_the_server_does_not_become_it() -> None:
    # A connection to a port that nobody has may be given that very port as its source. It then reaches itself, and the
    # server cannot listen there. Here the kernel has no other port to give.
    with reserved(0, "--port") as port, socket.socket() as waiting:
        try:
            waiting.setsockopt(socket.IPPROTO_IP, SOURCE_PORTS, struct.pack("I", (port << 16) | port))
        except OSError as error:
            pytest.skip(f"this kernel does not let us choose: {error}")
        assert waiting.connect_ex((HOST, port)) == errno.EADDRNOTAVAIL


def test_a_port_in_use_is_an_error_that_names_the_option() -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(LocalStackError, match=f"port {port} is in use.*--aws-port"), reserved(port, "--aws-port"):
            pass


def test_a_number_that_is_no_port_is_an_error() -> None:
    with pytest.raises(LocalStackError, match="--port"), reserved(70_000, "--port"):
        pass
