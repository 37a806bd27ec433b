"""Each function may do what it does and nothing else: its flows against the policies of the transformed template."""

from __future__ import annotations

import pytest

from tests.integration.least_privilege.call_sites import call_sites
from tests.integration.least_privilege.comparison import spare_values, too_wide, unconditional, ungranted, unused
from tests.integration.least_privilege.conftest import Recorded

FUNCTIONS = ("SendSms", "CheckCredit", "PollReports", "PublishStatus", "QueueCampaign")
# What only the kobo command calls, with its user's own rights.
FOR_OPERATORS = {
    "campaigns.orders.CampaignOrders._carry_out",
    "campaigns.orders.CampaignOrders.all",
    "campaigns.orders.CampaignOrders.read",
    "credit.store.CreditStore.readings",
    "sending.operator_store.OperatorStore._write",
    "sending.operator_store.OperatorStore.find",
    "valve.store.ValveStore.write_orders",
}
ALL = {"ReportShards": "2", "KmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/1-2-3"}


def test_each_function_has_flows(recorded: Recorded) -> None:
    assert sorted(recorded.asked) == sorted(FUNCTIONS) == sorted(recorded.deployed().grants())


def test_the_flows_reach_every_call_of_aws_in_the_functions_code(recorded: Recorded) -> None:
    missed = call_sites() - recorded.sites
    assert {each for each in missed if each[0] not in FOR_OPERATORS} == set()
    # What is listed is still there, and no function has come to use it.
    assert {name for name, _ in missed} >= FOR_OPERATORS
    assert recorded.sites <= call_sites()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_is_asked_for_that_is_not_granted(recorded: Recorded, function: str) -> None:
    deployed = recorded.deployed(ALL)
    assert ungranted(recorded.wanted(deployed)[function], deployed.grants()[function]) == []


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("parameters", [{}, ALL], ids=["usual", "all"])
def test_nothing_is_granted_that_is_never_asked_for(
    recorded: Recorded, function: str, parameters: dict[str, str]
) -> None:
    deployed = recorded.deployed(parameters)
    assert unused(recorded.wanted(deployed)[function], deployed.grants()[function]) == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_is_granted_twice(recorded: Recorded, function: str) -> None:
    """Without any one of its grants a function lacks something."""
    deployed = recorded.deployed(ALL)
    wanted, grants = recorded.wanted(deployed)[function], deployed.grants()[function]
    spare = [str(one) for one in grants if not ungranted(wanted, [each for each in grants if each is not one])]
    assert spare + spare_values(wanted, grants) == []


def test_no_star_stands_where_a_name_could(recorded: Recorded) -> None:
    grants = recorded.deployed(ALL).grants()
    assert [f"{function}: {one}" for function, each in grants.items() for one in too_wide(each)] == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_can_be_narrowed_by_a_condition_is(recorded: Recorded, function: str) -> None:
    deployed = recorded.deployed(ALL)
    assert unconditional(recorded.wanted(deployed)[function], deployed.grants()[function]) == []
