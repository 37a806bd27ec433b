"""Quiet hours by the functions' own clock, set by the template's parameters."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from kobo_sms.errors import ConfigurationError
from tests.integration.conftest import PIN, create_consumers

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.handlers.conftest import Functions

REQUEST = {"to": "2348030100001", "msg": f"Your PIN is {PIN}", "id": "campaign:1"}


def around_now(begin: float, end: float) -> str:
    """Return quiet hours that begin and end so many hours from now, in UTC."""
    now = datetime.now(UTC)
    return "-".join(f"{now + timedelta(hours=hours):%H:%M}" for hours in (begin, end))


@pytest.fixture
def at_night(deploy: Callable[..., Functions]) -> Functions:
    return deploy(BulkQuietHours=around_now(-2, 2), TimeZone="Etc/UTC")


def test_a_bulk_message_waits_untouched(at_night: Functions, aws: Stack, kobo: MockControl) -> None:
    at_night.put(REQUEST, lane="Bulk")
    assert len(at_night.deliver("Bulk")) == 1
    assert kobo.messages == aws.items() == []
    # A look at the valve, and the wait: an hour at the most.
    assert Counter(name for name, _ in aws.calls.made) == {"dynamodb.UpdateItem": 1, "sqs.ChangeMessageVisibility": 1}
    (wait,) = aws.calls.of("sqs.ChangeMessageVisibility")
    assert wait["VisibilityTimeout"] == 3600


def test_a_priority_message_does_not(at_night: Functions, aws: Stack, kobo: MockControl) -> None:
    at_night.put(REQUEST)
    at_night.deliver()
    assert len(kobo.messages) == 1
    assert aws.item("campaign:1")["state"] == "sent"


def test_what_is_too_old_is_given_up_all_the_same(at_night: Functions, aws: Stack, kobo: MockControl) -> None:
    aws.sqs.send_message(
        QueueUrl=aws.names["BulkQueue"],
        MessageBody=json.dumps(REQUEST),
        MessageAttributes={"KoboQueuedAt": {"DataType": "String", "StringValue": "1000.000"}},
    )
    assert at_night.deliver("Bulk") == []
    ((_, notes),) = aws.dead()
    assert notes["Reason"] == "waited 13 days in the queue"
    assert kobo.messages == []


def test_by_day_a_bulk_message_is_sent_at_no_further_cost(deploy: Callable[..., Functions], aws: Stack) -> None:
    by_day = deploy(BulkQuietHours=around_now(2, 6), TimeZone="Etc/UTC")
    by_day.put(REQUEST | {"id": "warm"}, lane="Bulk")
    by_day.deliver("Bulk")
    aws.calls.made.clear()
    by_day.put(REQUEST, lane="Bulk")
    by_day.deliver("Bulk")
    assert Counter(name for name, _ in aws.calls.made) == {"dynamodb.UpdateItem": 2}


def metrics(text: str, name: str) -> list[float]:
    documents = [json.loads(line) for line in text.splitlines()]
    return [value for document in documents if name in document for value in document[name]]


def test_check_credit_closes_the_bulk_lane_and_rings_no_alarm(
    deploy: Callable[..., Functions], aws: Stack, output: pytest.CaptureFixture[str]
) -> None:
    create_consumers(aws)
    at_night = deploy(BulkQuietHours=around_now(-2, 2), TimeZone="Etc/UTC")
    assert at_night.check_credit() == {"answer": "balance", "closed": {"bulk": "quiet_hours"}, "alerts": []}
    assert (aws.mapping("priority"), aws.mapping("bulk")) == ("Enabled", "Disabled")
    printed = output.readouterr().out
    assert metrics(printed, "LanesClosed") == [0.0]
    assert metrics(printed, "LanesResting") == [1.0]
    assert aws.alerts() == []


def warnings(text: str) -> list[str]:
    lines = map(json.loads, text.splitlines())
    return [line["message"] for line in lines if line.get("level") == "WARNING"]


# By the clock of UTC it is not quiet yet, by Nigeria's it is.
NIGERIAN = {"BulkQuietHours": around_now(0.5, 3), "TimeZone": "Africa/Lagoss"}


def test_for_a_zone_that_nobody_knows_nigerias_stands_in(
    deploy: Callable[..., Functions], kobo: MockControl, output: pytest.CaptureFixture[str]
) -> None:
    stack = deploy(**NIGERIAN)
    stack.put(REQUEST, lane="Bulk")
    stack.deliver("Bulk")
    assert kobo.messages == []
    stack.put(REQUEST)
    stack.deliver()
    assert len(kobo.messages) == 1
    (warning,) = warnings(output.readouterr().out)
    assert "there is no time zone 'Africa/Lagoss'" in warning


def test_check_credit_tells_of_that_zone_too(
    deploy: Callable[..., Functions], aws: Stack, output: pytest.CaptureFixture[str]
) -> None:
    create_consumers(aws)
    assert deploy(**NIGERIAN).check_credit()["closed"] == {"bulk": "quiet_hours"}
    (warning,) = warnings(output.readouterr().out)
    assert "there is no time zone 'Africa/Lagoss'" in warning


def test_quiet_hours_that_make_no_sense_are_a_fault_of_the_deployment(deploy: Callable[..., Functions]) -> None:
    with pytest.raises(ConfigurationError, match="BULK_QUIET_HOURS: quiet hours must be two different times"):
        deploy(BulkQuietHours="20:00-20:00").check_credit()
