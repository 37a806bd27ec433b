"""What to turn until no limit is used beyond the share that is allowed at the peak."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import ceil
from typing import Any

from benchmarks.scale.flow import run_day
from benchmarks.scale.inputs import Inputs
from benchmarks.scale.limits import BUS, LAMBDA, PARALLEL, SEND, SHARDS, TABLE, WARM, Limit, limits_of
from benchmarks.scale.load import Load
from benchmarks.scale.stack import (
    PARALLELIZATION,
    Stack,
    next_memory,
    next_parallelization,
    next_value,
    read_stack,
    with_parameter,
)

_MOST_STACKS = 500
POLLER = "PollReports"
# Quotas are asked for in such steps.
_STEPS = {"concurrency": 1000, "table": 10_000, "warm": 1000, "events": 5000}


class NothingToTurn(Exception):
    """No number of stacks keeps all limits."""


def default(load: Load) -> Stack:
    """Return the stack as it comes."""
    return read_stack({}, load.inputs)


def turned(load: Load) -> Stack:
    """Return what keeps every limit: the fewest stacks, and of them the smallest settings and quotas.

    Raises NothingToTurn.
    """
    for number in range(1, _MOST_STACKS):
        made = _turn_all(load, replace(default(load), number=number))
        if made is not None:
            return made
    raise NothingToTurn(f"{load.texts:,.0f} texts a day")


def over(load: Load, stack: Stack) -> list[Limit]:
    """Return the limits that are used too far, the worst first: wholly; beyond `full` where AWS refuses the rest."""
    found = [each for each in limits_of(load, stack) if each.utilisation > (1.0 if each.waits else load.inputs.full)]
    return sorted(found, key=lambda each: -each.utilisation)


def late(load: Load, stack: Stack) -> list[Limit]:
    """Return what comes so late in the day that an alarm rings: a campaign that is sent quickly leaves it behind."""
    day, inputs = run_day(load, stack), load.inputs
    found = [
        Limit("reports late", day.late_reports, inputs.late_reports, "seconds", SHARDS),
        Limit("status events late", day.late_events, inputs.late_events, "seconds", PARALLEL),
    ]
    return [each for each in found if each.utilisation > 1]


def _turn_all(load: Load, stack: Stack) -> Stack | None:
    """Return the stack with all turned that needs to be; None if that is not enough."""
    while found := over(load, stack) or late(load, stack):
        made = (_turn(stack, each, load.inputs) for each in found)
        better = next((each for each in made if each is not None), None)
        if better is None:
            return None
        stack = better
    return stack


def _turn(stack: Stack, limit: Limit, inputs: Inputs) -> Stack | None:
    """Return the stack with a limit's setting or quota turned on, None if nothing turns it."""
    quota = partial(_quota, stack, limit, inputs)
    knobs: dict[str, Callable[[], Stack | None]] = {
        SEND: lambda: _parameter(stack, "SendConcurrency", inputs),
        SHARDS: lambda: _parameter(stack, "ReportShards", inputs) or _memory(stack, inputs),
        PARALLEL: lambda: _parallelization(stack),
        LAMBDA: lambda: quota("concurrency"),
        TABLE: lambda: quota("table"),
        WARM: lambda: quota("warm"),
        BUS: lambda: quota("events"),
    }
    return knobs.get(limit.turn, lambda: None)()


def _parameter(stack: Stack, name: str, inputs: Inputs) -> Stack | None:
    value = next_value(stack, name)
    return None if value is None else with_parameter(stack, name, value, inputs)


def _parallelization(stack: Stack) -> Stack | None:
    value = next_parallelization(stack)
    return None if value is None else replace(stack, parallelization=value)


def _memory(stack: Stack, inputs: Inputs) -> Stack | None:
    value = next_memory(stack, POLLER, inputs.whole_processor)
    return None if value is None else replace(stack, memory={**stack.memory, POLLER: value})


def _quota(stack: Stack, limit: Limit, inputs: Inputs, name: str) -> Stack:
    step = _STEPS[name]
    quota: dict[str, Any] = {name: ceil(limit.used / inputs.full / step) * step}
    return replace(stack, **quota)


def turns(load: Load, stack: Stack) -> list[str]:
    """Return in words what differs from the stack as it comes."""
    usual = default(load)
    told = {
        "{:,} stacks": (stack.number, usual.number),
        "`SendConcurrency` {:,}": (stack.send_concurrency, usual.send_concurrency),
        "`ReportShards` {:,}": (stack.report_shards, usual.report_shards),
        f"`MemorySize` {{:,.0f}} of `{POLLER}`": (stack.memory[POLLER], usual.memory[POLLER]),
        f"`{PARALLELIZATION}` {{:,}}": (stack.parallelization, usual.parallelization),
        "Lambda's concurrent executions {:,.0f}": (stack.concurrency, usual.concurrency),
        "the table's warm throughput {:,.0f}": (stack.warm, usual.warm),
        "the table's write quota {:,.0f}": (stack.table, usual.table),
        "PutEvents {:,.0f} a second": (stack.events, usual.events),
    }
    return [words.format(now) for words, (now, before) in told.items() if now != before]
