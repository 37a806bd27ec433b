"""What an invocation of send_sms counts by lane, and for both lanes together; how old the oldest is that it leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_lambda_powertools import Metrics

from kobo_sms.aws.queues import Message
from kobo_sms.batch_metrics import BatchMetrics
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.states import State
from kobo_sms.sending.result import PAUSED, QUIET_HOURS, SendResult

NOW = 1_800_000_000.0


def message(age: float = 5.0, **attributes: str) -> Message:
    return Message("m1", "r1", "{}", attributes, NOW - age, Lane.BULK)


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Metrics:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "KoboSms")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "kobo")
    return Metrics()


def printed(batch: BatchMetrics, metrics: Metrics, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the documents, without what is about them."""
    batch.publish(metrics)
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [{name: value for name, value in each.items() if name != "_aws"} for each in documents]


def test_there_is_a_document_for_the_lane_and_one_for_both(
    metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = BatchMetrics()
    batch.take(message(), SendResult(State.SENT, recipients=3, waited=1.5, opted_out=2), NOW)
    batch.take(message(), SendResult(State.SENT, recipients=1, waited=0.5), NOW)
    batch.take(message(), SendResult(State.FAILED, recipients=2, dead=True), NOW)
    assert printed(batch, metrics, capsys) == [
        {"service": "kobo", "lane": "bulk", "Accepted": [4.0], "SecondsToAccept": [1.5, 0.5]},
        {"service": "kobo", "OptedOut": [2.0], "Failed": [2.0], "DeadLettered": [1.0]},
    ]


def test_nothing_to_tell_prints_nothing(metrics: Metrics, capsys: pytest.CaptureFixture[str]) -> None:
    batch = BatchMetrics()
    batch.take(message(), SendResult("split"), NOW)
    assert printed(batch, metrics, capsys) == []


@pytest.mark.parametrize(
    ("queued_at", "age"),
    [(f"{NOW - 600:.3f}", 600.0), ("yesterday", 40.0), ("nan", 40.0), ("inf", 40.0), (f"{NOW + 60:.3f}", 40.0)],
)
def test_a_part_is_as_old_as_it_says_if_that_can_be_read(
    metrics: Metrics, capsys: pytest.CaptureFixture[str], queued_at: str, age: float
) -> None:
    batch = BatchMetrics()
    batch.take(message(40.0, KoboQueuedAt=queued_at), SendResult("held back", returns_after=9), NOW)
    told = printed(batch, metrics, capsys)
    assert [each["SecondsUnsent"] for each in told] == [[age]]


def test_the_oldest_of_what_comes_back_is_told_failed_records_among_it(
    metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = BatchMetrics()
    batch.take(message(900.0), SendResult(State.SENT, recipients=1), NOW)
    batch.take(message(30.0), SendResult(State.QUEUED, returns_after=9, recipients=1), NOW)
    batch.fail(message(60.0), NOW)
    batch.fail(None, NOW)
    by_lane, together = printed(batch, metrics, capsys)
    assert (by_lane["SecondsUnsent"], together["FailedRecords"]) == ([60.0], [2.0])


@pytest.mark.parametrize("reason", [PAUSED, QUIET_HOURS])
def test_what_is_meant_to_wait_is_not_told(metrics: Metrics, capsys: pytest.CaptureFixture[str], reason: str) -> None:
    batch = BatchMetrics()
    batch.take(message(9e5), SendResult("held back", returns_after=300, reason=reason), NOW)
    assert printed(batch, metrics, capsys) == []
