"""DynamoDB tables."""

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
        "TimeToLiveSpecification": _time_to_live(clients, name),
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": recovery == "ENABLED"},
        "SSESpecification": {"SSEEnabled": table.get("SSEDescription", {}).get("Status") == "ENABLED"},
        "DeletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
    }


def _index(index: dict[str, Any]) -> dict[str, Any]:
    return {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}


def _time_to_live(clients: Clients, name: str) -> dict[str, Any]:
    found = clients.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    enabled = found.get("TimeToLiveStatus") == "ENABLED"
    return {"AttributeName": found.get("AttributeName"), "Enabled": enabled}
