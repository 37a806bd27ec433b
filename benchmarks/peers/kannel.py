"""Debian's Kannel: bearerbox with an HTTP SMSC that is KoboMobile, and smsbox, which takes texts over HTTP.

Its HTTP SMSC asks with GET, which KoboMobile refuses, and knows no `message_uuid`. Nothing is stored: a text that
waits in it is lost with the process (`store-type` would keep it, at a price).
"""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.peers.double_process import DoubleProcess
from benchmarks.peers.gateway import KANNEL
from benchmarks.peers.kobo_stub import PASSWORD, USER
from benchmarks.peers.workloads import Workload

_BEARERBOX, _SMSBOX = "/usr/sbin/bearerbox", "/usr/sbin/smsbox"
# Numbers in one request to smsbox, and requests at once.
_NUMBERS, _FEEDERS = 100, 2
# When nothing more is sent for so long, nothing more comes.
_QUIET_SECONDS = 10.0
_CONFIGURATION = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = bench
status-password = bench
smsbox-port = {box}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
sms-resend-freq = 1

group = smsc
smsc = http
smsc-id = kobo
system-type = generic
port = {receive}
send-url = "{url}/api/send/?user={user}&pass={password}&from=%P&to=%p&msg=%b&enable_msg_id=1"
status-success-regex = "^(sent|[0-9]+,)"
status-permfail-regex = "^error_(param|limit|number)"
status-tempfail-regex = "^error_"
max-pending-submits = {calls}

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {box}
sendsms-port = {send}
sendsms-interface = 127.0.0.1
global-sender = KOBO

group = sendsms-user
username = bench
password = bench
max-messages = 10
"""


class KannelGateway:
    """The two processes; texts go to smsbox's `sendsms`."""

    name = KANNEL

    def __init__(self, pids: list[int], port: int, kobo: DoubleProcess) -> None:
        self.pids = pids
        self._port, self._kobo = port, kobo

    def send(self, workload: Workload, batch: int | None = None) -> None:
        """Send all, and return once all were executed."""
        asked = [
            urlencode({"username": "bench", "password": "bench", "to": " ".join(to), "text": text.msg})
            for text in workload.texts
            for to in (text.to[at : at + _NUMBERS] for at in range(0, len(text.to), _NUMBERS))
        ]
        with ThreadPoolExecutor(_FEEDERS) as feeders:
            list(feeders.map(self._feed, (asked[at::_FEEDERS] for at in range(_FEEDERS))))
        self._wait(workload.recipients)

    def _feed(self, queries: Sequence[str]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        for query in queries:
            connection.request("GET", f"/cgi-bin/sendsms?{query}")
            response = connection.getresponse()
            if response.status != http.HTTPStatus.ACCEPTED:
                raise RuntimeError(f"smsbox does not take a text: {response.read().decode()}")
            response.read()
        connection.close()

    def _wait(self, recipients: int) -> None:
        """Wait until all are executed and, where answers were lost, until nothing is tried again any more."""
        before: dict[str, float] = {}
        since = time.monotonic()
        while time.monotonic() - since < _QUIET_SECONDS:
            found = self._kobo.ask("/_stub/run")
            if found["different"] >= recipients and not found["lost"]:
                return
            if found != before:
                before, since = found, time.monotonic()
            time.sleep(0.1)


def is_installed() -> bool:
    """Tell whether there is a Kannel to measure."""
    return shutil.which(_BEARERBOX) is not None and shutil.which(_SMSBOX) is not None


@contextmanager
def running_kannel(kobo: DoubleProcess, calls: int) -> Iterator[KannelGateway]:
    """Run bearerbox and smsbox on free ports of 127.0.0.1, `calls` of send/ at once, until the context ends."""
    admin, box, receive, send = _free_ports(4)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kannel.conf"
        ports = {"admin": admin, "box": box, "receive": receive}
        file.write_text(
            _CONFIGURATION.format(**ports, send=send, url=kobo.url, calls=calls, user=USER, password=PASSWORD)
        )
        with _running(_BEARERBOX, file, box) as bearerbox, _running(_SMSBOX, file, send) as smsbox:
            yield KannelGateway([bearerbox, smsbox], send, kobo)


@contextmanager
def _running(program: str, configuration: Path, port: int) -> Iterator[int]:
    # 4: nothing but panics; by default it logs each text, with its number.
    command = [program, "-v", "4", str(configuration)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=configuration.parent, stdin=quiet, stdout=quiet, stderr=quiet) as process:
        try:
            _wait_until_taken(port)
            yield process.pid
        finally:
            process.terminate()


def _wait_until_taken(port: int, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports
