"""Secrets Manager's secrets."""

import json
from typing import Any

from local_aws.clients import Clients


def read_secret(clients: Clients, arn: str) -> dict[str, Any]:
    """Read a secret by its ARN; of what it holds only that it was made as asked."""
    found = clients.secretsmanager.describe_secret(SecretId=arn)
    value = clients.secretsmanager.get_secret_value(SecretId=arn)["SecretString"]
    return {"Name": found["Name"], "Description": found.get("Description"), "GenerateSecretString": _made(value)}


def _made(value: str) -> dict[str, str]:
    """Tell, in the terms of GenerateSecretString, the one generated key and the template around it."""
    held: dict[str, str] = json.loads(value)
    *_, generated = held
    return {
        "GenerateStringKey": generated,
        "SecretStringTemplate": json.dumps({key: item for key, item in held.items() if key != generated}),
    }
