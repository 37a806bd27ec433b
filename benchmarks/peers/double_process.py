"""A server that stands in for another one, in a process of its own, and how the benchmark asks it."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class DoubleProcess:
    """A process that serves on `port` of 127.0.0.1."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.pid, self.port = process.pid, port

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, fields: Mapping[str, Any] | None = None) -> Any:
        """Return what it answers, as JSON, to a POST of `fields`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", path, json.dumps(fields or {}))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


@contextmanager
def running_double(module: str) -> Iterator[DoubleProcess]:
    """Run a module that calls `http_server.serve`, until the context ends."""
    command = [sys.executable, "-m", module]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield DoubleProcess(process, int(process.stdout.readline()))
        finally:
            process.stdin.close()
