"""The stack that is looked at: its connection, what it is made of, and with which parameters it was deployed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from kobo_cli.connection import Connection


@dataclass(frozen=True)
class Patient:
    """`resources` maps names in the template to physical ids; `skew`: by how many seconds this machine's clock is ahead
    of AWS's, None if AWS did not say; `local`: it runs on this machine, where there are no quotas and no e-mails."""

    connection: Connection
    resources: Mapping[str, str]
    parameters: Mapping[str, str]
    skew: float | None
    local: bool = False

    def client(self, service: str) -> Any:
        """Return a client of a service."""
        return self.connection.client(service)

    def named(self, ending: str) -> dict[str, str]:
        """Return the resources whose names end so."""
        return {name: physical for name, physical in self.resources.items() if name.endswith(ending)}


def admit(connection: Connection) -> Patient:
    """Read what the stack is made of. Errors of AWS pass through."""
    client = connection.client("cloudformation")
    pages = client.get_paginator("list_stack_resources").paginate(StackName=connection.stack)
    found = [each for page in pages for each in page["StackResourceSummaries"]]
    answer = client.describe_stacks(StackName=connection.stack)
    return Patient(
        connection,
        {each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in found},
        {each["ParameterKey"]: each["ParameterValue"] for each in answer["Stacks"][0].get("Parameters", [])},
        _skew(answer, time.time()),
        local="AWS_ENDPOINT_URL" in connection.variables,
    )


def _skew(answer: Mapping[str, Any], now: float) -> float | None:
    told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return None if told is None else now - parsedate_to_datetime(told).timestamp()
