"""Lambda functions, their event source mappings, and how they are invoked."""

import json
from typing import Any

from local_aws.clients import Clients

_FUNCTION = (
    "Architectures",
    "Description",
    "Environment",
    "FunctionName",
    "Handler",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
)
_MAPPING = (
    "BatchSize",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "EventSourceArn",
    "FilterCriteria",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "StartingPosition",
)


def read_function(clients: Clients, name: str) -> dict[str, Any]:
    """Read a function by its name."""
    found: dict[str, Any] = dict(clients.functions.get_function(FunctionName=name)["Configuration"])
    concurrency = clients.functions.get_function_concurrency(FunctionName=name)
    return {name: found[name] for name in _FUNCTION if name in found} | {
        "LoggingConfig": found.get("LoggingConfig", {}),
        "RecursiveLoop": clients.functions.get_function_recursion_config(FunctionName=name)["RecursiveLoop"],
        "ReservedConcurrentExecutions": concurrency.get("ReservedConcurrentExecutions"),
    }


def read_mapping(clients: Clients, uuid: str) -> dict[str, Any]:
    """Read an event source mapping by its UUID."""
    found: dict[str, Any] = dict(clients.functions.get_event_source_mapping(UUID=uuid))
    return {name: found[name] for name in _MAPPING if name in found} | {
        "Enabled": found["State"] == "Enabled",
        "FunctionName": found["FunctionArn"].rpartition(":")[2],
        "ScalingConfig": found.get("ScalingConfig", {}),
    }


def read_invoke_config(clients: Clients, identifier: str) -> dict[str, Any]:
    """Read how a function is invoked asynchronously, by `function:qualifier`."""
    name = identifier.rpartition(":")[0]
    found = clients.functions.get_function_event_invoke_config(FunctionName=name, Qualifier="$LATEST")
    return {
        "FunctionName": name,
        "Qualifier": "$LATEST",
        "DestinationConfig": found.get("DestinationConfig", {}),
        "MaximumRetryAttempts": found.get("MaximumRetryAttempts"),
        "MaximumEventAgeInSeconds": found.get("MaximumEventAgeInSeconds"),
    }


def read_permission(clients: Clients, statement_id: str) -> dict[str, Any]:
    """Read a permission to invoke, by the id of its statement, which no two functions share."""
    for page in clients.functions.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            for statement in _statements(clients, function["FunctionName"]):
                if statement["Sid"] == statement_id:
                    return _permission(function["FunctionName"], statement)
    raise LookupError(statement_id)


def _statements(clients: Clients, function: str) -> list[dict[str, Any]]:
    try:
        policy = clients.functions.get_policy(FunctionName=function)["Policy"]
    except clients.functions.exceptions.ResourceNotFoundException:
        return []
    statements: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return statements


def _permission(function: str, statement: dict[str, Any]) -> dict[str, Any]:
    principal = statement["Principal"]
    return {
        "FunctionName": function,
        "Action": statement["Action"],
        "Principal": principal["Service"] if isinstance(principal, dict) else principal,
        "SourceArn": statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn"),
    }
