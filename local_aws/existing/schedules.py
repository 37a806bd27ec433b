"""EventBridge Scheduler's schedules and EventBridge rules."""

import json
from typing import Any

from local_aws.clients import Clients


def read_schedule(clients: Clients, name: str) -> dict[str, Any]:
    """Read a schedule of the default group by its name."""
    return dict(clients.scheduler.get_schedule(Name=name))


def read_rule(clients: Clients, name: str) -> dict[str, Any]:
    """Read a rule of the default bus by its name, with its targets."""
    found: dict[str, Any] = dict(clients.events.describe_rule(Name=name))
    if found.get("EventPattern"):
        found["EventPattern"] = json.loads(found["EventPattern"])
    return found | {"Targets": clients.events.list_targets_by_rule(Rule=name)["Targets"]}
