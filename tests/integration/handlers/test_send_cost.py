from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.integration.conftest import PIN

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.handlers.conftest import Functions

TEXT = f"Your PIN is {PIN}"


def warm_up(functions: Functions, aws: Stack, kobo: MockControl) -> int:
    functions.put({"to": "2348030100001", "msg": TEXT})
    functions.deliver()
    aws.calls.made.clear()
    return len(kobo.list_calls(endpoint="send"))


def test_a_cold_start_reads_the_secret_once(functions: Functions, aws: Stack) -> None:
    functions.put(*({"to": "2348030100001", "msg": TEXT} for _ in range(5)))
    functions.deliver()
    assert len(aws.calls.of("secretsmanager.GetSecretValue")) == 1


def test_a_warm_part_costs_one_call_and_two_writes(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    before = warm_up(functions, aws, kobo)
    functions.put({"to": [f"23480301{n:05d}" for n in range(500)], "msg": TEXT})
    functions.deliver()
    assert len(kobo.list_calls(endpoint="send")) == before + 1
    assert Counter(name for name, _ in aws.calls.made) == {"dynamodb.UpdateItem": 2}


def test_a_promotional_part_costs_five_look_ups_more(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    before = warm_up(functions, aws, kobo)
    functions.put({"to": [f"23480301{n:05d}" for n in range(500)], "msg": TEXT, "promotional": True})
    functions.deliver()
    assert len(kobo.list_calls(endpoint="send")) == before + 1
    assert Counter(name for name, _ in aws.calls.made) == {"dynamodb.UpdateItem": 2, "dynamodb.BatchGetItem": 5}
    keys = [len(call["RequestItems"]["messages"]["Keys"]) for call in aws.calls.of("dynamodb.BatchGetItem")]
    assert keys == [100] * 5


def test_a_retry_costs_the_same_and_the_wait(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    before = warm_up(functions, aws, kobo)
    functions.put({"to": "2348030009004", "msg": TEXT})
    functions.deliver()
    functions.come_back()
    functions.deliver()
    assert len(kobo.list_calls(endpoint="send")) == before + 2
    assert Counter(name for name, _ in aws.calls.made) == {"dynamodb.UpdateItem": 4, "sqs.ChangeMessageVisibility": 2}


def test_a_duplicate_costs_one_refused_write(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    request = {"to": "2348030100001", "msg": TEXT, "id": "order-1"}
    functions.put(request)
    before = warm_up(functions, aws, kobo)
    functions.put(request)
    functions.deliver()
    assert len(kobo.list_calls(endpoint="send")) == before
    assert Counter(name for name, _ in aws.calls.made) == {"dynamodb.UpdateItem": 1}


def test_polling_a_part_costs_one_write_and_one_call_a_recipient(
    functions: Functions, aws: Stack, kobo: MockControl
) -> None:
    kobo.set_clock(delivery_seconds=1000)
    functions.put({"to": [f"23480301{n:05d}" for n in range(7)], "msg": TEXT, "id": "order-1"})
    functions.deliver()
    aws.calls.made.clear()
    assert functions.poll() == {"parts": 1, "calls": 7}
    written = Counter(update["Key"]["id"]["S"] for update in aws.calls.of("dynamodb.UpdateItem"))
    # Its shard is leased and given back, however many of its parts are due; what was counted is written once a run.
    assert written == {"order-1": 1, "~reports": 2, "~stats": 1}
    assert len(aws.calls.of("dynamodb.BatchGetItem")) == 1
    assert len(kobo.list_calls(endpoint="report")) == 7
