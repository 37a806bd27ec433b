"""A client sends the statements that it is given, whoever puts the request together."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from kobo_sms.aws.statements import Statement, insert, send_as_encoded, update

KEY = {"id": "order-1", "part": "0"}
ITEM = KEY | {
    "from": "₦ Shop",
    "at": Decimal("1.25"),
    "leases": {"a"},
    "opted_out": b"\x00\xff",
    "recipients": {"2348030100001": {"state": "sent", "in_doubt": True}},
    "history": [],
}


def test_it_is_what_botocore_would_send() -> None:
    statements = [insert("messages", ITEM), update("messages", KEY, {"from": None}, where={"leases": {"b"}})]
    assert sent(send_as_encoded(client()), statements) == sent(client(), statements)


def client() -> Any:
    return botocore.session.get_session().create_client(
        "dynamodb", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


def sent(client: Any, statements: list[Statement]) -> Any:
    """Return the body of a call that asks for the consumed capacity, too."""
    bodies: list[Any] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        bodies.append(json.loads(request.body))
        return AWSResponse(request.url, 200, HTTPHeaders(), Raw())

    client.meta.events.register("before-send", answer)
    wire = [{"Statement": each.text, "Parameters": each.parameters} for each in statements]
    client.batch_execute_statement(Statements=wire, ReturnConsumedCapacity="TOTAL")
    return bodies


class Raw:
    def stream(self) -> Any:
        yield b"{}"
