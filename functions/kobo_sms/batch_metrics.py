"""What one invocation of send_sms counts, told to CloudWatch at its end, as metrics in the embedded metric format.

CloudWatch bills each metric for each value of its dimensions. So only what differs by lane is counted by lane; what is
rare is counted for both together, where an alarm finds it whatever the lane.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from kobo_sms.errors import InvalidRequest
from kobo_sms.messages.parts import read_attributes
from kobo_sms.messages.states import State
from kobo_sms.sending.result import AT_REST

if TYPE_CHECKING:
    from aws_lambda_powertools import Metrics

    from kobo_sms.aws.queues import Message
    from kobo_sms.messages.lanes import Lane
    from kobo_sms.sending.result import SendResult

# In recipients. Of an outcome that is in neither (`held back`, `busy`, `split` ...) nothing is counted.
BY_LANE: dict[str, str] = {
    State.SENT: "Accepted",
    State.HELD: "Held",
    State.QUEUED: "Retried",
    State.SENDING: "Retried",
}
TOGETHER: dict[str, str] = {
    State.REJECTED: "Rejected",
    State.FAILED: "Failed",
    State.LAPSED: "Lapsed",
    State.CANCELLED: "Cancelled",
    # Not that of poll_reports, which lacks but a report.
    State.UNKNOWN: "UnknownOutcome",
    "invalid": "Invalid",
    "duplicate": "Duplicates",
}


class BatchMetrics:
    """Takes in messages of one lane, one after the other; not for several threads."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lane: Lane | None = None
        self._waits: list[float] = []
        self._unsent = -math.inf

    def take(self, message: Message, result: SendResult, now: float) -> None:
        """Count the recipients of a message by what became of them; note for how long it has waited."""
        self._lane = message.lane
        name = BY_LANE.get(result.outcome) or TOGETHER.get(result.outcome)
        if name is not None:
            self._counts[name] += max(result.recipients, 1)
        if result.opted_out and result.returns_after is None:
            self._counts["OptedOut"] += result.opted_out
        if result.dead:
            self._counts["DeadLettered"] += 1
        if result.waited is not None:
            self._waits.append(result.waited)
        # Whoever pauses a campaign, or has it rest at night, knows that it waits.
        if result.returns_after is not None and result.reason not in AT_REST:
            self._wait_on(message, now)

    def fail(self, message: Message | None, now: float) -> None:
        """Count a record that an unforeseen error has left unsent; None if it could not even be read."""
        self._counts["FailedRecords"] += 1
        if message is not None:
            self._lane = message.lane
            self._wait_on(message, now)

    def _wait_on(self, message: Message, now: float) -> None:
        self._unsent = max(self._unsent, now - _queued_at(message))

    def publish(self, metrics: Metrics) -> None:
        """Print what was counted, in a document for the lane and one for both lanes together."""
        by_lane = set(BY_LANE.values())
        self._add_counts(metrics, {name: count for name, count in self._counts.items() if name in by_lane})
        for seconds in self._waits:
            metrics.add_metric("SecondsToAccept", MetricUnit.Seconds, seconds)
        if self._unsent >= 0:
            metrics.add_metric("SecondsUnsent", MetricUnit.Seconds, self._unsent)
        if metrics.metric_set and self._lane is not None:
            metrics.add_dimension("lane", self._lane)
        _print(metrics)
        self._add_counts(metrics, {name: count for name, count in self._counts.items() if name not in by_lane})
        _print(metrics)

    def _add_counts(self, metrics: Metrics, counts: dict[str, int]) -> None:
        for name, count in counts.items():
            metrics.add_metric(name, MetricUnit.Count, count)


def _print(metrics: Metrics) -> None:
    # powertools warns when there is nothing to print.
    if metrics.metric_set:
        metrics.flush_metrics()


def _queued_at(message: Message) -> float:
    """Return since when a message waits; that of a part of a larger request, or of one put again, says so itself."""
    try:
        return read_attributes(message.attributes, message.sent_at).queued_at
    except InvalidRequest:
        return message.sent_at
