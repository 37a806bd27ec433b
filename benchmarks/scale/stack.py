"""A stack as template.yaml makes it of its parameters, and the quotas of the account that it is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from benchmarks.scale.inputs import Inputs
from local_aws.plan import SOURCE
from local_aws.template import parameters
from local_aws.template.intrinsics import Resolver
from local_aws.template.source import Template, load

PARALLELIZATION = "ParallelizationFactor"
# Lambda's guide, "Process multiple batches of the same shard": 1 to 10.
_MOST_PARALLEL = 10


@dataclass(frozen=True)
class Lane:
    """A queue's mapping: how many invocations it makes at once, and what each does."""

    invocations: int
    calls: int
    batch: int


@dataclass(frozen=True)
class Stack:
    """What limits one of `number` equal stacks. `memory` is MB by the function's logical name; the quotas are those of
    the account (`concurrency`, `events`) and of the table (`table`, and `warm`: what it is ready for at once)."""

    parameters: tuple[tuple[str, str], ...]
    priority: Lane
    bulk: Lane
    memory: Mapping[str, float]
    report_shards: int
    changes: int
    parallelization: int
    concurrency: float
    table: float
    warm: float
    events: float
    number: int = 1

    @property
    def send_concurrency(self) -> int:
        """The parameter."""
        return int(dict(self.parameters)["SendConcurrency"])


def read_stack(given: Mapping[str, str], inputs: Inputs) -> Stack:
    """Return the stack that the template makes of the parameters `given`, in an account with the usual quotas."""
    template = read_template()
    values = parameters.settle(template["Parameters"], dict(given))
    resolver = Resolver(values, lambda *_: "", template["Mappings"], template["Conditions"])
    functions = {name: each["Properties"] for name, each in template["Resources"].items() if _is_function(each)}
    send, publish = functions["SendSms"], functions["PublishStatus"]["Events"]["Changes"]["Properties"]
    calls = int(resolver.resolve(send["Environment"]["Variables"]["CALLS_AT_ONCE"]))
    usual = template["Globals"]["Function"]["MemorySize"]
    return Stack(
        parameters=tuple(sorted({**given, **_of_interest(values)}.items())),
        priority=_lane(send["Events"]["Priority"]["Properties"], calls, resolver),
        bulk=_lane(send["Events"]["Bulk"]["Properties"], calls, resolver),
        memory={name: float(resolver.resolve(each.get("MemorySize", usual))) for name, each in functions.items()},
        report_shards=int(values["ReportShards"]),
        changes=int(publish["BatchSize"]),
        parallelization=int(resolver.resolve(publish.get(PARALLELIZATION, 1))),
        concurrency=inputs.concurrency,
        table=inputs.table,
        warm=inputs.new_table,
        events=inputs.events,
    )


def with_parameter(stack: Stack, name: str, value: str, inputs: Inputs) -> Stack:
    """Return the stack deployed with another value of a parameter; what else was turned stays."""
    made = read_stack({**dict(stack.parameters), name: value}, inputs)
    kept = ("memory", "parallelization", "concurrency", "table", "warm", "events", "number")
    return replace(made, **{each: getattr(stack, each) for each in kept})


def next_value(stack: Stack, name: str) -> str | None:
    """Return the next larger value that the template allows a parameter, None if there is none."""
    allowed = sorted(int(each) for each in read_template()["Parameters"][name]["AllowedValues"])
    larger = [each for each in allowed if each > int(dict(stack.parameters)[name])]
    return str(larger[0]) if larger else None


def next_parallelization(stack: Stack) -> int | None:
    """Return the next larger number of batches of a shard at once, None if there is none."""
    larger = min(stack.parallelization * 2, _MOST_PARALLEL)
    return larger if larger > stack.parallelization else None


def next_memory(stack: Stack, function: str, most: float) -> float | None:
    """Return a function's next larger memory: twice as much, at the `most` what buys a whole processor; or None."""
    larger = min(stack.memory[function] * 2, most)
    return larger if larger > stack.memory[function] else None


@cache
def read_template() -> Template:
    """Return template.yaml, read once."""
    return load(SOURCE)


def _is_function(resource: Mapping[str, Any]) -> bool:
    return str(resource["Type"]) == "AWS::Serverless::Function"


def _of_interest(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(values[name]) for name in ("SendConcurrency", "ReportShards")}


def _lane(mapping: Mapping[str, Any], calls: int, resolver: Resolver) -> Lane:
    invocations = int(resolver.resolve(mapping["ScalingConfig"]["MaximumConcurrency"]))
    return Lane(invocations, calls, int(resolver.resolve(mapping["BatchSize"])))
