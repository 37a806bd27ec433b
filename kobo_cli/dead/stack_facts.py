"""What a stack's description says that its outputs do not: how send_sms reads and keeps requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kobo_cli.dead.verdicts import Judge
from kobo_cli.errors import CliError
from kobo_sms.messages.lanes import Lane
from kobo_sms.sending.operator_store import OperatorStore
from kobo_sms.sending.part_items import Fingerprints, PartItems

if TYPE_CHECKING:
    from kobo_cli.connection import Connection

_DAY = 86_400.0


@dataclass(frozen=True)
class StackFacts:
    """`fingerprints` and `namespace` are those of requests, `region` is whose national numbers are understood."""

    fingerprints: Fingerprints
    namespace: str
    region: str
    default_sender: str
    store_text: bool
    keep_seconds: float

    def judge(self, lane: Lane | None = None, *, may_double: bool = False) -> Judge:
        """Return who judges the letters of this stack, as an operator asks for it."""
        return Judge(self.fingerprints, self.region, lane, may_double)

    def store(self, connection: Connection) -> OperatorStore:
        """Return the messages table as send_sms of this stack keeps it."""
        return OperatorStore(
            connection.dynamodb,
            connection.variables["KOBO_TABLE"],
            PartItems(
                keep_seconds=self.keep_seconds,
                fingerprints=self.fingerprints,
                namespace=self.namespace,
                default_sender=self.default_sender,
                store_text=self.store_text,
            ),
        )


def read_facts(connection: Connection) -> StackFacts:
    """Return the facts of the stack that `connection` leads to. Errors of CloudFormation pass through.

    Raises
    ------
    CliError
        when the description lacks a parameter: the stack is none of ours.
    """
    stack = connection.client("cloudformation").describe_stacks(StackName=connection.stack)["Stacks"][0]
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}
    try:
        return StackFacts(
            # What template.yaml gives send_sms as FINGERPRINT_KEY, FORMER_FINGERPRINT_KEY and MESSAGE_NAMESPACE. The
            # release before this one had only the second.
            fingerprints=_read_fingerprints(connection, stack["StackId"]),
            namespace=connection.variables.get("KOBO_MESSAGE_NAMESPACE", ""),
            region=parameters["DefaultRegion"],
            default_sender=parameters["DefaultSenderId"],
            store_text=parameters["StoreText"] == "true",
            keep_seconds=float(parameters["KeepRecordsDays"]) * _DAY,
        )
    except KeyError as error:
        raise CliError(f"the stack {connection.stack} has no parameter {error}") from error


def _read_fingerprints(connection: Connection, stack_id: str) -> Fingerprints:
    """Return how the stack keeps fingerprints. Errors of Secrets Manager pass through."""
    arn = connection.variables.get("KOBO_FINGERPRINT_KEY_ARN")
    if arn is None:
        return Fingerprints(stack_id)
    key: str = connection.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    return Fingerprints(key, stack_id)
