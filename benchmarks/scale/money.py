"""What a day costs at list prices: the reckoning of `kobo cost`, for the passwords and for the campaigns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from benchmarks.scale.load import CAMPAIGNS_AT, Load
from benchmarks.scale.stack import Stack, read_template
from kobo_cli.cost.bill import Bill, reckon
from kobo_cli.cost.template_facts import HOURS_A_MONTH, facts_of
from kobo_cli.cost.workload import Workload
from local_aws.template import parameters

DAYS_A_MONTH = HOURS_A_MONTH / 24


def dollars_a_day(load: Load, stack: Stack) -> Mapping[str, float]:
    """Return US dollars a day by service, all stacks together; each password is reckoned to be sent by itself."""
    passwords, campaigns = bills(load, stack)
    found: defaultdict[str, float] = defaultdict(float)
    for bill in (passwords, campaigns):
        for line in bill.lines:
            found[line.service] += line.texts_usd / DAYS_A_MONTH
    # What a month costs besides is the same in both bills.
    for line in passwords.lines:
        found[line.service] += stack.number * line.month_usd / DAYS_A_MONTH
    return {service: usd for service, usd in found.items() if usd >= 0.005}


def bills(load: Load, stack: Stack) -> tuple[Bill, Bill]:
    """Return a month's bills, of the passwords and of the campaigns."""
    template = read_template()
    facts = facts_of(template, parameters.settle(template["Parameters"], dict(stack.parameters)))
    facts = replace(facts, memory={name: size / 1024 for name, size in stack.memory.items()})
    common: dict[str, Any] = {"rounds": load.inputs.rounds, "find": facts.find, "answer_ms": load.inputs.answer}
    passwords = Workload(round(load.passwords * DAYS_A_MONTH), **common)
    campaigns = Workload(
        round(load.campaign * len(CAMPAIGNS_AT) * DAYS_A_MONTH), numbers=load.numbers, campaign=True, **common
    )
    return reckon(passwords, facts), reckon(campaigns, facts)
