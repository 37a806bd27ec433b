"""What is left out of a template because the engine has no TLS or knows no such condition, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.drift import gaps

TLS = {"Bool": {"aws:SecureTransport": "false"}}


ALARMS = {"Service": "cloudwatch.amazonaws.com"}


def policy(kind: str, *conditions: dict[str, Any]) -> dict[str, Any]:
    statements = [{"Effect": "Deny", "Action": "s3:*", "Condition": condition} for condition in conditions]
    return {"Type": kind, "Properties": {"PolicyDocument": {"Statement": statements}}}


@pytest.mark.parametrize("kind", sorted(gaps.POLICIES))
@pytest.mark.parametrize(
    ("conditions", "kept"),
    [((TLS,), False), ((TLS, TLS), False), ((TLS, {"Bool": {"aws:ViaAWSService": "true"}}), True), (({},), True)],
)
def test_a_policy_that_demands_tls_and_nothing_else_is_left_out(
    kind: str, conditions: tuple[dict[str, Any], ...], kept: bool
) -> None:
    template = {"Resources": {"Policy": policy(kind, *conditions), "Bucket": {"Type": gaps.BUCKET, "Properties": {}}}}
    gaps.before_deployment(template)
    assert ("Policy" in template["Resources"]) is kept
    assert "Bucket" in template["Resources"]


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        (None, None),
        ({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["~to/*"]}}, None),
        ({"ForAllValues:StringEquals": {"events:source": "a"}, "StringEquals": {"events:detail-type": "b"}}, None),
        (
            {
                "StringEquals": {"events:detail-type": "b", "aws:PrincipalAccount": "1"},
                "Bool": {"aws:ViaAWSService": "true"},
            },
            {"StringEquals": {"aws:PrincipalAccount": "1"}, "Bool": {"aws:ViaAWSService": "true"}},
        ),
    ],
)
def test_conditions_that_the_engine_does_not_know_are_left_out_and_no_others(
    condition: dict[str, Any] | None, kept: dict[str, Any] | None
) -> None:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "a:Act", "Resource": "r"}
    statement |= {"Condition": condition} if condition else {}
    role = {"Type": gaps.ROLE, "Properties": {"Policies": [{"PolicyDocument": {"Statement": [statement]}}]}}
    gaps.before_deployment({"Resources": {"Role": role}})
    assert statement.get("Condition") == kept
    assert statement["Action"] == ["a:Act"]


@pytest.mark.parametrize(("principal", "kept"), [(ALARMS, False), ({"AWS": "*"}, True)])
def test_what_lets_alarms_in_goes_with_it(principal: dict[str, str], kept: bool) -> None:
    both = policy("AWS::SNS::TopicPolicy", TLS, {"StringEquals": {"aws:SourceAccount": "1"}})
    both["Properties"]["PolicyDocument"]["Statement"][1]["Principal"] = principal
    template = {"Resources": {"Policy": both}}
    gaps.before_deployment(template)
    assert ("Policy" in template["Resources"]) is kept


@pytest.mark.parametrize(
    ("action", "added"), [("dynamodb:PartiQLUpdate", ["dynamodb:BatchExecuteStatement"]), ("dynamodb:UpdateItem", [])]
)
def test_who_may_write_by_statements_may_call_the_operation_whatever_the_table(action: str, added: list[str]) -> None:
    document = {"Statement": [{"Effect": "Allow", "Action": action, "Resource": "r"}]}
    role = {"Type": gaps.ROLE, "Properties": {"Policies": [{"PolicyDocument": document}]}}
    gaps.before_deployment({"Resources": {"Role": role}})
    assert document["Statement"][0] == {"Effect": "Allow", "Action": [action], "Resource": "r"}
    assert document["Statement"][1:] == [{"Effect": "Allow", "Action": each, "Resource": "*"} for each in added]
