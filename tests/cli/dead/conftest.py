"""A deployed stack with a dead-letter queue, and letters in it as send_sms would have put them there."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kobo_cli.connection import Connection, connect
from kobo_cli.dead import survey
from kobo_sms.aws.queues import Message, Queues
from kobo_sms.credit.store import CreditStore
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import parse
from kobo_sms.messages.states import State
from kobo_sms.sending.attempts import Claim
from kobo_sms.sending.dead_letters import DeadLetters
from kobo_sms.sending.decisions import Decision, Next
from kobo_sms.sending.part_items import Fingerprints, PartItems
from kobo_sms.sending.store import Store
from local_aws import environment
from tests.cli.conftest import Deployed
from tests.cli.dead.letters import DAY, KEY

STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/kobo-sms/1"
KEY_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:FingerprintKey-AbCdEf"
PARAMETERS = {
    "DefaultRegion": "NG",
    "DefaultSenderId": "Shop",
    "StoreText": "true",
    "KeepRecordsDays": "30",
}


class Secrets:
    """Holds the key of the fingerprints."""

    def get_secret_value(self, **asked: Any) -> dict[str, Any]:
        assert asked == {"SecretId": KEY_ARN}
        return {"SecretString": KEY}


class CloudFormation:
    """Describes the one stack there is; moto's needs more libraries than all else together."""

    def __init__(self) -> None:
        self.parameters = dict(PARAMETERS)

    def describe_stacks(self, **asked: Any) -> dict[str, Any]:
        if not self.parameters:
            error: Any = {"Error": {"Code": "ValidationError", "Message": "no such stack"}}
            raise ClientError(error, "DescribeStacks")
        known = [{"ParameterKey": name, "ParameterValue": value} for name, value in self.parameters.items()]
        return {"Stacks": [{"StackName": asked["StackName"], "StackId": STACK_ID, "Parameters": known}]}


@dataclass
class Graveyard:
    """The stack: letters put into it, and the command to look at them."""

    deployed: Deployed
    url: str
    cloudformation: CloudFormation

    def bury(
        self, id_: str = "order-1", *, state: State = State.FAILED, token: str = "error_billing", **fields: Any
    ) -> Part:
        """Have a request be given up, as send_sms does it; return its part."""
        body = json.dumps({"id": id_, "to": "+2348030100001", "msg": f"Text of {id_}"} | fields)
        now = self.now - DAY
        part = Part(parse(body, region="NG", default_id=""), now)
        claim = self.store.claim(part, token="t", now=now, until=now + 30)
        assert isinstance(claim, Claim)
        reason = f"given up after 3 attempts: {token}"
        decision = Decision(state, Next.DEAD_LETTER, reason, 3, state is State.UNKNOWN)
        message = Message("m", "h", body, {}, now, Lane.BULK)
        DeadLetters(self.queues).put(message, part, decision, token)
        self.store.record(claim, decision, now=now, label=token, due=None)
        return part

    def put(self, body: str, **notes: str) -> str:
        """Put any message on the dead-letter queue; return its message id."""
        attributes: Any = {name: {"DataType": "String", "StringValue": value} for name, value in notes.items()}
        sqs = self.deployed.connection.sqs
        return sqs.send_message(QueueUrl=self.url, MessageBody=body, MessageAttributes=attributes)["MessageId"]

    def has_credit(self, balance: int) -> None:
        """Have check_credit read a balance just now."""
        connection = self.deployed.connection
        store = CreditStore(connection.dynamodb, connection.variables["KOBO_TABLE"], keep_seconds=1000)
        store.record_balance(Decimal(balance), now=self.now - 1)

    def waiting(self, lane: str) -> list[dict[str, Any]]:
        """Take what waits on a lane: bodies."""
        connection = self.deployed.connection
        found = connection.sqs.receive_message(QueueUrl=connection.queue_url(lane), MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]

    def states(self, id_: str) -> list[tuple[str, str]]:
        """Return the state and the reason of each part of a request."""
        return [(item["state"], item["reason"]) for item in self.deployed.connection.items_of(id_)]

    @property
    def now(self) -> float:
        return time.time()

    @property
    def store(self) -> Store:
        connection = self.deployed.connection
        table = connection.variables["KOBO_TABLE"]
        keys = Fingerprints(KEY, STACK_ID)
        return Store(
            connection.dynamodb, table, PartItems(keep_seconds=30 * DAY, fingerprints=keys, default_sender="Shop")
        )

    @property
    def queues(self) -> Queues:
        connection = self.deployed.connection
        return Queues(connection.sqs, {lane: connection.queue_url(lane) for lane in Lane}, self.url)


@pytest.fixture
def graveyard(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Graveyard:
    # Moto waits as SQS does, and several at once spoil it.
    monkeypatch.setattr(survey, "WAIT", 0)
    monkeypatch.setattr(survey, "WIDTH", 1)
    connection, cloudformation = deployed.connection, CloudFormation()
    clients = {"cloudformation": cloudformation, "secretsmanager": Secrets()}
    monkeypatch.setattr(Connection, "client", lambda _self, service, *_: clients[service])
    url = connection.sqs.create_queue(QueueName="dead", Attributes={"MessageRetentionPeriod": "1209600"})["QueueUrl"]
    more = {"KOBO_DEAD_LETTER_QUEUE_URL": url, "KOBO_FINGERPRINT_KEY_ARN": KEY_ARN, "KOBO_MESSAGE_NAMESPACE": "shop"}
    environment.write(Path(".kobo"), {**connection.variables, **more})
    return Graveyard(Deployed(connect(None, local=True)), url, cloudformation)
