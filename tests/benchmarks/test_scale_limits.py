"""Where the limits of benchmarks.scale lie, by hand, and what is turned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.scale.inputs import Inputs, described
from benchmarks.scale.limits import Limit, limits_of
from benchmarks.scale.load import Load
from benchmarks.scale.money import DAYS_A_MONTH, dollars_a_day
from benchmarks.scale.rates import send_processor
from benchmarks.scale.results import carried, once_turned, utmost
from benchmarks.scale.stack import Stack, with_parameter
from benchmarks.scale.turning import default, over, turned, turns
from kobo_cli.cost.bill import reckon
from kobo_cli.cost.template_facts import read_facts
from kobo_cli.cost.workload import Workload

INPUTS = Inputs()


def limit(load: Load, stack: Stack, name: str) -> Limit:
    (found,) = (each for each in limits_of(load, stack) if each.name == name)
    return found


def test_the_index_of_due_reports_by_hand() -> None:
    """A text is put into it, moved 1.4 times (two units each) and taken out: 4.8 units; it has eight partitions."""
    load = Load(10_000_000, INPUTS)
    due = limit(load, default(load), "DynamoDB: index `due`")
    assert due.available == 8000
    assert due.used == pytest.approx((load.peak + load.wanted) * 4.8)


def test_the_index_of_campaigns_by_hand() -> None:
    load = Load(10_000_000, INPUTS)
    campaign = limit(load, default(load), "DynamoDB: index `campaign`")
    assert campaign.used == pytest.approx(load.wanted * 5)
    assert campaign.available == 8000


def test_a_batch_takes_the_processor_that_was_measured() -> None:
    assert send_processor(1, INPUTS) == INPUTS.send_alone
    assert send_processor(10, INPUTS) == pytest.approx(10 * INPUTS.send_of_ten)


def test_the_settings_are_those_of_the_template() -> None:
    stack = default(Load(1, INPUTS))
    assert stack.send_concurrency == 10
    assert stack.priority.invocations * stack.priority.calls == stack.send_concurrency
    assert utmost(INPUTS).bulk.invocations * utmost(INPUTS).bulk.calls == 1000


def test_a_paused_campaign_with_the_largest_setting_is_more_than_sqs_has_in_flight() -> None:
    load = Load(1_000_000, INPUTS)
    largest = with_parameter(default(load), "SendConcurrency", "1000", INPUTS)
    assert limit(load, largest, "SQS: in flight, a campaign paused").utilisation > 1
    smaller = with_parameter(default(load), "SendConcurrency", "400", INPUTS)
    assert limit(load, smaller, "SQS: in flight, a campaign paused").utilisation < 1


@pytest.mark.parametrize("numbers", [1, 500])
@pytest.mark.parametrize("stack", [default(Load(1, INPUTS)), utmost(INPUTS)], ids=["as it comes", "at its most"])
def test_a_limit_is_used_wholly_by_the_texts_that_it_carries(stack: Stack, numbers: int) -> None:
    found = carried(stack, INPUTS, numbers)
    growing = [name for name, texts in found.items() if 0 < texts < 1e11]
    assert len(growing) > 8
    for name in growing:
        # The stream gets shards one by one, and more of them all of a sudden.
        within = 0.1 if name == "`publish_status`" else 0.01
        used = limit(Load(found[name], INPUTS, numbers), stack, name).utilisation
        assert used == pytest.approx(1, abs=within), name


def test_nothing_is_turned_that_need_not_be() -> None:
    load = Load(100_000, INPUTS)
    assert turned(load) == default(load)
    assert turns(load, turned(load)) == []


@pytest.mark.parametrize("texts", [2_000_000, 10_000_000, 100_000_000])
def test_what_is_turned_is_enough_and_not_too_much(texts: int) -> None:
    load = Load(texts, INPUTS)
    made = turned(load)
    assert not over(load, made)
    assert over(load, replace(default(load), number=made.number))
    if made.number > 1:
        assert turned(Load(texts / made.number, INPUTS)).number == 1


def test_a_slower_kobomobile_needs_more_calls_at_once() -> None:
    slow, quick = (turned(Load(1_000_000, replace(INPUTS, answer=answer))) for answer in (500.0, 100.0))
    assert slow.send_concurrency > quick.send_concurrency


def test_a_day_costs_what_kobo_cost_says_of_its_month() -> None:
    load = Load(100_000, INPUTS)
    stack = default(load)
    facts = read_facts({})
    passwords = reckon(Workload(round(20_000 * DAYS_A_MONTH)), facts)
    campaigns = reckon(Workload(round(80_000 * DAYS_A_MONTH), campaign=True), facts)
    month = passwords.texts_usd + campaigns.texts_usd + passwords.month_usd
    # What comes to less than half a cent a day is left out.
    assert sum(dollars_a_day(load, stack).values()) == pytest.approx(month / DAYS_A_MONTH, abs=0.02)


def test_each_stack_costs_its_month() -> None:
    load = Load(100_000, INPUTS)
    one, two = (sum(dollars_a_day(load, replace(default(load), number=number)).values()) for number in (1, 2))
    assert 0.3 < two - one < 1


def test_each_input_tells_where_it_comes_from() -> None:
    assert all(each.source and each.what and each.value for each in described(INPUTS))


def test_more_texts_never_cost_less() -> None:
    usd = [once_turned(Load(texts, INPUTS)).usd for texts in (10_000, 100_000, 1_000_000, 10_000_000)]
    assert usd == sorted(usd)
