"""Throughput of send/ on one mock process beside a bare Flask route on the same server, in the same run.

    python benchmarks/mock_throughput.py [--calls 2000] [--threads 2] [--rounds 8]

The server runs in a process of its own, the callers in this one. Rounds alternate, so that a machine that is busy for a
while is busy for both; the best round of each counts. Beside it stands the CPU time that the server's process spent on
a call, which says the same on a machine that does other things too.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Flask

from mock_kobo.app import create_app
from mock_kobo.wsgi_server import MockServer

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

LOGIN = {"user": "demo", "pass": "demo-pass", "from": "KOBO", "enable_msg_id": "1"}


def bare_app() -> Flask:
    """Return the least a Flask app can do for the same request."""
    app = Flask("bare")

    @app.post("/api/send/")
    def send() -> str:
        return "sent"

    return app


def serve(kind: str, pipe: Connection) -> None:
    """Serve one of the two apps; tell the port, and at each question the CPU seconds spent."""
    app = bare_app() if kind == "bare" else create_app()
    server = MockServer("127.0.0.1", 0, app)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pipe.send(server.port)
    while pipe.recv():
        pipe.send(time.process_time())


class Server:
    """One of the two apps in a process of its own, and what was measured of it."""

    def __init__(self, kind: str) -> None:
        self._pipe, there = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=serve, args=(kind, there), daemon=True)
        self._process.start()
        self._port: int = self._pipe.recv()
        self.best, self.cpu_microseconds = 0.0, float("inf")

    def _cpu_seconds(self) -> float:
        self._pipe.send(True)
        seconds: float = self._pipe.recv()
        return seconds

    def run_round(self, calls: int, threads: int) -> None:
        """Measure once more; the best counts."""
        before = self._cpu_seconds()
        self.best = max(self.best, calls_a_second(self._port, calls, threads))
        spent = (self._cpu_seconds() - before) / calls * 1e6
        self.cpu_microseconds = min(self.cpu_microseconds, spent)

    def stop(self) -> None:
        """End the process."""
        self._pipe.send(False)
        self._process.join()


def request_bytes(number: int) -> bytes:
    """Return one call of send/, each with its own message_uuid."""
    to, uuid = f"23480301{number % 100_000:05d}", f"{time.monotonic_ns()}-{number}"
    form = urlencode(LOGIN | {"to": to, "msg": "Your code is 481920", "message_uuid": uuid}).encode()
    head = "POST /api/send/ HTTP/1.1\r\nHost: mock\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    return f"{head}Content-Length: {len(form)}\r\n\r\n".encode() + form


def call_many(port: int, numbers: range) -> None:
    """Make one call for each of `numbers` on one kept connection; a bare socket leaves the CPU to the server."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for number in numbers:
            connection.sendall(request_bytes(number))
            answer = connection.recv(4096)
            if b" 200 " not in answer[:20] or b"error_" in answer:
                raise RuntimeError(answer)


def calls_a_second(port: int, calls: int, threads: int) -> float:
    """Return the throughput of one round."""
    share = calls // threads
    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as callers:
        list(callers.map(lambda one: call_many(port, range(one * share, (one + 1) * share)), range(threads)))
    return share * threads / (time.perf_counter() - start)


def main() -> None:
    """Print both throughputs and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args()
    servers = {kind: Server(kind) for kind in ("bare", "mock")}
    for _ in range(options.rounds):
        for server in servers.values():
            server.run_round(options.calls, options.threads)
    for server in servers.values():
        server.stop()
    bare, mock = servers["bare"], servers["mock"]
    print(f"bare Flask route: {bare.best:7.0f} calls/s {bare.cpu_microseconds:7.0f} us CPU a call")
    print(f"mock send/:       {mock.best:7.0f} calls/s {mock.cpu_microseconds:7.0f} us CPU a call")
    print(
        f"ratio:            {mock.best / bare.best:7.2f}         {bare.cpu_microseconds / mock.cpu_microseconds:7.2f}"
    )


if __name__ == "__main__":
    main()
