"""The bill of a month: what the texts cost, and what a stack costs whether it sends or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from kobo_cli.cost import runs
from kobo_cli.cost.metrics import usual_metrics
from kobo_cli.cost.part import PartSize, PartUse, use_of_part
from kobo_cli.cost.prices import PRICES
from kobo_cli.cost.template_facts import HOURS_A_MONTH, TemplateFacts
from kobo_cli.cost.workload import Workload

_GB, _DAYS_A_MONTH = 1e9, HOURS_A_MONTH / 24
# Lambda hands over at most 6 MB; a change of the stream has two images, and JSON takes about twice their size.
_MOST_BYTES_HANDED_OVER, _JSON_OF_IMAGES = 6e6, 4
# How many messages queue_campaign puts on the queue by one call.
_MESSAGES_A_CALL = 10


@dataclass(frozen=True)
class Line:
    """One line: how much of a price's unit the texts of a month take, and how much the month itself."""

    service: str
    what: str
    price: str
    texts: float = 0.0
    month: float = 0.0

    @property
    def texts_usd(self) -> float:
        """What the texts cost."""
        return self.texts * PRICES[self.price].usd

    @property
    def month_usd(self) -> float:
        """What the month costs besides."""
        return self.month * PRICES[self.price].usd


@dataclass(frozen=True)
class Bill:
    """All lines, in the order of services."""

    lines: tuple[Line, ...]

    @property
    def texts_usd(self) -> float:
        """What the texts cost, at list prices."""
        return sum(line.texts_usd for line in self.lines)

    @property
    def month_usd(self) -> float:
        """What the month costs besides, at list prices."""
        return sum(line.month_usd for line in self.lines)

    @property
    def less_free(self) -> float:
        """What is left of both in an account that uses nothing else, once AWS's free allowances are taken off."""
        amounts: defaultdict[str, float] = defaultdict(float)
        for line in self.lines:
            amounts[line.price] += line.texts + line.month
        return sum(max(amount - PRICES[name].free, 0.0) * PRICES[name].usd for name, amount in amounts.items())


def reckon(work: Workload, stack: TemplateFacts) -> Bill:
    """Return what a month costs in which a stack sends so much."""
    return Bill(tuple(_Reckoning(work, stack).lines()))


class _Reckoning:
    def __init__(self, work: Workload, stack: TemplateFacts) -> None:
        self._work, self._stack = work, stack
        text = work.characters if stack.store_text else 0
        self._size = PartSize(work.numbers, text, work.campaign)
        self._part: PartUse = use_of_part(self._size, work.rounds, find=work.find)
        self._sends = work.parts / (stack.batch if work.campaign else 1)
        self._publishes = work.parts * self._part.changes / (self._changes_a_batch if work.campaign else 1)

    @property
    def _changes_a_batch(self) -> float:
        large = _MOST_BYTES_HANDED_OVER / (_JSON_OF_IMAGES * self._part.stored_bytes)
        return max(min(self._stack.changes_a_batch, large), 1.0)

    def lines(self) -> Iterator[Line]:
        yield from self._lambda()
        yield from self._sqs()
        yield from self._dynamodb()
        yield from self._eventbridge()
        yield from self._secrets()
        yield from self._cloudwatch()
        yield from self._keys_and_transfer()

    def _lambda(self) -> Iterator[Line]:
        ticks = sum(self._stack.ticks.values())
        yield Line("Lambda", "requests", "lambda requests", self._sends + self._publishes, ticks)
        yield Line("Lambda", "time (arm64)", "lambda time", self._texts_seconds(), self._month_seconds())

    def _texts_seconds(self) -> float:
        work, memory = self._work, self._stack.memory
        messages = self._stack.batch if work.campaign else 1
        send = self._sends * runs.send_ms(messages, self._stack.calls_at_once, work.answer_ms)
        changes = work.parts * self._part.changes
        publish = self._publishes * runs.PUBLISH_MS + changes * runs.PUBLISH_MS_A_CHANGE
        poll = work.texts * work.rounds / runs.polls_a_second(work.numbers) * 1000
        queue = work.parts * runs.QUEUE_MS_A_REQUEST if work.campaign else 0.0
        spent = {"SendSms": send, "PublishStatus": publish, "PollReports": poll, "QueueCampaign": queue}
        return sum(milliseconds * memory[name] for name, milliseconds in spent.items()) / 1000

    def _month_seconds(self) -> float:
        ticks, memory = self._stack.ticks, self._stack.memory
        answer = self._work.answer_ms
        own = {
            "CheckCredit": runs.CHECK.own_ms + answer,
            "PollReports": runs.POLL_IDLE.own_ms + answer,
            "QueueCampaign": runs.QUEUE_IDLE.own_ms,
        }
        ticking = sum(ticks[name] * milliseconds * memory[name] for name, milliseconds in own.items())
        cold = self._cold_starts * runs.COLD_START_MS * memory["SendSms"]
        return (ticking + cold) / 1000

    @property
    def _cold_starts(self) -> float:
        return runs.COLD_STARTS_A_DAY * _DAYS_A_MONTH

    def _sqs(self) -> Iterator[Line]:
        put = self._work.parts / (_MESSAGES_A_CALL if self._work.campaign else 1)
        asked = HOURS_A_MONTH * 3600 / runs.LONG_POLL_SECONDS * runs.QUEUE_POLLERS * self._stack.queues
        # A batch is received and deleted.
        yield Line("SQS", "requests", "sqs", put + 2 * self._sends, asked)

    def _dynamodb(self) -> Iterator[Line]:
        work, ticks = self._work, self._stack.ticks
        checks, polls = ticks["CheckCredit"], ticks["PollReports"]
        written = checks * runs.CHECK.write_units + polls * runs.POLL_BUSY_WRITES
        read = (
            checks * runs.CHECK.read_units
            + polls * runs.POLL_IDLE.read_units
            + ticks["QueueCampaign"] * runs.QUEUE_IDLE.read_units
        )
        yield Line("DynamoDB", "writes", "writes", work.parts * self._part.write_units, written)
        yield Line("DynamoDB", "reads", "reads", work.parts * self._part.read_units, read)
        kept = work.parts * self._part.stored_bytes * self._stack.keep_days / _DAYS_A_MONTH / _GB
        yield Line("DynamoDB", f"storage, {self._stack.keep_days} days", "table", kept)
        yield Line("DynamoDB", "point-in-time recovery", "backup", kept)
        yield Line("DynamoDB", "stream, read by Lambda", "stream", work.parts * self._part.changes)

    def _eventbridge(self) -> Iterator[Line]:
        yield Line("EventBridge", "status events", "events", self._work.parts * self._part.events)
        yield Line("EventBridge", "schedules", "schedules", month=sum(self._stack.ticks.values()))

    def _secrets(self) -> Iterator[Line]:
        yield Line("Secrets Manager", "two secrets", "secrets", month=self._stack.secrets)
        yield Line("Secrets Manager", "calls, one a cold start", "secret calls", month=self._cold_starts)

    def _cloudwatch(self) -> Iterator[Line]:
        texts, month = self._texts_log_bytes() / _GB, self._month_log_bytes() / _GB
        yield Line("CloudWatch", "logs", "logs", texts, month)
        yield Line("CloudWatch", "logs kept for 30 days", "kept logs", texts, month)
        yield Line("CloudWatch", "metrics", "metrics", month=usual_metrics())
        yield Line("CloudWatch", "alarms", "alarms", month=self._stack.alarm_metrics)
        yield Line("CloudWatch", "dashboards", "dashboards", month=self._stack.dashboards)

    def _texts_log_bytes(self) -> float:
        work = self._work
        sends = self._sends * (runs.PLATFORM_BYTES + runs.SEND_BYTES) + work.parts * runs.SEND_BYTES_A_MESSAGE
        # Of a round that ends nothing there is nothing to publish.
        silent = self._publishes * max(work.rounds - 1, 0) / self._part.changes if not work.campaign else 0.0
        told = self._publishes - silent
        publishes = (
            self._publishes * runs.PLATFORM_BYTES + silent * runs.PUBLISH_BYTES + told * runs.PUBLISH_BYTES_WITH_EVENTS
        )
        return sends + publishes + work.texts * runs.POLL_BYTES_A_TEXT

    def _month_log_bytes(self) -> float:
        own = {
            "CheckCredit": runs.CHECK.log_bytes,
            "PollReports": runs.POLL_BUSY_BYTES,
            "QueueCampaign": runs.QUEUE_IDLE.log_bytes,
        }
        return sum(self._stack.ticks[name] * (runs.PLATFORM_BYTES + log_bytes) for name, log_bytes in own.items())

    def _keys_and_transfer(self) -> Iterator[Line]:
        calls = HOURS_A_MONTH * runs.KEY_CALLS_AN_HOUR * len(self._stack.memory)
        yield Line("KMS", "keys of your own", "keys", month=self._stack.keys)
        yield Line("KMS", "calls of DynamoDB", "key calls", month=calls)
        http = self._work.parts + self._work.texts * self._work.rounds
        sent = http * runs.BYTES_A_CALL + self._work.parts * (14 * self._work.numbers + self._work.characters)
        ticks = self._stack.ticks["CheckCredit"] * runs.BYTES_A_CALL
        yield Line("Data transfer", "to KoboMobile", "transfer", sent / _GB, ticks / _GB)
