"""What the comparison finds when the template's policies are changed on purpose."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.template.source import Template
from tests.integration.least_privilege.comparison import spare_values, too_wide, unconditional, ungranted, unused
from tests.integration.least_privilege.conftest import Recorded
from tests.integration.least_privilege.policies import Deployed, Grant, grants_of
from tests.integration.least_privilege.requests import Request, requests_of

TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/messages"
ALL = {"ReportShards": "2", "KmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/1-2-3"}


def statements(template: Template, role: str) -> list[dict[str, Any]]:
    (policy,) = template["Resources"][role]["Properties"]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def of(template: Template, role: str, action: str) -> dict[str, Any]:
    """Return the one statement that allows an action alone."""
    (found,) = [each for each in statements(template, role) if each["Action"] == action]
    return found


def drop(template: Template) -> None:
    statements(template, "SendSmsRole").remove(of(template, "SendSmsRole", "dynamodb:BatchGetItem"))


def drop_one_of_two_queues(template: Template) -> None:
    of(template, "QueueCampaignRole", "sqs:SendMessage")["Resource"].pop()


def drop_logs(template: Template) -> None:
    del statements(template, "PollReportsRole")[0]


def narrow_a_condition(template: Template) -> None:
    condition = of(template, "PublishStatusRole", "dynamodb:BatchWriteItem")["Condition"]
    condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] = ["~to/*"]


def mistake_a_condition(template: Template) -> None:
    of(template, "SendSmsRole", "events:PutEvents")["Condition"]["StringEquals"]["events:detail-type"] = "chekc"


@pytest.mark.parametrize(
    ("change", "function", "told"),
    [
        (drop, "SendSms", "dynamodb:BatchGetItem"),
        (drop_one_of_two_queues, "QueueCampaign", "kobo-BulkQueue"),
        (drop_logs, "PollReports", "logs:PutLogEvents"),
        (narrow_a_condition, "PublishStatus", "~dnd/"),
        (mistake_a_condition, "SendSms", "events:PutEvents"),
    ],
)
def test_a_grant_that_is_removed_is_missed(recorded: Recorded, change: Any, function: str, told: str) -> None:
    deployed = recorded.deployed(ALL, change)
    found = ungranted(recorded.wanted(deployed)[function], deployed.grants()[function])
    assert any(told in each for each in found)
    # Nobody else lacks anything.
    others = recorded.asked.keys() - {function}
    assert [each for other in others for each in ungranted(recorded.asked[other], deployed.grants()[other])] == []


@pytest.mark.parametrize(
    ("role", "function", "action", "resource"),
    [
        ("CheckCreditRole", "CheckCredit", "dynamodb:DeleteItem", {"Fn::GetAtt": ["Messages", "Arn"]}),
        ("CheckCreditRole", "CheckCredit", "sqs:SendMessage", {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}),
        ("SendSmsRole", "SendSms", "sns:Publish", {"Ref": "Alerts"}),
        # It is used, but not on that queue.
        ("PublishStatusRole", "PublishStatus", "sqs:SendMessage", {"Fn::GetAtt": ["BulkQueue", "Arn"]}),
    ],
)
def test_a_grant_that_nobody_uses_is_found(
    recorded: Recorded, role: str, function: str, action: str, resource: dict[str, Any]
) -> None:
    def add(template: Template) -> None:
        statements(template, role).append({"Effect": "Allow", "Action": action, "Resource": resource})

    deployed = recorded.deployed(ALL, add)
    found = unused(recorded.wanted(deployed)[function], deployed.grants()[function])
    assert [each.split(" on ")[0] for each in found] == [action]


def test_a_managed_policy_counts_as_much_as_the_roles_own(recorded: Recorded) -> None:
    def attach(template: Template) -> None:
        statement = {"Effect": "Allow", "Action": "sqs:PurgeQueue", "Resource": {"Fn::GetAtt": ["BulkQueue", "Arn"]}}
        template["Resources"]["More"] = {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"Roles": [{"Ref": "SendSmsRole"}], "PolicyDocument": {"Statement": [statement]}},
        }

    deployed = recorded.deployed(ALL, attach)
    found = unused(recorded.wanted(deployed)["SendSms"], deployed.grants()["SendSms"])
    assert [each.split(" on ")[0] for each in found] == ["sqs:PurgeQueue"]


def test_what_is_connected_to_no_queue_any_more_need_not_read_it(recorded: Recorded) -> None:
    def disconnect(template: Template) -> None:
        del template["Resources"]["SendSms"]["Properties"]["Events"]["Bulk"]
        for name in ("CheckCreditRole", "CheckCredit"):
            _replace(template["Resources"][name], "SendSmsBulk", "SendSmsPriority")

    deployed = recorded.deployed(ALL, disconnect)
    found = unused(recorded.wanted(deployed)["SendSms"], deployed.grants()["SendSms"])
    assert {each.split(" on ")[0] for each in found} == {
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
    }


def _replace(node: Any, name: str, other: str) -> None:
    for key, child in list(node.items() if isinstance(node, dict) else enumerate(node)):
        if isinstance(child, str):
            node[key] = child.replace(name, other)
        elif isinstance(child, (dict, list)):
            _replace(child, name, other)


@pytest.mark.parametrize(
    ("action", "resource", "wide"),
    [
        ("dynamodb:*", TABLE, True),
        ("dynamodb:GetItem", "*", True),
        ("dynamodb:GetItem", f"{TABLE}*", True),
        ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:*", True),
        ("dynamodb:ListStreams", f"{TABLE}/stream/*", False),
        ("dynamodb:GetRecords", f"{TABLE}/stream/*", True),
        ("logs:PutLogEvents", "arn:aws:logs:eu-west-1:123456789012:log-group:SendSmsLogs:*", False),
        ("logs:PutLogEvents", "arn:aws:logs:eu-west-1:123456789012:log-group:*:*", True),
    ],
)
def test_a_star_needs_a_reason(action: str, resource: str, wide: bool) -> None:
    assert bool(too_wide([Grant(action, resource, {})])) is wide


def test_a_condition_that_could_narrow_is_asked_for() -> None:
    asked = [Request("dynamodb:GetItem", TABLE, {"dynamodb:LeadingKeys": ("~valve",)})]
    (found,) = unconditional(asked, [Grant("dynamodb:GetItem", TABLE, {})])
    assert "needs ~valve" in found
    of_requests = [*asked, Request("dynamodb:GetItem", TABLE, {"dynamodb:LeadingKeys": ("order-1",)})]
    assert unconditional(of_requests, [Grant("dynamodb:GetItem", TABLE, {})]) == []
    condition = {"StringEquals": {"events:source": ("kobo-sms.kobo",)}}
    (found,) = unconditional([], [Grant("events:PutEvents", "bus", condition)])
    assert found.endswith("says nothing of events:detail-type")


def test_a_value_of_a_condition_that_nobody_needs_is_found() -> None:
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ("~valve", "~credit")}}
    asked = [Request("dynamodb:GetItem", TABLE, {"dynamodb:LeadingKeys": ("~valve",)})]
    (found,) = spare_values(asked, [Grant("dynamodb:GetItem", TABLE, condition)])
    assert "~credit" in found


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({}, True),
        ({"StringEquals": {"k": ["b", "a"]}}, True),
        ({"StringEquals": {"k": "b"}}, False),
        ({"StringEquals": {"other": "a"}}, False),
        ({"StringLike": {"k": "a*"}}, True),
        ({"ForAllValues:StringEquals": {"k": ["a"]}}, False),
        ({"ForAllValues:StringEquals": {"k": ["a", "ab"]}}, True),
        ({"ForAllValues:StringEquals": {"other": "a"}}, True),
        ({"StringLike": {"k": "a*"}, "ArnLike": {"k": "b*"}}, False),
    ],
)
def test_a_condition_is_worked_out_as_iam_does(condition: dict[str, Any], allowed: bool) -> None:
    values = ("a", "ab") if "ForAllValues:StringEquals" in condition else ("a",)
    statement = {"Effect": "Allow", "Action": "x:Do", "Resource": "r*", "Condition": condition}
    (grant,) = grants_of({"Statement": [statement]})
    assert grant.allows(Request("x:Do", "r1", {"k": values})) is allowed


def test_what_nobody_has_looked_up_is_an_error_and_no_pass() -> None:
    with pytest.raises(LookupError, match=r"dynamodb\.Scan"):
        requests_of("dynamodb.Scan", {"TableName": "messages"}, "")
    (grant,) = grants_of(
        {"Statement": [{"Effect": "Allow", "Action": "a:B", "Resource": "r", "Condition": {"Bool": {"k": "true"}}}]}
    )
    with pytest.raises(LookupError, match="Bool"):
        grant.allows(Request("a:B", "r"))


def test_each_parameter_set_deploys_its_own_policies(recorded: Recorded) -> None:
    assert [str(each) for each in Deployed(recorded.names).grants()["PollReports"] if "Invoke" in each.action] == []
    (grant,) = [each for each in Deployed(recorded.names, ALL).grants()["PollReports"] if "Invoke" in each.action]
    assert grant.resource.endswith(":function:poll-reports")
