"""The ways to get status events that docs/events.md shows, run as they stand there.

MiniStack delivers without looking at queue policies and roles, so these are looked at here. Its CloudFormation knows no
connections and no API destinations: that template is compared with the commands, which are run, and linted (test_docs).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from local_aws.stack import LocalStack
from tests.doc_blocks import blocks
from tests.end_to_end.receivers import QueueReceiver, Webhook
from tests.end_to_end.shell import run_in_shell
from tests.end_to_end.shop import wait_until

PAGE, QUEUE, WEBHOOK = "docs/events.md", "Bring them to a queue", "Bring them to a webhook"
SENT = {"sending", "sent", "delivered"}


@pytest.fixture(scope="module")
def by_commands(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> QueueReceiver:
    """A queue made by the commands."""
    (script,) = blocks(PAGE, QUEUE, "bash")
    folder = tmp_path_factory.mktemp("commands")
    url = run_in_shell(f'{script}echo "$queue_url"', stack.environment, folder).splitlines()[-1]
    return QueueReceiver(sqs=stack.clients.sqs, url=url)


@pytest.fixture(scope="module")
def by_template(stack: LocalStack) -> QueueReceiver:
    """A queue made by the template."""
    (template,) = blocks(PAGE, QUEUE, "yaml")
    cloudformation = stack.clients.cloudformation
    cloudformation.create_stack(StackName="shop", TemplateBody=template)
    states: list[str] = []

    def created() -> bool:
        states.append(cloudformation.describe_stacks(StackName="shop")["Stacks"][0]["StackStatus"])
        return states[-1] != "CREATE_IN_PROGRESS"

    wait_until(created, "the stack")
    assert states[-1] == "CREATE_COMPLETE"
    found = cloudformation.describe_stack_resource(StackName="shop", LogicalResourceId="OrderStatus")
    return QueueReceiver(sqs=stack.clients.sqs, url=found["StackResourceDetail"]["PhysicalResourceId"])


@pytest.fixture(scope="module")
def webhook(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webhook]:
    """An endpoint that the commands have made a target."""
    (script,) = blocks(PAGE, WEBHOOK, "bash")
    with Webhook().listening() as webhook:
        environment = {**stack.environment, "WEBHOOK_URL": webhook.url, "WEBHOOK_KEY": webhook.key}
        run_in_shell(script, environment, tmp_path_factory.mktemp("webhook"))
        yield webhook
        stack.clients.events.remove_targets(Rule="sms-webhook", Ids=["webhook"])


@pytest.fixture(scope="module")
def delivered(stack: LocalStack, by_commands: QueueReceiver, by_template: QueueReceiver, webhook: Webhook) -> None:
    """Requests of several references were sent, and all receivers have been told of the last state."""
    for at, reference in enumerate(("orders/1", "invoices/1", "order", None)):
        request = {"id": f"receivers-{at}", "to": f"+234803010440{at}", "msg": "Hello"}
        body = json.dumps(request | ({"reference": reference} if reference else {}))
        stack.clients.sqs.send_message(QueueUrl=stack.environment["KOBO_PRIORITY_QUEUE_URL"], MessageBody=body)

    def told() -> bool:
        by_commands.look()
        by_template.look()
        return all("delivered" in each.states() for each in (by_commands, by_template, webhook))

    wait_until(told, "the events")


@pytest.mark.usefixtures("delivered")
def test_a_queue_gets_the_events_of_its_prefix(by_commands: QueueReceiver, by_template: QueueReceiver) -> None:
    for receiver in (by_commands, by_template):
        assert receiver.references() == {"orders/1"}
        assert receiver.states() == SENT
        assert {recipient["to"] for event in receiver.events for recipient in event["detail"]["recipients"]} == {
            "2348030104400"
        }


@pytest.mark.usefixtures("delivered")
def test_a_webhook_gets_the_events_of_its_prefix(webhook: Webhook) -> None:
    assert webhook.references() == {"invoices/1"}
    assert webhook.states() == SENT
    assert webhook.refused == 0


@pytest.mark.usefixtures("delivered")
def test_an_event_is_what_the_page_says(webhook: Webhook) -> None:
    shown = json.loads(blocks(PAGE, "An event", "json")[0])
    for event in webhook.events:
        assert set(event) >= set(shown)
        assert set(event["detail"]) == set(shown["detail"])
        assert {*event["detail"]["recipients"][0]} == {*shown["detail"]["recipients"][0]}


def test_the_policy_of_a_queue_lets_its_rule_in_and_nobody_else(
    stack: LocalStack, by_commands: QueueReceiver, by_template: QueueReceiver
) -> None:
    for receiver in (by_commands, by_template):
        found = receiver.sqs.get_queue_attributes(QueueUrl=receiver.url, AttributeNames=["All"])["Attributes"]
        rules = stack.clients.events.list_rule_names_by_target(TargetArn=found["QueueArn"])["RuleNames"]
        (rule,) = (stack.clients.events.describe_rule(Name=name)["Arn"] for name in rules)
        assert json.loads(found["Policy"])["Statement"] == [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": found["QueueArn"],
                "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
            }
        ]


def test_the_role_of_a_webhook_may_call_its_destination_and_nothing_else(stack: LocalStack, webhook: Webhook) -> None:
    iam, events = stack.clients.iam, stack.clients.events
    (target,) = events.list_targets_by_rule(Rule="sms-webhook")["Targets"]
    destination = events.describe_api_destination(Name="sms-webhook")
    assert (target["Arn"], destination["InvocationEndpoint"]) == (destination["ApiDestinationArn"], webhook.url)
    assert target["RoleArn"] == iam.get_role(RoleName="sms-webhook")["Role"]["Arn"]
    policy = iam.get_role_policy(RoleName="sms-webhook", PolicyName="invoke")["PolicyDocument"]
    assert [(each["Action"], each["Resource"]) for each in policy["Statement"]] == [
        ("events:InvokeApiDestination", target["Arn"])
    ]


@pytest.mark.usefixtures("webhook")
def test_the_template_of_a_webhook_asks_for_what_the_commands_made(stack: LocalStack) -> None:
    resources: dict[str, Any] = yaml_parse(blocks(PAGE, WEBHOOK, "yaml")[0])["Resources"]
    properties = {name: each["Properties"] for name, each in resources.items()}
    events, iam = stack.clients.events, stack.clients.iam
    connection = events.describe_connection(Name="sms-webhook")
    key = properties["WebhookConnection"]["AuthParameters"]["ApiKeyAuthParameters"]
    made: Any = connection["AuthParameters"]
    assert properties["WebhookConnection"]["AuthorizationType"] == connection["AuthorizationType"]
    assert key["ApiKeyName"] == made["ApiKeyAuthParameters"]["ApiKeyName"]
    assert properties["Webhook"]["HttpMethod"] == events.describe_api_destination(Name="sms-webhook")["HttpMethod"]
    role: Any = iam.get_role(RoleName="sms-webhook")["Role"]["AssumeRolePolicyDocument"]
    assert properties["WebhookRole"]["AssumeRolePolicyDocument"] == role
    rule = json.loads(events.describe_rule(Name="sms-webhook")["EventPattern"])
    asked = properties["WebhookRule"]["EventPattern"]
    assert asked["source"] == [{"Fn::Sub": "kobo-sms.${SmsStack}"}]
    assert asked | {"source": ["kobo-sms.kobo-sms"]} == rule
