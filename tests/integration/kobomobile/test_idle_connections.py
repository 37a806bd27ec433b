"""KoboMobile behind a proxy that drops idle connections: no call goes out on one, and no answer is lost."""

from __future__ import annotations

import json
import math
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import pytest
from urllib3 import PoolManager

from kobo_sms.connections import IdleLimit, limit_idle
from kobo_sms.kobomobile.answers import Accepted, Lost, Refused
from kobo_sms.kobomobile.client import Credentials, KoboClient
from tests.integration.conftest import PASSWORD, USER
from tests.integration.kobomobile.idle_proxy import IdleProxy, running_proxy
from tests.integration.kobomobile.little_server import running_server, write_certificate

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_secretsmanager import SecretsManagerClient

    from kobo_sms.messages.parts import Part
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Clock

Calls = dict[str, Callable[[], Any]]
Make = Callable[..., KoboClient]
ENDINGS = pytest.mark.parametrize("proxy", [True, False], ids=["silent", "closing"], indirect=True)
ENDPOINTS = pytest.mark.parametrize("endpoint", ["send", "credit", "report"])


class Vault:
    """Secrets Manager with the one secret."""

    def get_secret_value(self, **_: str) -> dict[str, str]:
        return {"SecretString": json.dumps({"user": USER, "pass": PASSWORD})}


@pytest.fixture
def proxy(kobo: MockControl, request: pytest.FixtureRequest) -> Iterator[IdleProxy]:
    port = urlsplit(kobo.url).port
    assert port is not None
    with running_proxy(port, silent=getattr(request, "param", True)) as running:
        yield running


@pytest.fixture
def make() -> Iterator[Make]:
    """Return a maker of clients."""
    made: list[KoboClient] = []

    def client(port: int, limit: IdleLimit, scheme: str = "http", connections: int = 1) -> KoboClient:
        credentials = Credentials(cast("SecretsManagerClient", Vault()), "arn")
        url = f"{scheme}://127.0.0.1:{port}/api"
        made.append(KoboClient(url, credentials, timeout=5.0, connections=connections, idle=limit))
        return made[-1]

    yield client
    for each in made:
        each._pool.close()


def calls_of(client: KoboClient, part: Part) -> Calls:
    """Return a call of each endpoint; that of report/ is refused, as nobody knows the id."""
    return {
        "send": lambda: client.send(part, sender="Kobo"),
        "credit": client.credit,
        "report": lambda: client.report("none"),
    }


@ENDINGS
def test_no_call_goes_out_on_an_idle_connection(
    make: Make, proxy: IdleProxy, kobo: MockControl, clock: Clock, part: Part
) -> None:
    calls = calls_of(make(proxy.port, IdleLimit(clock=clock)), part)
    answers = []
    for call in calls.values():
        answers.append(call())
        proxy.drop()
        clock.now += 5
        answers.append(call())
    assert [type(answer) for answer in answers] == [Accepted] * 2 + [Decimal] * 2 + [Refused] * 2
    assert len(kobo.list_calls()) == 6
    assert (proxy.connections, proxy.resets) == (4, 0)


@ENDPOINTS
def test_without_a_limit_the_answer_is_lost(
    make: Make, proxy: IdleProxy, kobo: MockControl, clock: Clock, part: Part, endpoint: str
) -> None:
    call = calls_of(make(proxy.port, IdleLimit(math.inf, clock)), part)[endpoint]
    call()
    proxy.drop()
    clock.now += 3600
    assert call() == Lost("ProtocolError")
    assert proxy.resets == 1
    assert len(kobo.list_calls()) == 1


def test_calls_that_follow_each_other_share_a_connection(
    make: Make, proxy: IdleProxy, clock: Clock, part: Part
) -> None:
    calls = calls_of(make(proxy.port, IdleLimit(clock=clock)), part)
    for _ in range(5):
        for call in calls.values():
            call()
            clock.now += 4.9
    assert proxy.connections == 1
    clock.now += 0.1
    calls["credit"]()
    assert proxy.connections == 2


def test_the_time_that_an_answer_takes_is_not_idle(make: Make, clock: Clock, part: Part) -> None:
    def be_slow() -> None:
        clock.now += 60

    with running_server(b"sent", meanwhile=be_slow) as port, running_proxy(port) as proxy:
        client = make(proxy.port, IdleLimit(clock=clock))
        assert [client.send(part, sender="Kobo") for _ in range(3)] == [Accepted()] * 3
        assert proxy.connections == 1


def test_what_the_other_end_has_closed_is_not_connected(clock: Clock) -> None:
    pool = limit_idle(PoolManager(), IdleLimit(clock=clock)).connection_from_url("http://kobo.invalid")
    near, far = socket.socketpair()
    connection: Any = pool.ConnectionCls("kobo.invalid")
    connection.sock = near
    connection.request("POST", "/", b"")
    far.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    connection.getresponse()
    assert connection.is_connected
    far.close()
    assert not connection.is_connected
    connection.close()


def test_a_clock_that_was_set_back_counts_as_idle(make: Make, proxy: IdleProxy, clock: Clock, part: Part) -> None:
    client = make(proxy.port, IdleLimit(clock=clock))
    client.credit()
    proxy.drop()
    clock.now -= 3600
    assert isinstance(client.send(part, sender="Kobo"), Accepted)
    assert isinstance(client.credit(), Decimal)
    assert proxy.connections == 2


@ENDINGS
def test_many_connections_that_were_idle_together(make: Make, proxy: IdleProxy, clock: Clock, part: Part) -> None:
    client = make(proxy.port, IdleLimit(clock=clock), connections=8)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(4):
            answers = list(pool.map(lambda _: client.credit(), range(40)))
            assert {type(answer) for answer in answers} == {Decimal}
            proxy.drop()
            clock.now += 5
    assert proxy.resets == 0


@pytest.mark.parametrize(("seconds", "second"), [(5.0, Accepted), (math.inf, Lost)])
def test_over_tls(
    make: Make,
    clock: Clock,
    part: Part,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    second: type,
) -> None:
    certificate = write_certificate(tmp_path / "server.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running_server(b"sent", certificate) as port, running_proxy(port) as proxy:
        client = make(proxy.port, IdleLimit(seconds, clock), "https")
        assert client.send(part, sender="Kobo") == Accepted()
        proxy.drop()
        clock.now += 10
        assert type(client.send(part, sender="Kobo")) is second
