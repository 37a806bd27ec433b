"""What keeps something: DynamoDB tables, Secrets Manager's secrets, CloudWatch's log groups."""

import json
from collections.abc import Mapping
from typing import Any

from local_aws.clients import Clients


def read_table(clients: Clients, name: str) -> dict[str, Any]:
    """Read a table by its name, with its indexes, TTL, point-in-time recovery and encryption."""
    table = clients.dynamodb.describe_table(TableName=name)["Table"]
    backups = clients.dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    return {
        "TableName": table["TableName"],
        "BillingMode": table["BillingModeSummary"]["BillingMode"],
        "AttributeDefinitions": table["AttributeDefinitions"],
        "KeySchema": table["KeySchema"],
        "GlobalSecondaryIndexes": [_index(dict(index)) for index in table.get("GlobalSecondaryIndexes", [])],
        "StreamSpecification": table.get("StreamSpecification"),
        "TimeToLiveSpecification": _time_to_live(clients, name),
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": recovery == "ENABLED"},
        "SSESpecification": _encryption(table.get("SSEDescription", {})),
        "DeletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
    }


def _encryption(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "SSEEnabled": found.get("Status") == "ENABLED",
        "SSEType": found.get("SSEType"),
        "KMSMasterKeyId": found.get("KMSMasterKeyArn"),
    }


def _index(index: dict[str, Any]) -> dict[str, Any]:
    return {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}


def _time_to_live(clients: Clients, name: str) -> dict[str, Any]:
    found = clients.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    enabled = found.get("TimeToLiveStatus") == "ENABLED"
    return {"AttributeName": found.get("AttributeName"), "Enabled": enabled}


def read_secret(clients: Clients, arn: str) -> dict[str, Any]:
    """Read a secret by its ARN; of what it holds only that it was made as asked."""
    found = clients.secretsmanager.describe_secret(SecretId=arn)
    value = clients.secretsmanager.get_secret_value(SecretId=arn)["SecretString"]
    return {
        "Name": found["Name"],
        "Description": found.get("Description"),
        "KmsKeyId": found.get("KmsKeyId"),
        "GenerateSecretString": _made(value),
    }


def _made(value: str) -> dict[str, Any]:
    """Tell, in the terms of GenerateSecretString, the one generated key and the template around it, if there is one."""
    try:
        held: dict[str, str] = json.loads(value)
    except ValueError:
        return {"PasswordLength": len(value)}
    *_, generated = held
    return {
        "GenerateStringKey": generated,
        "SecretStringTemplate": json.dumps({key: item for key, item in held.items() if key != generated}),
    }


def read_group(clients: Clients, name: str) -> dict[str, Any]:
    """Read a log group by its name."""
    found = clients.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    for group in found:
        if group["logGroupName"] == name:
            return {
                "LogGroupName": name,
                "RetentionInDays": group.get("retentionInDays"),
                "KmsKeyId": group.get("kmsKeyId"),
            }
    raise LookupError(name)
