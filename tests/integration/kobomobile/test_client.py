from __future__ import annotations

import socket
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest

from kobo_sms.kobomobile.answers import Accepted, Lost, Refused, Report, Unreachable
from tests.integration.conftest import PASSWORD, USER
from tests.integration.kobomobile.conftest import answer

if TYPE_CHECKING:
    from kobo_sms.messages.parts import Part
    from mock_kobo.control_client import MockControl
    from tests.integration.kobomobile.conftest import Make, Wire

IDS = {"2348030100001": "a", "2348030100002": "b"}
LOGIN = [("user", USER), ("pass", PASSWORD)]


def test_the_exact_request_of_send(make: Make, wire: Wire, part: Part) -> None:
    wire.answers = [answer(b"2348030100001,a~2348030100002,b")]
    assert make(wire.url).send(part, sender="Kobo") == Accepted(IDS)
    ((head, body),) = wire.requests
    assert head.startswith("POST /api/send/ HTTP/1.1\r\n")
    assert "Content-Type: application/x-www-form-urlencoded\r\n" in head
    assert parse_qsl(body, strict_parsing=True) == [
        *LOGIN,
        ("from", "Kobo"),
        ("to", "2348030100001,2348030100002"),
        ("msg", "Your PIN is 4711-2288 & ₦5+"),
        ("type", "2"),
        ("enable_msg_id", "1"),
        ("message_uuid", "206329c8-3184-554c-bf97-36b3ba679609"),
    ]
    assert body.isascii()


def test_the_exact_requests_of_credit_and_report(make: Make, wire: Wire) -> None:
    client = make(wire.url)
    wire.answers = [answer(b"1,234.50"), answer(b"UNDELIV err:0dc")]
    assert client.credit() == Decimal("1234.50")
    assert client.report("a&b") == Report("UNDELIV", "0dc")
    assert [head.partition(" HTTP")[0] for head, _ in wire.requests] == ["POST /api/credit/", "POST /api/report/"]
    assert [parse_qsl(body) for _, body in wire.requests] == [LOGIN, [*LOGIN, ("msgid", "a&b")]]


def test_one_connection_for_many_calls(make: Make, wire: Wire, part: Part) -> None:
    client = make(wire.url)
    wire.answers = [answer(b"sent"), answer(b"error_gw"), answer(b""), answer(b"<html>", "503 Busy"), answer(b"sent")]
    labels = [client.send(part, sender="Kobo").label for _ in range(20)]
    assert labels[:2] == ["sent", "error_gw"]
    assert labels[4:] == ["sent"] * 16
    assert wire.connections == 1


def test_a_call_is_made_once_whatever_comes_back(make: Make, wire: Wire, part: Part) -> None:
    redirect = answer(b"", "302 Found", f"Location: {wire.url}/other/\r\n")
    for said in (redirect, answer(b"", "503 Busy", "Retry-After: 0\r\n"), answer(b"", "500 Oh"), b"", b"HTTP/1.1 200"):
        wire.answers = [said]
        before = len(wire.requests)
        assert isinstance(make(wire.url).send(part, sender="Kobo"), Lost)
        assert len(wire.requests) == before + 1


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n2348030100001,4b1d", "ProtocolError"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n2348030100001,4b1d\r\n", "ProtocolError"),
        (answer(b"sent", headers="Content-Encoding: gzip\r\n"), "DecodeError"),
        (b"rubbish\r\n\r\n", "ProtocolError"),
        (answer(b"2348030100001,a~" * 20_000), "the answer is too long"),
        (answer(b"<html>sent</html>", "200 OK"), "HTTP 200, unreadable body of 17 bytes"),
    ],
)
def test_what_is_not_whole_is_lost(make: Make, wire: Wire, part: Part, said: bytes, why: str) -> None:
    client = make(wire.url)
    wire.answers = [said, answer(b"sent")]
    assert client.send(part, sender="Kobo") == Lost(why)
    assert client.send(part, sender="Kobo") == Accepted()


def test_a_redirect_is_followed_by_nobody(make: Make, wire: Wire, part: Part) -> None:
    client = make(wire.url)
    wire.answers = [answer(b"", "307 Temporary Redirect", f"Location: {wire.url}/report/\r\n")]
    # No report yet would be `Report("")`.
    assert client.report("a") == Lost("HTTP 307, no report")
    assert client.send(part, sender="Kobo") == Lost("HTTP 307, unusable body")
    assert client.credit() == Lost("HTTP 307, no balance")
    assert len(wire.requests) == 3


def test_a_connection_that_the_server_closed_is_not_used(make: Make, wire: Wire, part: Part) -> None:
    client = make(wire.url)
    wire.answers = [b"HTTP/1.0 200 OK\r\n\r\nsent", answer(b"sent")]
    assert [client.send(part, sender="Kobo") for _ in range(2)] == [Accepted()] * 2
    assert wire.connections == 2


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("html_503", "HTTP 503, unreadable body of 190 bytes"),
        ("html_502", "HTTP 502, unreadable body of 154 bytes"),
        ("empty", "HTTP 200, empty body"),
        ("garbage", "HTTP 200, unusable body"),
        ("reset", "ProtocolError"),
    ],
)
def test_faults_of_the_mock_are_lost(make: Make, kobo: MockControl, part: Part, kind: str, why: str) -> None:
    client = make(kobo.base_url)
    kobo.fail_next("send", kind)
    lost = client.send(part, sender="Kobo")
    assert isinstance(lost, Lost)
    assert lost.why.partition(" body of")[0] == why.partition(" body of")[0]
    assert isinstance(client.send(part, sender="Kobo"), Accepted)


@pytest.mark.parametrize("kind", ["timeout", "slow"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_takes_too_long_is_lost(make: Make, kobo: MockControl, part: Part, kind: str, when: str) -> None:
    # A trickle: each byte comes in time, the whole does not.
    kobo.fail_next("send", kind, when=when, seconds=20)
    assert make(kobo.base_url, timeout=0.6).send(part, sender="Kobo") == Lost("ReadTimeoutError")
    kobo.clear_faults()


def test_a_refused_connection_is_unreachable(make: Make, part: Part) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = make(f"http://127.0.0.1:{port}/api")
    assert client.send(part, sender="Kobo") == Unreachable("NewConnectionError")
    assert client.credit() == Unreachable("NewConnectionError")
    assert client.report("a") == Unreachable("NewConnectionError")


def test_a_host_without_an_address_is_unreachable(make: Make, part: Part) -> None:
    assert make("http://kobo.invalid/api").send(part, sender="Kobo") == Unreachable("NameResolutionError")


def test_error_user_is_repeated_once_with_the_login_fetched_anew(make: Make, wire: Wire, part: Part) -> None:
    wire.answers = [answer(b"error_user")]
    assert make(wire.url).send(part, sender="Kobo") == Refused("error_user")
    assert len(wire.requests) == 2


def test_answers_quote_nothing_private(make: Make, wire: Wire, part: Part) -> None:
    for said in (answer(part.request.msg.encode()), answer(b"2348030100001"), b"2348030100001\r\n\r\n"):
        wire.answers = [said]
        lost = make(wire.url).send(part, sender="Kobo")
        assert "4711" not in repr(lost)
        assert "803010" not in repr(lost)
