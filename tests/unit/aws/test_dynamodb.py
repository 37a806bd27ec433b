from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.aws.dynamodb import Expression, decode, encode
from kobo_sms.table import SCHEMA

KEY = {"id": {"S": "a"}}
VALUES = st.one_of(
    st.none(), st.booleans(), st.text(), st.binary(min_size=1), st.integers(-(10**30), 10**30).map(Decimal)
)


def test_an_update_with_every_clause() -> None:
    write = Expression().set(state="sent", reason=None).set_once(created_at=5).add(halved={"0"}).remove("lease")
    write.where(f"{write.name('lease')} = {write.value('token')}").where("attribute_exists(id)")
    assert write.update("messages", KEY) == {
        "TableName": "messages",
        "Key": KEY,
        "UpdateExpression": "SET #state = :v0, #created_at = if_not_exists(#created_at, :v1), #schema = :v4 "
        "ADD #halved :v2 REMOVE #reason, #lease",
        "ConditionExpression": "(#lease = :v3) AND (attribute_exists(id))",
        "ExpressionAttributeNames": {
            "#state": "state",
            "#reason": "reason",
            "#created_at": "created_at",
            "#halved": "halved",
            "#lease": "lease",
            "#schema": "schema",
        },
        "ExpressionAttributeValues": {
            ":v0": {"S": "sent"},
            ":v1": {"N": "5"},
            ":v2": {"SS": ["0"]},
            ":v3": {"S": "token"},
            ":v4": {"N": "1"},
        },
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def test_falsy_values_are_set_and_only_none_removes() -> None:
    update = Expression().set(attempts=0, in_doubt=False, text="", reason=None).where("x").update("messages", KEY)
    sets = "SET #attempts = :v0, #in_doubt = :v1, #text = :v2, #schema = :v3"
    assert update["UpdateExpression"] == f"{sets} REMOVE #reason"
    falsy = {":v0": {"N": "0"}, ":v1": {"BOOL": False}, ":v2": {"S": ""}}
    assert update["ExpressionAttributeValues"] == falsy | {":v3": {"N": str(SCHEMA)}}


@given(st.dictionaries(st.text(min_size=1), VALUES | st.lists(VALUES.filter(lambda each: not isinstance(each, bytes)))))
def test_items_read_back(item: dict[str, object]) -> None:
    assert decode(encode(item)) == item
