"""CloudWatch's log groups."""

from typing import Any

from local_aws.clients import Clients


def read_group(clients: Clients, name: str) -> dict[str, Any]:
    """Read a log group by its name."""
    found = clients.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    for group in found:
        if group["logGroupName"] == name:
            return {"LogGroupName": name, "RetentionInDays": group.get("retentionInDays")}
    raise LookupError(name)
