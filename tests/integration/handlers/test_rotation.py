"""KoboMobile's password is changed, and the secret with it: nobody deploys anything, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from kobo_sms.composition.send import send_app
from tests.integration.conftest import PIN

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.handlers.conftest import Functions

ROTATED = "rotated-horse-8"
SECRET = "secretsmanager.GetSecretValue"


def requests(prefix: str, count: int) -> list[dict[str, Any]]:
    return [{"to": f"+234803010{at:04d}", "msg": f"Your PIN is {PIN}", "id": f"{prefix}-{at}"} for at in range(count)]


def warm_up(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    functions.put(*requests("warm", 1))
    functions.deliver()
    aws.calls.made.clear()
    kobo.clear_messages()


@contextmanager
def secrets_manager_down(fault: Exception) -> Iterator[None]:
    """Have send_sms be refused by Secrets Manager, warm or cold."""

    def refuse(**_: Any) -> None:
        raise fault

    events = send_app().sender.sender._client._credentials._client.meta.events
    events.register("before-call.secrets-manager.GetSecretValue", refuse)
    try:
        yield
    finally:
        events.unregister("before-call.secrets-manager.GetSecretValue", refuse)


def test_a_rotation_needs_no_deployment(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    warm_up(functions, aws, kobo)
    kobo.set_account(password=ROTATED)
    aws.set_login(password=ROTATED)
    functions.put(*requests("after", 3))
    assert functions.deliver() == []
    assert len(kobo.messages) == 3
    assert len(aws.calls.of(SECRET)) == 1
    assert {item["state"] for item in aws.items()} == {"sent"}
    # No symptom: nobody is told of a fault that was none.
    assert [item for item in aws.everything() if item["id"] == "~valve"] == []


def test_refused_without_a_new_secret_all_is_held_at_little_cost(
    functions: Functions, aws: Stack, kobo: MockControl
) -> None:
    warm_up(functions, aws, kobo)
    kobo.set_account(password=ROTATED)
    for batch in range(3):
        functions.put(*requests(f"held-{batch}", 10))
        assert len(functions.deliver()) == 10
    assert kobo.messages == []
    # One fetch, and the circuit breaker: not thirty calls repeated once each.
    assert len(aws.calls.of(SECRET)) == 1
    assert len(kobo.list_calls(endpoint="send")) < 15
    assert {item["attempts"] for item in aws.items() if item["id"].startswith("held")} == {0}


@pytest.mark.parametrize(
    "fault", [ClientError({"Error": {"Code": "Down"}}, "GetSecretValue"), EndpointConnectionError(endpoint_url="x")]
)
@pytest.mark.parametrize("warm", [True, False])
def test_with_secrets_manager_down_it_is_held_and_nothing_is_lost(
    deploy: Callable[[], Functions], aws: Stack, kobo: MockControl, fault: Exception, warm: bool
) -> None:
    functions = deploy()
    if warm:
        warm_up(functions, aws, kobo)
    kobo.set_account(password=ROTATED)
    aws.set_login(password=ROTATED)
    functions.put(*requests("held", 1))
    with secrets_manager_down(fault):
        assert len(functions.deliver()) == 1
    assert kobo.messages == []
    held = [item for item in aws.items() if item["id"] == "held-0"]
    assert [item["state"] for item in held] == ["held"] * warm
    assert {int(item["attempts"]) for item in held} <= {0}
    # Another process finds all as it should be.
    functions.come_back()
    deploy().deliver()
    assert len(kobo.messages) == 1
    assert aws.dead() == []
