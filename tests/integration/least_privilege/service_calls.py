"""What AWS itself calls with a function's role: it follows from what the template connects the function to."""

from __future__ import annotations

from collections.abc import Iterator

from tests.integration.least_privilege.policies import FUNCTION, Deployed
from tests.integration.least_privilege.requests import Request

_MAPPING = "AWS::Lambda::EventSourceMapping"


def service_calls(deployed: Deployed) -> dict[str, list[Request]]:
    """Return what AWS asks for in the name of each function."""
    found = {name: list(_logs(deployed, name)) for name in deployed.of_type(FUNCTION)}
    by_ref = {deployed.ref(name): name for name in found}
    for mapping in deployed.of_type(_MAPPING).values():
        # With an alias it is an ARN, `...:function:NAME:ALIAS`.
        function = mapping["FunctionName"].partition(":function:")[2].partition(":")[0] or mapping["FunctionName"]
        found[by_ref[function]] += [*_reading(mapping["EventSourceArn"]), *_giving_up(mapping)]
    return found


def _logs(deployed: Deployed, function: str) -> Iterator[Request]:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html"""
    group = deployed.of_type(FUNCTION)[function]["LoggingConfig"]["LogGroup"]
    (name,) = [name for name in deployed.of_type("AWS::Logs::LogGroup") if deployed.ref(name) == group]
    stream = deployed.arn_of(name).removesuffix("*") + "log-stream:2026/11/29/[$LATEST]0"
    for action in ("CreateLogStream", "PutLogEvents"):
        yield Request(f"logs:{action}", stream)


def _reading(source: str) -> Iterator[Request]:
    """Yield what Lambda's poller does.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html, .../services-ddb-permissions.html
    """
    if ":sqs:" in source:
        actions = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
        yield from (Request(f"sqs:{action}", source) for action in actions)
        return
    actions = ("DescribeStream", "GetRecords", "GetShardIterator")
    yield from (Request(f"dynamodb:{action}", source) for action in actions)
    # It looks for the table's streams, whatever their labels.
    yield Request("dynamodb:ListStreams", f"{source.rpartition('/')[0]}/any")


def _giving_up(mapping: dict[str, dict[str, dict[str, str]]]) -> Iterator[Request]:
    """Yield what Lambda does with records that it gives up."""
    failures = mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    if failures:
        yield Request("sqs:SendMessage", failures)
