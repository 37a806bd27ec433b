"""The AWS that the benchmark's functions talk to, over HTTP, in a process of its own.

    python -m benchmarks.peers.aws_double

DynamoDB is the simulation's (tests/robustness/simulation), held to moto's by tests. SQS keeps what was put on a queue
until the benchmark, which is the event source mapping here, takes it. `POST /_double/begin` empties the tables and
starts a count, `/_double/count` tells it, `/_double/taken` takes the messages.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable
from hashlib import md5
from typing import Any

from botocore.exceptions import ClientError

from benchmarks.peers.http_server import HttpAnswer, HttpRequest, serve
from benchmarks.peers.kobo_stub import PASSWORD, USER
from benchmarks.peers.table_double import TableDouble
from tests.integration.template import Template

MESSAGES, IDEMPOTENCY = "messages", "idempotency"
_TARGET = re.compile(rb"\r\nx-amz-target: *(\w+)\.(\w+)", re.IGNORECASE)
_JSON = "application/x-amz-json-1.0"
_SNAKE = re.compile(r"(?<!^)(?=[A-Z])")


class AwsDouble:
    """DynamoDB with two tables, SQS, Secrets Manager and EventBridge, as far as the functions ask."""

    def __init__(self) -> None:
        indexes = Template({}, {}).properties("Messages")["GlobalSecondaryIndexes"]
        self._indexes = [[key["AttributeName"] for key in index["KeySchema"]] for index in indexes]
        self._tables = self._new_tables()
        self._calls: Counter[str] = Counter()
        self._queued: list[dict[str, Any]] = []
        self._own: dict[str, Callable[[dict[str, Any]], Any]] = {
            "SendMessage": self._send_message,
            "SendMessageBatch": self._send_message_batch,
            "ChangeMessageVisibility": lambda asked: {},
            "ChangeMessageVisibilityBatch": _answer_each,
            "GetSecretValue": lambda asked: {"SecretString": json.dumps({"user": USER, "pass": PASSWORD})},
            "PutEvents": lambda asked: {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in asked["Entries"]]},
        }

    def _new_tables(self) -> dict[str, TableDouble]:
        return {MESSAGES: TableDouble(self._indexes), IDEMPOTENCY: TableDouble(sorted_=False)}

    def respond(self, request: HttpRequest) -> HttpAnswer:
        """Answer a call of AWS, or of the benchmark."""
        found = _TARGET.search(request.head)
        if found is None:
            return HttpAnswer(json.dumps(self._control(request.target)).encode(), content_type="application/json")
        service, operation = found[1].decode(), found[2].decode()
        self._calls[operation] += 1
        asked = json.loads(request.body)
        try:
            answer = self._table(operation, asked) if service.startswith("DynamoDB") else self._own[operation](asked)
        except ClientError as refused:
            return _refuse(refused.response)
        except ValueError as invalid:
            return _refuse({"Error": {"Code": "ValidationException", "Message": str(invalid)}})
        return HttpAnswer(json.dumps(answer).encode(), content_type=_JSON)

    def _table(self, operation: str, asked: dict[str, Any]) -> Any:
        return self._tables[_table_of(asked)].call(_SNAKE.sub("_", operation).lower(), asked)

    def _control(self, path: str) -> Any:
        if path == "/_double/taken":
            taken, self._queued = self._queued, []
            return taken
        if path == "/_double/begin":
            self._calls.clear()
            self._tables = self._new_tables()
        units = sum(table.write_units() for table in self._tables.values())
        return {"calls": self._calls, "write_units": units}

    def _send_message(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._queued.append(asked)
        name = str(self._calls["SendMessage"])
        return {"MessageId": name, "MD5OfMessageBody": md5(asked["MessageBody"].encode()).hexdigest()}

    def _send_message_batch(self, asked: dict[str, Any]) -> dict[str, Any]:
        done = [{"Id": entry["Id"], **self._send_message({**asked, **entry})} for entry in asked["Entries"]]
        return {"Successful": done, "Failed": []}


def _answer_each(asked: dict[str, Any]) -> dict[str, Any]:
    return {"Successful": [{"Id": entry["Id"]} for entry in asked["Entries"]], "Failed": []}


def _table_of(asked: dict[str, Any]) -> str:
    if "TableName" in asked:
        return str(asked["TableName"])
    if "RequestItems" in asked:
        return str(next(iter(asked["RequestItems"])))
    # PartiQL has the table's name in its text.
    return MESSAGES


def _refuse(said: Any) -> HttpAnswer:
    error = said["Error"]
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{error['Code']}", "message": error.get("Message", "Refused")}
    if "Item" in said:
        body["Item"] = said["Item"]
    return HttpAnswer(json.dumps(body).encode(), 400, _JSON)


if __name__ == "__main__":
    asyncio.run(serve(AwsDouble().respond))
