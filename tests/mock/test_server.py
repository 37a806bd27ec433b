"""The server: kept connections, stopping, and the command line."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3

from mock_kobo.control_client import MockControl
from mock_kobo.server import running_mock

ROOT = Path(__file__).parents[2]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _connect(url: str) -> http.client.HTTPConnection:
    address = urlsplit(url)
    return http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)


def test_a_connection_is_kept_for_many_calls(mock_kobo: MockControl) -> None:
    with urllib3.PoolManager(retries=False, timeout=10) as pool:
        for _ in range(20):
            pool.request("POST", f"{mock_kobo.base_url}/credit/", fields={"user": "demo"}, encode_multipart=False)
        pool.request("GET", f"{mock_kobo.url}/_mock/messages")
        pool.request("GET", f"{mock_kobo.url}/_mock/account")
        kept = pool.connection_from_url(mock_kobo.url)
        assert (kept.num_connections, kept.num_requests) == (1, 22)


def test_a_body_that_nobody_reads_does_not_spoil_the_next_call(mock_kobo: MockControl) -> None:
    connection = _connect(mock_kobo.url)
    for body, headers in ((b"x" * 100_000, {"Content-Type": "text/plain"}), (b"user=demo&pass=demo-pass", FORM)):
        connection.request("POST", "/api/credit/", body, headers)
        answer = connection.getresponse().read()
    connection.close()
    assert answer == b"100000.00"


def test_a_body_too_large_is_refused(mock_kobo: MockControl) -> None:
    connection = _connect(mock_kobo.url)
    connection.putrequest("POST", "/api/credit/")
    connection.putheader("Content-Length", str(10**9))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_a_client_that_waits_for_100_continue(mock_kobo: MockControl) -> None:
    address = urlsplit(mock_kobo.url)
    body = b"user=demo&pass=demo-pass"
    head = f"POST /api/credit/ HTTP/1.1\r\nHost: m\r\nContent-Type: {FORM['Content-Type']}\r\n"
    with socket.create_connection((address.hostname, address.port or 0), timeout=10) as connection:
        connection.sendall(f"{head}Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        connection.sendall(body)
        assert b"100000.00" in connection.recv(1000)


def test_stopping_closes_idle_connections_and_frees_the_port() -> None:
    with running_mock() as first:
        connection = _connect(first.url)
        connection.request("GET", "/_mock/account")
        connection.getresponse().read()
    assert connection.sock is not None
    assert connection.sock.recv(1) == b""
    connection.close()
    with running_mock(port=urlsplit(first.url).port or 0) as second:
        assert second.url == first.url


def test_an_address_that_is_taken() -> None:
    with running_mock() as first:
        second = running_mock(port=urlsplit(first.url).port or 0)
        with pytest.raises(OSError, match="in use"):
            second.__enter__()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_runs_until_a_signal(number: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mock_kobo", "--port", "0", "--state", str(tmp_path / "state.db")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as mock:
        assert mock.stdout is not None
        ready = mock.stdout.readline()
        url = ready.split("inbox ")[1].split("/ ")[0]
        with MockControl(url) as control:
            assert control.account["balance"] == 100_000
        mock.send_signal(number)
        output, errors = mock.communicate(timeout=20)
    assert (mock.returncode, output, errors) == (0, "", "")


def test_the_command_says_what_it_can_not_do(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no state at all " * 100)
    command = [sys.executable, "-m", "mock_kobo", "--port", "0", "--state", str(tmp_path / "text")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("mock_kobo: ")
    assert done.stderr.count("\n") == 1


def test_nothing_is_logged(mock_kobo: MockControl, capfd: pytest.CaptureFixture[str]) -> None:
    connection = _connect(mock_kobo.url)
    connection.request("POST", "/api/credit/?user=demo&pass=demo-pass")
    assert connection.getresponse().read() == b"100000.00"
    connection.close()
    assert capfd.readouterr() == ("", "")


def test_an_event_for_each_change(mock_kobo: MockControl, wait_until: Callable[..., None]) -> None:
    mock_kobo.set_clock(delivery_seconds=0.3)
    connection = _connect(mock_kobo.url)
    connection.request("GET", "/_mock/events")
    stream = connection.getresponse()
    assert stream.readline() == b"data: connected\n"
    form = "user=demo&pass=demo-pass&from=KOBO&to=2348030100001&msg=x"
    caller = _connect(mock_kobo.url)
    caller.request("POST", "/api/send/", form, FORM)
    assert caller.getresponse().read() == b"sent"
    caller.close()
    # One for the call, one when the SMS has arrived.
    assert [stream.readline() for _ in range(4)][1::2] == [b"data: changed\n", b"data: changed\n"]
    wait_until(lambda: mock_kobo.messages[0]["status"] == "DELIVRD")
    connection.close()
