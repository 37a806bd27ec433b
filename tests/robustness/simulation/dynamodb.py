"""A DynamoDB client in memory: what kobo_sms calls of it, over one table with its indexes."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from kobo_sms.aws.dynamodb import decode
from kobo_sms.table import CAMPAIGN_INDEX, CAMPAIGNS_DUE
from tests import partiql
from tests.robustness.simulation import expressions
from tests.robustness.simulation.chaos import Chaos
from tests.robustness.simulation.expressions import Item, Terms

Key = tuple[str, str]


class ConditionalCheckFailedException(ClientError):
    """The condition of a write did not hold."""


class _Exceptions:
    ConditionalCheckFailedException = ConditionalCheckFailedException


def calm() -> Chaos:
    """Return a Chaos in which nothing happens."""
    return Chaos(random.Random(0), lambda seconds: None, lambda: None)


class FakeDynamoDB:
    """Items by key, in wire form; a write replaces its item, so that what was read before stays as it was."""

    exceptions = _Exceptions

    def __init__(self, chaos: Chaos, watch: Callable[[Item, Item], None] = lambda old, new: None) -> None:
        self.items: dict[Key, Item] = {}
        self._chaos, self._watch = chaos, watch
        # The index trails the table: what has just left it may still be listed.
        self._due: dict[Key, Item] = {}
        self._left: dict[Key, Item] = {}
        # When there is something to do about a report, and about a campaign; None: it changed, look again.
        self._next: tuple[float | None, float | None] | None = None
        self._by_campaign: dict[str, dict[Key, Item]] = defaultdict(dict)
        # What an eventually consistent read may still find.
        self._before: dict[Key, Item] = {}
        # Gets each item as it was, None for a new one, and as it is once it is written: the table's stream.
        self.streamed: Callable[[Item | None, Item], None] = lambda old, new: None

    def all(self) -> list[dict[str, Any]]:
        """Return every item, decoded, in the order of their keys."""
        return [decode(self.items[key]) for key in sorted(self.items)]

    def parts(self) -> list[dict[str, Any]]:
        """Return the parts of requests, decoded."""
        return [item for item in self.all() if not item["id"].startswith("~")]

    def next_due(self) -> float | None:
        """Return when the first report is due."""
        return self._moments()[0]

    def next_campaign(self) -> float | None:
        """Return when there is something to do about a campaign."""
        return self._moments()[1]

    def _moments(self) -> tuple[float | None, float | None]:
        if self._next is None:
            reports, campaigns = list[float](), list[float]()
            for item in self._due.values():
                which = campaigns if item["due_shard"]["S"] == CAMPAIGNS_DUE else reports
                which.append(float(item["due_at"]["N"]))
            self._next = min(reports, default=None), min(campaigns, default=None)
        return self._next

    def update_item(self, **arguments: Any) -> dict[str, Any]:
        return self._chaos.around("dynamodb.update_item", lambda: self._update(**arguments))

    def batch_execute_statement(self, **arguments: Any) -> dict[str, Any]:
        return self._chaos.around("dynamodb.batch_execute_statement", lambda: self._execute(arguments["Statements"]))

    def put_item(self, **arguments: Any) -> dict[str, Any]:
        return self._chaos.around("dynamodb.put_item", lambda: self._put(_key(arguments["Item"]), arguments["Item"]))

    def get_item(self, **arguments: Any) -> dict[str, Any]:
        consistent = arguments.get("ConsistentRead", False)
        return self._chaos.around("dynamodb.get_item", lambda: self._get(_key(arguments["Key"]), consistent))

    def batch_get_item(self, **arguments: Any) -> dict[str, Any]:
        return self._chaos.around("dynamodb.batch_get_item", lambda: self._get_batch(arguments["RequestItems"]))

    def get_paginator(self, operation: str) -> FakePaginator:
        assert operation == "query"
        return FakePaginator(self)

    def query(self, **arguments: Any) -> dict[str, Any]:
        return self._chaos.around("dynamodb.query", lambda: self._query(**arguments))

    def _update(self, **arguments: Any) -> dict[str, Any]:
        names, values = arguments["ExpressionAttributeNames"], arguments["ExpressionAttributeValues"]
        update, condition = arguments["UpdateExpression"], arguments.get("ConditionExpression", "")
        if expressions.placeholders(update, condition) != {*names, *values}:
            raise ValueError("placeholders that are not defined, or not used")
        key = _key(arguments["Key"])
        old = self.items.get(key, {})
        terms = Terms(old, names, values)
        if not expressions.condition(condition)(terms):
            answer: Any = {"Error": {"Code": "ConditionalCheckFailedException"}}
            if old and arguments.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
                answer["Item"] = old
            raise ConditionalCheckFailedException(answer, "UpdateItem")
        new = {**old, **arguments["Key"]}
        expressions.update(update)(terms, new)
        self._watch(old, new)
        self._put(key, new)
        attributes = {"ALL_OLD": old, "ALL_NEW": new}.get(arguments.get("ReturnValues", "NONE"))
        return {"Attributes": attributes} if attributes else {}

    def _execute(self, statements: Sequence[Any]) -> dict[str, Any]:
        # Each statement is let in, or not, by itself.
        throttled = {at for at in range(len(statements)) if self._chaos.happens(self._chaos.odds.partial)}
        admitted = [each for at, each in enumerate(statements) if at not in throttled]
        done = iter(partiql.execute_batch(admitted, self._update) if admitted else ())
        refused = {"Error": {"Code": "ThrottlingError", "Message": "too much at once"}}
        return {"Responses": [refused if at in throttled else next(done) for at in range(len(statements))]}

    def _put(self, key: Key, item: Item) -> dict[str, Any]:
        old = self.items.get(key)
        if old is not None:
            self._before[key] = old
        self.items[key] = item
        self.streamed(old, item)
        if "due_at" in item or key in self._due:
            self._next = None
        if old is not None and _CAMPAIGN.issubset(old):
            del self._by_campaign[old["campaign_shard"]["S"]][key]
        if _CAMPAIGN.issubset(item):
            self._by_campaign[item["campaign_shard"]["S"]][key] = item
        if "due_shard" in item and "due_at" in item:
            self._due[key] = item
        elif key in self._due:
            self._left[key] = self._due.pop(key)
        return {}

    def _get(self, key: Key, consistent: bool) -> dict[str, Any]:
        if not consistent and key in self._before and self._chaos.happens(self._chaos.odds.stale):
            return {"Item": self._before[key]}
        return {"Item": self.items[key]} if key in self.items else {}

    def _get_batch(self, wanted: dict[str, Any]) -> dict[str, Any]:
        ((table, request),) = wanted.items()
        keys = [_key(each) for each in request["Keys"]]
        if len(keys) > 100 or len(set(keys)) < len(keys):
            raise ValueError("too many keys, or one of them twice")
        left: list[Any] = []
        # Of who opted out only: what poll_reports does about it has tests of its own.
        if "ProjectionExpression" in request and self._chaos.happens(self._chaos.odds.partial):
            left = request["Keys"][: self._chaos.rng.randint(1, len(keys))]
        found = [self.items[key] for key in keys[len(left) :] if key in self.items]
        return {"Responses": {table: found}, "UnprocessedKeys": {table: {**request, "Keys": left}} if left else {}}

    def _query(self, **arguments: Any) -> dict[str, Any]:
        if "IndexName" not in arguments:
            return self._query_table(**arguments)
        if arguments["IndexName"] == CAMPAIGN_INDEX:
            return self._query_campaign(**arguments)
        holds = expressions.condition(arguments["KeyConditionExpression"])
        values = arguments["ExpressionAttributeValues"]
        listed = dict(self._due)
        if self._left and self._chaos.happens(self._chaos.odds.stale):
            listed |= self._left
        found = [item for item in listed.values() if holds(Terms(item, {}, values))]
        found.sort(key=_place)
        if start := arguments.get("ExclusiveStartKey"):
            found = [item for item in found if _place(item) > _place(start)]
        page = [{name: item[name] for name in _INDEXED} for item in found[: arguments["Limit"]]]
        return {"Items": page} | ({"LastEvaluatedKey": page[-1]} if len(found) > len(page) else {})

    def _query_campaign(self, **arguments: Any) -> dict[str, Any]:
        holds = expressions.condition(arguments["KeyConditionExpression"])
        values, start = arguments["ExpressionAttributeValues"], arguments.get("ExclusiveStartKey")
        indexed = self._by_campaign[values[":shard"]["S"]].values()
        found = sorted((item for item in indexed if holds(Terms(item, {}, values))), key=_standing)
        if start is not None:
            found = [item for item in found if _standing(item) > _standing(start)]
        most = arguments.get("Limit", len(found))
        page = [{name: item[name] for name in _CAMPAIGN} for item in found[:most]]
        answer: dict[str, Any] = {"Count": len(page)}
        if arguments.get("Select") != "COUNT":
            answer["Items"] = page
        return answer | ({"LastEvaluatedKey": page[-1]} if len(found) > len(page) else {})

    def _query_table(self, **arguments: Any) -> dict[str, Any]:
        holds = expressions.condition(arguments["KeyConditionExpression"])
        values = arguments["ExpressionAttributeValues"]
        found = [item for _, item in sorted(self.items.items()) if holds(Terms(item, {}, values))]
        return {"Items": found if arguments.get("ScanIndexForward", True) else found[::-1]}


class FakePaginator:
    """Pages of a query: one."""

    def __init__(self, client: FakeDynamoDB) -> None:
        self._client = client

    def paginate(self, **arguments: Any) -> list[dict[str, Any]]:
        return [self._client.query(**arguments)]


_INDEXED = ("id", "part", "due_shard", "due_at")
_CAMPAIGN = {"id", "part", "campaign_shard", "progress"}


def _place(item: Item) -> tuple[float, Key]:
    return float(item["due_at"]["N"]), _key(item)


def _standing(item: Item) -> tuple[str, Key]:
    return item["progress"]["S"], _key(item)


def _key(wire: Item) -> Key:
    return wire["id"]["S"], wire["part"]["S"]
