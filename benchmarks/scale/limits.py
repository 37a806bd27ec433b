"""Each limit: how much of it a day needs at its peak, how much there is, and what turns it.

All needs grow in proportion to the texts, so no simulation is needed to find where a limit lies; `flow` and `passwords`
tell what happens to texts once one is reached.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil

from benchmarks.scale.load import Load
from benchmarks.scale.rates import EVENTS, EVENTS_A_CALL, Rates, rates_of
from benchmarks.scale.stack import Stack
from kobo_cli.cost.part import PartSize
from kobo_sms.campaigns.lane_filling import MOST_A_SECOND_EACH
from kobo_sms.table import CAMPAIGN_SHARDS, DUE_SHARDS

# For how many seconds of sending queue_campaign lets requests wait on the queue (campaigns/lane_filling.py).
SECONDS_WAITING = 20
# With which a mapping begins ("Configuring scaling behavior for SQS event source mappings" in Lambda's guide).
_FIRST_INVOCATIONS = 5
# check_credit and a probe of it, queue_campaign.
_OTHER_EXECUTIONS = 3
# Of a text (docs/kobomobile-api.md), and what `history` and `rounds` of a part may grow to
# (docs/how-it-works.md, "What is remembered").
_MOST_CHARACTERS, _MOST_REMEMBERED = 905, (9 + 4) * 1024
# What turns a limit; STACKS: a stack more beside this one, as nothing else does.
SEND, SHARDS, PARALLEL, STACKS = "send", "shards", "parallel", "stacks"
LAMBDA, TABLE, WARM, BUS = "concurrency", "table", "warm", "events"


@dataclass(frozen=True)
class Limit:
    """A limit: `used` at the peak of `available`; `turn` is one of the above.

    What is beyond it `waits` and nothing else; elsewhere it is refused, or a password waits.
    """

    name: str
    used: float
    available: float
    unit: str
    turn: str
    waits: bool = False

    @property
    def utilisation(self) -> float:
        """The share that is used; above 1 it is not enough."""
        return self.used / self.available


@dataclass(frozen=True)
class Need:
    """What one stack is to do in the busiest seconds: passwords and parts of a campaign, per second."""

    load: Load
    passwords: float
    parts: float

    @property
    def questions(self) -> float:
        """Questions to report/: of a campaign one for each recipient."""
        return (self.passwords + self.parts * self.load.numbers) * self.load.inputs.rounds

    @property
    def changes(self) -> float:
        """Changes of the stream."""
        return (self.passwords + self.parts) * (2 + self.load.inputs.rounds)

    def units(self, of: str) -> float:
        """Units of writes `of` the table, the index `due` or the index `campaign`."""
        one, other = self.load.password_use(), self.load.campaign_use()
        each, part = (getattr(use.sending, of) + getattr(use.asking, of) for use in (one, other))
        return float(self.passwords * each + self.parts * part)


def need_of(load: Load, stack: Stack) -> Need:
    """Return what each of the stacks is to do."""
    one = replace(load, texts=load.texts / stack.number)
    return Need(one, one.peak, one.wanted)


def limits_of(load: Load, stack: Stack) -> list[Limit]:
    """Return all limits, for a day of such a load."""
    need, rates = need_of(load, stack), rates_of(stack, load.inputs)
    return [*_sending(need, stack, rates), *_table(need, stack), *_telling(need, stack, rates)]


def _sending(need: Need, stack: Stack, rates: Rates) -> Iterator[Limit]:
    inputs = need.load.inputs
    yield Limit("priority lane", need.passwords, rates.priority, "texts a second", SEND)
    yield Limit("bulk lane", need.parts, rates.bulk, "calls of send/ a second", SEND, waits=True)
    yield Limit("`queue_campaign`", need.parts, rates.queueing, "requests a second", SEND, waits=True)
    yield Limit("Lambda: concurrent executions", executions(need, stack, rates), stack.concurrency, "", LAMBDA)
    begun = stack.number * (need.passwords + need.parts / stack.bulk.batch + need.changes / stack.changes)
    yield Limit("Lambda: invocations", begun, inputs.begun * stack.concurrency, "a second", LAMBDA)
    added = stack.bulk.invocations - _FIRST_INVOCATIONS
    yield Limit("Lambda: growth of a mapping", max(added, 0), inputs.ramp, "invocations in the first minute", STACKS)
    paused = stack.send_concurrency * MOST_A_SECOND_EACH * SECONDS_WAITING
    yield Limit("SQS: in flight, a campaign paused", paused, inputs.in_flight, "messages", STACKS)


def executions(need: Need, stack: Stack, rates: Rates) -> float:
    """Return how many invocations run at once in the account: the bulk lane takes all that its mapping may."""
    sending = stack.bulk.invocations + min(need.passwords * rates.alone, stack.priority.invocations)
    return stack.number * (sending + stack.report_shards + _OTHER_EXECUTIONS + need.changes * rates.change)


def _table(need: Need, stack: Stack) -> Iterator[Limit]:
    inputs, units = need.load.inputs, "units a second"
    table, due, campaign = (need.units(of) for of in ("table", "due", "campaign"))
    yield Limit("DynamoDB: table", table, stack.table, units, TABLE)
    yield Limit("DynamoDB: a new table", max(table, due, campaign), stack.warm, units, WARM)
    yield Limit("DynamoDB: index `due`", due, len(DUE_SHARDS) * inputs.partition, units, STACKS)
    yield Limit("DynamoDB: index `campaign`", campaign, CAMPAIGN_SHARDS * inputs.partition, units, STACKS)
    counted = (stack.bulk.invocations + stack.priority.invocations) / inputs.valve_every * inputs.valve_units
    yield Limit("DynamoDB: item `~valve`", counted, inputs.partition, units, STACKS)
    yield Limit("DynamoDB: item of 500 numbers", largest_item(need.load), inputs.item, "bytes", STACKS)


def largest_item(load: Load) -> float:
    """Return the bytes of the largest part there is, with the longest history and all rounds of questions."""
    return PartSize(500, _MOST_CHARACTERS, campaign=True).final(load.inputs.rounds) + _MOST_REMEMBERED


def _telling(need: Need, stack: Stack, rates: Rates) -> Iterator[Limit]:
    yield Limit("`poll_reports`", need.questions, rates.questions, "questions a second", SHARDS, waits=True)
    published = shards_of_stream(need, stack) * rates.changes
    yield Limit("`publish_status`", need.changes, published, "changes a second", PARALLEL, waits=True)
    calls = stack.number * (need.passwords + need.parts) * EVENTS / EVENTS_A_CALL
    yield Limit("EventBridge: PutEvents", calls, stack.events, "calls a second", BUS)


def shards_of_stream(need: Need, stack: Stack) -> int:
    """Return how many shards the stream has: one for each partition of the table."""
    return ceil(max(stack.warm, need.units("table")) / need.load.inputs.partition)
