"""How fast each function goes: what follows from a stack's settings and the measured times. Seconds, and per second."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import ceil

from benchmarks.scale.inputs import Inputs
from benchmarks.scale.stack import Lane, Stack
from benchmarks.shards import MINUTE, Measured, run
from kobo_sms.campaigns.lane_filling import MOST_A_SECOND_EACH
from kobo_sms.table import DUE_SHARDS

_QUERY, _GET = 0.006, 0.012
# A run of queue_campaign ends 15 of its 60 seconds early, and the next tick goes on.
_QUEUEING_SHARE = 45 / 60
# Of a text's 4.4 changes three are told; PutEvents takes ten at once, and the entries of `kobo find` follow each call.
EVENTS, EVENTS_A_CALL = 3, 10


def share(stack: Stack, function: str, inputs: Inputs) -> float:
    """Return how much of a processor a function has."""
    return min(stack.memory[function] / inputs.whole_processor, 1.0)


def send_processor(texts: int, inputs: Inputs) -> float:
    """Return the milliseconds of processor time of a batch: a part for the batch, and as much for each text."""
    each = (10 * inputs.send_of_ten - inputs.send_alone) / 9
    return inputs.send_alone + (texts - 1) * each


def send_seconds(lane: Lane, texts: int, processors: float, inputs: Inputs) -> float:
    """Return how long an invocation of send_sms takes: claims, calls in rounds, outcomes."""
    waits = 2 * inputs.write + ceil(texts / lane.calls) * inputs.answer
    return (waits + send_processor(texts, inputs) / processors) / 1000


def lane_rate(lane: Lane, processors: float, inputs: Inputs) -> float:
    """Return how many parts a second a lane sends whose queue is never empty."""
    turn = send_seconds(lane, lane.batch, processors, inputs) + inputs.between / 1000
    return lane.invocations * lane.batch / turn


@dataclass(frozen=True)
class Rates:
    """Per second: parts of the lanes, questions to report/, changes of one shard of the stream, requests queued.

    `alone` is how long an invocation with one text takes, `change` how long a change takes in a full batch (seconds).
    """

    priority: float
    bulk: float
    questions: float
    changes: float
    queueing: float
    alone: float
    change: float


def rates_of(stack: Stack, inputs: Inputs) -> Rates:
    """Return how fast the functions of one stack go."""
    send = share(stack, "SendSms", inputs)
    change = _change_seconds(share(stack, "PublishStatus", inputs), inputs)
    most = stack.send_concurrency * MOST_A_SECOND_EACH
    processed = share(stack, "QueueCampaign", inputs) / inputs.queue * 1000 * _QUEUEING_SHARE
    return Rates(
        priority=lane_rate(stack.priority, send, inputs),
        bulk=lane_rate(stack.bulk, send, inputs),
        questions=_questions(stack.report_shards, share(stack, "PollReports", inputs), inputs),
        changes=stack.parallelization / change,
        queueing=min(most, processed),
        alone=send_seconds(stack.priority, 1, send, inputs),
        change=change,
    )


@cache
def _questions(shards: int, processors: float, inputs: Inputs) -> float:
    """Return the questions a second of all shards together, over whole minutes: `benchmarks.shards` knows how."""
    measured = Measured(
        call=inputs.answer / 1000,
        processor=inputs.report / 1000,
        part=0.0,
        query=_QUERY,
        get=_GET,
        write=inputs.write / 1000,
        share=processors,
        questions=inputs.rounds,
    )
    lookups = len(DUE_SHARDS) // shards
    return sum(run(measured, 1, lookups=lookups, seed=seed).calls for seed in range(shards)) / MINUTE


def _change_seconds(processors: float, inputs: Inputs) -> float:
    """Return how long a change takes: its processor time, and its part of a call of EventBridge and of DynamoDB."""
    told = EVENTS / (2 + inputs.rounds) / EVENTS_A_CALL
    return (inputs.publish / processors + told * (inputs.put_events + inputs.write)) / 1000
