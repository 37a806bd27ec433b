"""What services ask of KMS in a function's name, where what they keep is under a key of the customer's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.integration.least_privilege.requests import REGION, Request

_WRITING = ("GenerateDataKey", "Decrypt")
_READING = ("Decrypt",)
_DYNAMODB = ("BatchGetItem", "BatchWriteItem", "GetItem", "GetRecords", "PutItem", "Query", "UpdateItem")
_PARTIQL = ("PartiQLInsert", "PartiQLUpdate")
_KEY_CALLS = {
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    "sqs:SendMessage": _WRITING,
    "sqs:ReceiveMessage": _READING,
    # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    "sns:Publish": _WRITING,
    # The table's own key was made when the table was: who uses the table has it decrypted.
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
    **{f"dynamodb:{action}": _READING for action in (*_DYNAMODB, *_PARTIQL)},
    # https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
    "secretsmanager:GetSecretValue": _READING,
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    "s3:GetObject": _READING,
}


def key_calls(asked: Iterable[Request], key: str) -> Iterator[Request]:
    """Yield what the services that are asked ask of `key`, its ARN."""
    for action in {request.action for request in asked}:
        service = action.partition(":")[0]
        for called in _KEY_CALLS.get(action, ()):
            yield Request(f"kms:{called}", key, {"kms:ViaService": (f"{service}.{REGION}.amazonaws.com",)})
