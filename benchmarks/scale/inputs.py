"""What the model is fed with, and where each figure comes from. A new measurement is an edit here, and nowhere else.

Then `.venv/bin/python -m benchmarks.scale --page docs/scale.md --write docs/scale.svg` brings the page up to date.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import NamedTuple

_GUESS = "assumed"
_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/"
_DYNAMODB = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"


def _figure(value: float, unit: str, what: str, source: str) -> float:
    made: float = field(default=value, metadata={"unit": unit, "what": what, "source": source})
    return made


@dataclass(frozen=True)
class Inputs:
    """Each field's metadata tells its unit, what it is and its source; `described` lists them.

    Times of the processor are those of a whole one; a function has the share of it that its memory buys.
    """

    # --- measured ---------------------------------------------------------------------------------------------
    send_alone: float = _figure(2.8, "ms", "processor time of `send_sms` for a text alone", "`make bench`")
    send_of_ten: float = _figure(1.1, "ms", "the same for each text of a batch of ten", "`make bench`")
    report: float = _figure(
        0.65, "ms", "processor time of `poll_reports` for a question, its part included", "`benchmarks.polling`"
    )
    publish: float = _figure(
        0.32, "ms", "processor time of `publish_status` for a change", "`benchmarks.publish_cpu`, a batch of 100"
    )
    queue: float = _figure(
        0.145, "ms", "processor time of `queue_campaign` for a request", "`benchmarks.queue_campaign`"
    )
    rounds: float = _figure(2.4, "", "questions to report/ for a text", "`benchmarks.learned_schedule`")
    valve_units: float = _figure(
        7, "units", "a write of the item `~valve` at its largest", "counts of 120 s, 4 kB of changes"
    )
    valve_every: float = _figure(4, "s", "between two such writes of one process", "`valve/breaker.py`")

    # --- assumed ----------------------------------------------------------------------------------------------
    answer: float = _figure(300, "ms", "KoboMobile's answer", f"{_GUESS}: 100 to 500, nobody has measured it")
    write: float = _figure(8, "ms", "an answer of DynamoDB", f"{_GUESS}: its usual one")
    put_events: float = _figure(15, "ms", "an answer of EventBridge", f"{_GUESS}: its usual one")
    between: float = _figure(30, "ms", "between two invocations of a mapping: delete, receive", _GUESS)
    arrival: float = _figure(20, "ms", "from SendMessage to the invocation", _GUESS)
    cold_start: float = _figure(1200, "ms", "a cold start of `send_sms`", "`kobo_cli/cost/runs.py`")
    kept_warm: float = _figure(300, "s", "for which an idle environment is kept", f"{_GUESS}: AWS promises none")
    spread: float = _figure(0.2, "", "sigma of the answers' log-normal times", "as `benchmarks.shards`")

    # --- AWS's limits -----------------------------------------------------------------------------------------
    whole_processor: float = _figure(
        1769, "MB", "memory that buys a whole processor", f"{_LAMBDA}configuration-memory.html"
    )
    concurrency: float = _figure(
        1000, "", "concurrent executions of an account (a new one: 10)", f"{_LAMBDA}gettingstarted-limits.html"
    )
    begun: float = _figure(
        10, "a second", "invocations for each of the account's concurrent executions", f"{_LAMBDA}scaling-behavior.html"
    )
    ramp: float = _figure(
        300, "a minute", "by which a mapping's invocations may grow, from 5", f"{_LAMBDA}services-sqs-scaling.html"
    )
    in_flight: float = _figure(
        120_000,
        "",
        "messages of a queue that are in flight",
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html",
    )
    partition: float = _figure(
        1000,
        "units a second",
        "writes of a partition, of the table or an index",
        f"{_DYNAMODB}bp-partition-key-design.html",
    )
    table: float = _figure(
        40_000, "units a second", "writes of a table or of one of its indexes", f"{_DYNAMODB}ServiceQuotas.html"
    )
    new_table: float = _figure(
        4000, "units a second", "writes of a table that is new", f"{_DYNAMODB}on-demand-capacity-mode.html"
    )
    item: float = _figure(400 * 1024, "bytes", "of an item", f"{_DYNAMODB}Constraints.html")
    events: float = _figure(
        10_000,
        "a second",
        "calls of PutEvents, eu-west-1",
        "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html",
    )

    # --- the day ----------------------------------------------------------------------------------------------
    passwords: float = _figure(0.2, "", "share of the texts that are passwords", _GUESS)
    burst: float = _figure(1.5, "", "the busiest minute's passwords, to its hour's mean", _GUESS)
    promised: float = _figure(2, "h", "in which a campaign is to be through", "the next one begins then")
    late_reports: float = _figure(1800, "s", "by which reports may be late", "`ReportBacklogAlarm`")
    late_events: float = _figure(900, "s", "by which status events may be late", "`StatusLateAlarm`")
    full: float = _figure(0.8, "", "of a limit beyond which AWS refuses, that may be used at the peak", _GUESS)


class Described(NamedTuple):
    """One input, for the page."""

    what: str
    value: str
    source: str


def described(inputs: Inputs) -> list[Described]:
    """Return all inputs in their order."""
    return [
        Described(
            each.metadata["what"],
            f"{getattr(inputs, each.name):,g} {each.metadata['unit']}".rstrip(),
            _link(each.metadata["source"]),
        )
        for each in fields(inputs)
    ]


def _link(source: str) -> str:
    if not source.startswith("https://"):
        return source
    return f"[{source.rpartition('/')[2].removesuffix('.html')}]({source})"
