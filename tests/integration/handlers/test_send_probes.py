"""send_sms as check_credit invokes it for a probe: the answer counts, and attempts do not."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

import send_sms.handler
from kobo_sms.aws.received_messages import make_record
from tests.integration.conftest import PIN
from tests.integration.handlers.conftest import context

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.handlers.conftest import Functions

ONE, PARAM, CREDIT, BILLING, GATEWAY, USER = "2348030100001", *(f"234803000900{n}" for n in range(2, 7))
_names = itertools.count()


def offer(functions: Functions, *to: str, **event: Any) -> dict[str, Any]:
    """Queue requests, receive them and hand them to send_sms; return its answer."""
    aws, url = functions.stack, functions.stack.names["BulkQueue"]
    requests = ({"to": each, "msg": f"Your PIN is {PIN}", "id": f"order-{next(_names)}"} for each in to)
    functions.put(*requests, lane="Bulk")
    found = aws.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
    )
    records = [make_record(message, aws.arn(url)) for message in found["Messages"]]
    return send_sms.handler.handle({"Records": records, **event}, context(30))


@pytest.mark.parametrize(
    ("to", "counts", "stay"),
    [
        ([ONE], (1, 0, 0, 0), 0),
        ([GATEWAY], (0, 0, 0, 1), 1),
        ([USER], (0, 0, 0, 1), 1),
        ([CREDIT], (0, 1, 0, 0), 1),
        ([BILLING], (0, 0, 1, 0), 1),
        ([PARAM], (0, 0, 1, 0), 0),
        ([ONE, GATEWAY, PARAM, CREDIT], (1, 1, 1, 1), 2),
        (["x"], (0, 0, 0, 0), 0),
    ],
)
def test_a_probe_is_counted(functions: Functions, to: list[str], counts: tuple[int, ...], stay: int) -> None:
    answer = offer(functions, *to, probe=True)
    assert tuple(answer[name] for name in ("accepted", "no_credit", "answered", "failed")) == counts
    assert len(answer["batchItemFailures"]) == stay


@pytest.mark.parametrize("event", [{}, {"probe": False}, {"probe": "yes"}, {"probe": 1}])
def test_what_is_no_probe_is_answered_as_lambda_wants_it(functions: Functions, event: dict[str, Any]) -> None:
    assert offer(functions, ONE, **event) == {"batchItemFailures": []}


@pytest.mark.parametrize(("probe", "attempts"), [(True, 0), (False, 1)])
def test_a_gateway_that_fails_in_a_probe_is_no_attempt(
    functions: Functions, aws: Stack, probe: bool, attempts: int
) -> None:
    offer(functions, GATEWAY, probe=probe)
    assert [item["attempts"] for item in aws.items()] == [attempts]


def test_a_probe_goes_ahead_whatever_the_breaker_says(functions: Functions, kobo: MockControl) -> None:
    kobo.add_fault(endpoint="send", answer="error_gw")
    for ten in range(2):
        offer(functions, *(f"23480301000{ten}{n}" for n in range(10)))
    calls = len(kobo.list_calls(endpoint="send"))
    assert calls < 12
    answer = offer(functions, "2348030200001", "2348030200002", "2348030200003", probe=True)
    # On a slow machine some of those before have come back, and are in the batch too.
    assert len(kobo.list_calls(endpoint="send")) - calls == answer["failed"] >= 3


def test_what_the_breaker_holds_back_stays_untouched(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    kobo.add_fault(endpoint="send", answer="error_gw")
    answers = [offer(functions, *(f"23480301000{ten}{n}" for n in range(10))) for ten in range(2)]
    assert [len(answer["batchItemFailures"]) for answer in answers] == [10, 10]
    assert 5 <= len(aws.items()) == len(kobo.list_calls(endpoint="send")) < 12
    waits = [call["VisibilityTimeout"] for call in aws.calls.of("sqs.ChangeMessageVisibility")]
    assert len(waits) == 20
    assert all(1 <= wait <= 120 for wait in waits)
    assert aws.dead() == []


def test_a_probe_that_succeeds_is_logged_and_counted_like_any_other(
    functions: Functions, output: pytest.CaptureFixture[str]
) -> None:
    offer(functions, ONE, probe=True)
    printed = output.readouterr().out
    assert '"outcome":"sent"' in printed
    assert '"Accepted":[1.0]' in printed
