"""Faults: what breaks, when, how often, for whom, and that holding a connection ends."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3

from mock_kobo.control_client import MockControl
from mock_kobo.server import running_mock

Send = Callable[..., str]
Post = Callable[..., urllib3.BaseHTTPResponse]

SMS = {"from": "KOBO", "to": "2348030100001", "msg": "Hello"}


def test_timeout_gives_no_answer(mock_kobo: MockControl, post: Post) -> None:
    mock_kobo.fail_next("send", "timeout")
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        post("send", timeout=0.2, **SMS)
    assert mock_kobo.messages == []


def test_timeout_after_executing(mock_kobo: MockControl, post: Post) -> None:
    mock_kobo.fail_next("send", "timeout", when="after")
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        post("send", timeout=0.2, **SMS)
    assert len(mock_kobo.messages) == 1


def test_timeout_is_bounded(mock_kobo: MockControl, post: Post) -> None:
    mock_kobo.fail_next("send", "timeout", seconds=0.05)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        post("send", **SMS)


def _raw(url: str, path: str) -> socket.socket:
    address = urlsplit(url)
    connection = socket.create_connection((address.hostname, address.port or 80), timeout=10)
    connection.sendall(f"POST {path} HTTP/1.1\r\nHost: mock\r\nContent-Length: 0\r\n\r\n".encode())
    return connection


def test_reset_is_a_tcp_reset(mock_kobo: MockControl) -> None:
    mock_kobo.fail_next("credit", "reset")
    with _raw(mock_kobo.url, "/api/credit/") as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)


def test_clearing_ends_a_held_connection(mock_kobo: MockControl, wait_until: Callable[..., None]) -> None:
    mock_kobo.fail_next("credit", "timeout")
    with _raw(mock_kobo.url, "/api/credit/") as connection:
        wait_until(lambda: mock_kobo.calls)
        mock_kobo.clear_faults()
        assert connection.recv(1) == b""


def test_stopping_ends_a_held_connection(wait_until: Callable[..., None]) -> None:
    with running_mock() as server, MockControl(server.url) as control:
        control.fail_next("credit", "timeout")
        connection = _raw(server.url, "/api/credit/")
        wait_until(lambda: control.calls)
    with connection:
        assert connection.recv(1) == b""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("kind", "status", "start"),
    [("html_503", 503, b"<html>"), ("html_502", 502, b"<html>"), ("empty", 200, b""), ("garbage", 200, b"\x1f\x8b")],
)
def test_broken_answers(mock_kobo: MockControl, post: Post, kind: str, status: int, start: bytes, when: str) -> None:
    mock_kobo.fail_next("send", kind, when=when)
    response = post("send", **SMS)
    assert response.status == status
    assert response.data[: len(start)] == start
    assert bool(response.data) == bool(start)
    assert len(mock_kobo.messages) == (1 if when == "after" else 0)


def test_garbage_can_not_be_decoded(mock_kobo: MockControl, post: Post) -> None:
    mock_kobo.fail_next("send", "garbage")
    with pytest.raises(UnicodeDecodeError):
        post("send", **SMS).data.decode()


def test_slow_trickles_the_right_answer(mock_kobo: MockControl, http: urllib3.PoolManager) -> None:
    mock_kobo.fail_next("credit", "slow", seconds=0.5)
    body = {"user": "demo", "pass": "demo-pass"}
    url = f"{mock_kobo.base_url}/credit/"
    response = http.request("POST", url, fields=body, encode_multipart=False, preload_content=False)
    pieces = []
    while piece := response.read1():
        pieces.append(piece)
    assert b"".join(pieces) == b"100000.00"
    assert len(pieces) > 3


def test_late_gives_the_right_answer_whole(mock_kobo: MockControl, http: urllib3.PoolManager) -> None:
    mock_kobo.fail_next("credit", "late", seconds=0.2)
    body = {"user": "demo", "pass": "demo-pass"}
    begun = time.monotonic()
    url = f"{mock_kobo.base_url}/credit/"
    response = http.request("POST", url, fields=body, encode_multipart=False, preload_content=False)
    assert response.read1() == b"100000.00"
    assert time.monotonic() - begun >= 0.2


def test_clearing_lets_go_what_is_late(mock_kobo: MockControl, post: Post) -> None:
    mock_kobo.add_fault(endpoint="credit", kind="late", seconds=600)
    timer = threading.Timer(0.1, mock_kobo.clear_faults)
    timer.start()
    assert post("credit").data == b"100000.00"
    timer.join()


def test_an_answer_after_executing(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.fail_next("send", "error_gw", when="after")
    assert send(message_uuid="u") == "error_gw"
    assert len(mock_kobo.messages) == 1
    assert send(message_uuid="u") == "sent"
    assert len(mock_kobo.messages) == 1


def test_times(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.fail_next("send", "error_gw", times=2)
    assert [send() for _ in range(3)] == ["error_gw", "error_gw", "sent"]
    assert mock_kobo.faults == []


def test_without_times_until_cleared(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.add_fault(endpoint="send", answer="error_gw")
    assert {send() for _ in range(5)} == {"error_gw"}
    mock_kobo.clear_faults()
    assert send() == "sent"


def test_probability_is_repeatable(mock_kobo: MockControl, send: Send) -> None:
    def run(seed: int) -> list[str]:
        mock_kobo.clear_faults()
        mock_kobo.add_fault(endpoint="send", answer="error_billing", probability=0.5, seed=seed)
        return [send() for _ in range(40)]

    first = run(1)
    assert {"sent", "error_billing"} == set(first)
    assert run(1) == first
    assert run(2) != first


@pytest.mark.parametrize(("probability", "expected"), [(0, "sent"), (1, "error_gw")])
def test_probability_of_never_and_always(mock_kobo: MockControl, send: Send, probability: float, expected: str) -> None:
    mock_kobo.add_fault(answer="error_gw", probability=probability)
    assert {send() for _ in range(5)} == {expected}


@pytest.mark.parametrize("endpoint", ["send", "credit", "report"])
def test_a_fault_is_its_endpoints_only(mock_kobo: MockControl, answer: Send, endpoint: str) -> None:
    mock_kobo.add_fault(endpoint=endpoint, answer="error_gw")
    hit = [one for one in ("send", "credit", "report") if answer(one, msgid="x") == "error_gw"]
    assert hit == [endpoint]


def test_a_fault_on_every_endpoint(mock_kobo: MockControl, answer: Send) -> None:
    mock_kobo.add_fault(answer="error_gw")
    assert [answer(one, msgid="x") for one in ("send", "credit", "report")] == ["error_gw"] * 3


@pytest.mark.parametrize(
    ("limit", "hit", "missed"),
    [
        ({"to": "2348030100002"}, {"to": "2348030100001,2348030100002"}, {"to": "2348030100003"}),
        ({"sender": "Bank"}, {"from": "Bank"}, {"from": "Banks"}),
        ({"msg": "code"}, {"msg": "Your code: 1"}, {"msg": "Hello"}),
    ],
    ids=["recipient", "sender", "text"],
)
def test_a_fault_limited_to(
    mock_kobo: MockControl, send: Send, limit: dict[str, Any], hit: dict[str, str], missed: dict[str, str]
) -> None:
    mock_kobo.add_fault(endpoint="send", answer="error_gw", **limit)
    assert (send(**missed), send(**hit)) == ("sent", "error_gw")


def test_one_fault_can_be_removed(mock_kobo: MockControl, send: Send) -> None:
    first = mock_kobo.add_fault(endpoint="send", answer="error_gw")
    mock_kobo.add_fault(endpoint="send", answer="error_billing")
    assert send() == "error_gw"
    mock_kobo.clear_faults(first["id"])
    assert send() == "error_billing"


def test_times_under_concurrent_calls(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.fail_next("send", "error_gw", times=5)
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(send())) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["error_gw"] * 5 + ["sent"] * 7


def test_the_calls_tell_the_fault(mock_kobo: MockControl, post: Post) -> None:
    mock_kobo.fail_next("send", "html_503", when="after")
    post("send", **SMS)
    call = mock_kobo.calls[0]
    assert (call["outcome"], call["fault"], call["http_status"]) == ("executed", "html_503, after", 503)
