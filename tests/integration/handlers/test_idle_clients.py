"""Every client that the functions are made of lets go of idle connections."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from kobo_sms.composition.aws import aws_session
from kobo_sms.composition.credit import credit_app
from kobo_sms.composition.reports import report_app
from kobo_sms.composition.send import send_app
from kobo_sms.connections import FreshConnection, IdleLimit

if TYPE_CHECKING:
    from urllib3 import HTTPConnectionPool, PoolManager

    from tests.integration.handlers.conftest import Functions

APPS: dict[Callable[[], Any], set[str]] = {
    send_app: {"dynamodb", "sqs", "secretsmanager"},
    report_app: {"dynamodb", "lambda", "secretsmanager"},
    credit_app: {"dynamodb", "sqs", "sns", "lambda", "secretsmanager"},
}


def limits(manager: PoolManager) -> set[IdleLimit]:
    """Return the limits of the connections that `manager` makes, asking for one of each kind."""
    return {limit_of(manager.connection_from_url(f"{scheme}://127.0.0.1")) for scheme in ("http", "https")}


def limit_of(pool: HTTPConnectionPool) -> IdleLimit:
    kind: type = pool.ConnectionCls
    assert issubclass(kind, FreshConnection)
    return kind.limit


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.__name__)
def test_the_clients_of_aws(
    deploy: Callable[..., Functions], monkeypatch: pytest.MonkeyPatch, app: Callable[[], Any]
) -> None:
    made: list[Any] = []
    session = aws_session()
    make: Any = session.create_client

    def client(*arguments: Any, **options: Any) -> Any:
        made.append(make(*arguments, **options))
        return made[-1]

    deploy(ReportShards="2")
    monkeypatch.setattr(session, "create_client", client)
    app()
    assert {each.meta.service_model.service_name for each in made} == APPS[app]
    for each in made:
        assert limits(each._endpoint.http_session._manager) == {IdleLimit(5.0, time.time)}


def test_the_client_of_kobomobile(functions: Functions) -> None:
    assert limit_of(send_app().sender.sender._client._pool) == IdleLimit(5.0, time.time)
