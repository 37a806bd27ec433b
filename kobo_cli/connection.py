"""Which stack a command talks to: the local one, or one deployed to AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kobo_cli.errors import CliError
from local_aws import environment

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

F = TypeVar("F", bound=Callable[..., Any])
_COUNTS = "ApproximateNumberOfMessages"


@dataclass(frozen=True)
class Connection:
    """A stack's name, its variables, named as in local.env, and the clients to reach it with."""

    variables: Mapping[str, str]
    sqs: SQSClient
    dynamodb: DynamoDBClient
    stack: str
    session: boto3.Session

    def queue_url(self, lane: str) -> str:
        """Return the address of the `priority` or the `bulk` queue."""
        return self.variables[f"KOBO_{lane.upper()}_QUEUE_URL"]

    def client(self, service: str, config: Config | None = None) -> Any:
        """Return a client of any other service."""
        # boto3-stubs has an overload for each service name, but none for a name known at run time only.
        factory: Any = self.session.client
        return factory(service, endpoint_url=self.variables.get("AWS_ENDPOINT_URL"), config=config)

    def waiting(self, lane: str) -> int:
        """Return about how many messages a lane's queue holds, those being tried or to be tried again among them."""
        answer = self.sqs.get_queue_attributes(QueueUrl=self.queue_url(lane), AttributeNames=["All"])
        return sum(int(count) for name, count in answer["Attributes"].items() if name.startswith(_COUNTS))

    def items_of(self, request_id: str) -> list[dict[str, Any]]:
        """Return the table's items of one request, decoded; none when it is not known."""
        from kobo_sms.aws.dynamodb import decode, encode

        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.variables["KOBO_TABLE"],
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues=encode({":id": request_id}),
            ConsistentRead=True,
        )
        return [decode(item) for page in pages for item in page["Items"]]


def stack_options(command: F) -> F:
    """Give a command `--stack NAME` and `--local`."""
    local = click.option("--local", is_flag=True, help="The local stack of this folder: the default while one runs.")
    return click.option("--stack", metavar="NAME", help="A stack deployed to AWS.")(local(command))


def connect(stack: str | None, local: bool) -> Connection:
    """Return the connection that `--stack` and `--local` ask for.

    Raises
    ------
    CliError
        when there is no such stack.
    """
    import boto3

    if stack is not None and local:
        raise click.UsageError("--stack and --local exclude each other")
    if stack is not None:
        found = _describe(boto3.Session(), stack)
        variables = environment.names_of(dict(_pairs(found.get("Outputs", []))))
        # Its own name, not the ARN by which it may have been asked for: events have it in their source.
        return _connection(boto3.Session(), variables, found["StackName"])
    here = environment.read()
    if here is None:
        raise CliError("no local stack runs in this folder: start one with `kobo up`, or name one on AWS with --stack")
    return local_connection(here)


def connect_if_possible(stack: str | None, local: bool) -> Connection | None:
    """Return a connection, None when no stack is asked for and no local one runs: a check needs none."""
    if stack is None and not local and environment.read() is None:
        return None
    return connect(stack, local)


def local_connection(variables: Mapping[str, str]) -> Connection:
    """Return the connection to a local stack, whatever AWS account the shell is set up for."""
    import boto3

    from local_aws.deployment import STACK_NAME

    session = boto3.Session(
        variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], region_name=variables["AWS_DEFAULT_REGION"]
    )
    return _connection(session, variables, STACK_NAME)


def _connection(session: boto3.Session, variables: Mapping[str, str], stack: str) -> Connection:
    endpoint = variables.get("AWS_ENDPOINT_URL")
    sqs = session.client("sqs", endpoint_url=endpoint)
    return Connection(variables, sqs, session.client("dynamodb", endpoint_url=endpoint), stack, session)


def _describe(session: boto3.Session, stack: str) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except (BotoCoreError, ClientError) as error:
        raise CliError(f"cannot read the stack {stack}: {error}") from error


def _pairs(outputs: Any) -> Iterator[tuple[str, str]]:
    for output in outputs:
        yield output["OutputKey"], output["OutputValue"]
