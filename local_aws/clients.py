"""boto3 clients of a local stack, made on first use."""

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.session import Session

from local_aws.processes.programs import ACCESS_KEY, REGION, SECRET_KEY

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

# No proxy: what is meant for this machine stays on it. A function may run for up to 60 s.
_CONFIG = Config(proxies={}, read_timeout=70, connect_timeout=5, retries={"total_max_attempts": 1})


# Neither AWS_PROFILE nor ~/.aws: a developer's profile need not exist, and nothing of it is meant for this machine.
_NO_PROFILE = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def session() -> boto3.Session:
    """Return a session with the local keys and region, whatever the developer's own settings are."""
    return boto3.Session(ACCESS_KEY, SECRET_KEY, region_name=REGION, botocore_session=Session(_NO_PROFILE))


class Clients:
    """boto3 clients of one endpoint. Each client may be used by several threads once it is made."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._session = session()

    def make(self, service: str) -> Any:
        """Make a client of any service."""
        # boto3-stubs has an overload for each service name, but none for a name known at run time only.
        factory: Any = self._session.client
        return factory(service, endpoint_url=self.endpoint, config=_CONFIG)

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        """AWS CloudFormation."""
        client: CloudFormationClient = self.make("cloudformation")
        return client

    @cached_property
    def cloudwatch(self) -> Any:
        """Amazon CloudWatch."""
        return self.make("cloudwatch")

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """Amazon DynamoDB."""
        client: DynamoDBClient = self.make("dynamodb")
        return client

    @cached_property
    def events(self) -> "EventBridgeClient":
        """Amazon EventBridge."""
        client: EventBridgeClient = self.make("events")
        return client

    @cached_property
    def functions(self) -> "LambdaClient":
        """AWS Lambda."""
        client: LambdaClient = self.make("lambda")
        return client

    @cached_property
    def iam(self) -> Any:
        """AWS IAM."""
        return self.make("iam")

    @cached_property
    def logs(self) -> Any:
        """Amazon CloudWatch Logs."""
        return self.make("logs")

    @cached_property
    def s3(self) -> Any:
        """Amazon S3."""
        return self.make("s3")

    @cached_property
    def scheduler(self) -> "EventBridgeSchedulerClient":
        """Amazon EventBridge Scheduler."""
        client: EventBridgeSchedulerClient = self.make("scheduler")
        return client

    @cached_property
    def secretsmanager(self) -> "SecretsManagerClient":
        """AWS Secrets Manager."""
        client: SecretsManagerClient = self.make("secretsmanager")
        return client

    @cached_property
    def sns(self) -> "SNSClient":
        """Amazon SNS."""
        client: SNSClient = self.make("sns")
        return client

    @cached_property
    def sqs(self) -> "SQSClient":
        """Amazon SQS."""
        client: SQSClient = self.make("sqs")
        return client
