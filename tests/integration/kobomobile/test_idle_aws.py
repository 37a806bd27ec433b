"""Clients of boto3 that never retry, behind a proxy that drops idle connections.

What `never_reuse_idle` reaches into is botocore's own: these tests fail when the pinned botocore has moved it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ProxyConnectionError, SSLError

from kobo_sms.connections import IdleLimit, never_reuse_idle
from tests.integration.kobomobile.idle_proxy import IdleProxy, running_proxy
from tests.integration.kobomobile.little_server import running_server, write_certificate

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sns import SNSClient

    from tests.integration.conftest import Clock

PUBLISHED = b"""<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
<PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>"""
ONCE: dict[str, Any] = {"retries": {"total_max_attempts": 1}, "connect_timeout": 5, "read_timeout": 5}
WAYS = pytest.mark.parametrize("way", ["http", "https", "by way of an HTTP proxy"])


@dataclass
class Road:
    """How a client comes to the server: through `proxy`, with these arguments."""

    proxy: IdleProxy
    arguments: dict[str, Any]

    def sns(self) -> SNSClient:
        return boto3.client("sns", **self.arguments)

    def functions(self) -> LambdaClient:
        return boto3.client("lambda", **self.arguments)


@pytest.fixture
def road(request: pytest.FixtureRequest, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Road]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    certificate = write_certificate(tmp_path / "server.pem") if way == "https" else None
    body = getattr(request, "param", PUBLISHED)
    with running_server(body, certificate) as port, running_proxy(port) as proxy:
        here, config = f"http://127.0.0.1:{proxy.port}", Config(**ONCE)
        if way == "https":
            here = here.replace("http:", "https:")
        elif way != "http":
            config, here = Config(**ONCE, proxies={"http": here}), "http://aws.invalid"
        verify = str(certificate) if certificate else None
        yield Road(proxy, {"region_name": "eu-west-1", "endpoint_url": here, "config": config, "verify": verify})


def publish(sns: SNSClient) -> str:
    return sns.publish(TopicArn="arn:aws:sns:eu-west-1:123456789012:alerts", Message="low")["MessageId"]


@WAYS
def test_an_alert_is_published_once_whatever_was_idle(road: Road, clock: Clock) -> None:
    sns = never_reuse_idle(road.sns(), IdleLimit(clock=clock))
    assert [publish(sns) for _ in range(3)] == ["m-1"] * 3
    assert road.proxy.connections == 1
    for _ in range(3):
        road.proxy.drop()
        clock.now += 5
        assert [publish(sns) for _ in range(2)] == ["m-1"] * 2
    sns.close()
    assert (road.proxy.connections, road.proxy.resets) == (4, 0)


@WAYS
@pytest.mark.parametrize("limited", [True, False])
def test_without_a_limit_the_answer_is_lost(road: Road, clock: Clock, limited: bool) -> None:
    sns = never_reuse_idle(road.sns(), IdleLimit(math.inf, clock)) if limited else road.sns()
    publish(sns)
    road.proxy.drop()
    clock.now += 3600
    # In the middle of TLS, and of a proxy's connection, the same goes by other names.
    with pytest.raises((ConnectionClosedError, SSLError, ProxyConnectionError)):
        publish(sns)
    sns.close()
    assert road.proxy.resets == 1


@pytest.mark.parametrize("way", ["http"])
@pytest.mark.parametrize("road", [b"{}"], indirect=True)
def test_a_probe_is_invoked_once_whatever_was_idle(road: Road, clock: Clock) -> None:
    functions = never_reuse_idle(road.functions(), IdleLimit(clock=clock))
    for _ in range(3):
        assert functions.invoke(FunctionName="send-sms", Payload=b"{}")["Payload"].read() == b"{}"
        road.proxy.drop()
        clock.now += 5
    functions.close()
    assert (road.proxy.connections, road.proxy.resets) == (3, 0)


class FutureEndpoint:
    """What a client might hold in place of today's endpoint."""

    http_session = object()


@pytest.mark.parametrize("way", ["http"])
@pytest.mark.parametrize("endpoint", [None, FutureEndpoint()])
def test_another_botocore_is_left_as_it_is(road: Road, endpoint: object) -> None:
    sns: Any = road.sns()
    before = sns._endpoint
    sns._endpoint = endpoint
    assert never_reuse_idle(sns) is sns
    sns._endpoint = before
    assert publish(sns) == "m-1"
    sns.close()
