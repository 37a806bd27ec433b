"""Every file in events/ is what it says: read by the code that would read it."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from kobo_cli.request_schema import schema
from kobo_sms.errors import InvalidRequest
from kobo_sms.messages import numbers
from kobo_sms.messages.request import parse

EVENTS = Path(__file__).parent.parent / "events"
REQUESTS = [EVENTS / "request.json", EVENTS / "request-password.json"]
SCHEMA = Draft202012Validator(json.loads((EVENTS / "request.schema.json").read_text()))


def accepts(body: str) -> bool:
    try:
        parse(body, region="NG", default_id="x")
    except InvalidRequest:
        return False
    return True


def test_every_file_is_known_here() -> None:
    known = {
        "request.json",
        "request-password.json",
        "request.schema.json",
        "sqs.json",
        "stream.json",
        "schedule.json",
        "campaign.csv",
    }
    assert {path.name for path in EVENTS.iterdir()} == known


def test_the_schema_is_the_one_that_the_code_gives() -> None:
    assert SCHEMA.schema == schema(), "run `make schema`"
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", REQUESTS, ids=lambda path: path.name)
def test_sample_requests_are_accepted(path: Path) -> None:
    request = parse(path.read_text(), region="NG", default_id="x")
    assert request.to
    assert not request.bad
    SCHEMA.validate(json.loads(path.read_text()))


def test_the_sample_sqs_event_carries_a_request() -> None:
    record = next(SQSEvent(json.loads((EVENTS / "sqs.json").read_text())).records)
    assert accepts(record.body)
    assert int(record.attributes.sent_timestamp) > 0


def test_the_campaign_has_1200_customers_each_with_a_number_of_their_own() -> None:
    with (EVENTS / "campaign.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({numbers.normalise(row["to"], "NG") for row in rows}) == len(rows) == 1200
    assert all(row["name"] for row in rows)


WRONG: st.SearchStrategy[Any] = st.sampled_from(
    [None, 0, 3, True, "", "x" * 300, [], {}, ["+2348030100001", 5], "Shop ₦", 1.5]
)
FIELD = {
    "to": st.sampled_from(["+2348030100001", ["0803 010 0001", "nobody"]]),
    "msg": st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
    "from": st.sampled_from(["Shop", "1234567890123456", "My Shop 24"]),
    "type": st.just(2),
    "id": st.sampled_from(["a", "A-b_c.d:1"]),
    "sensitive": st.booleans(),
    "reference": st.text(st.characters(codec="utf-8"), max_size=20),
    "promotional": st.booleans(),
    "campaign": st.sampled_from(["easter-2027", "A_b.c"]),
    "colour": st.just("blue"),
}


@given(st.fixed_dictionaries({}, optional={name: value | WRONG for name, value in FIELD.items()}))
def test_schema_and_code_agree(fields: dict[str, Any]) -> None:
    assert SCHEMA.is_valid(fields) == accepts(json.dumps(fields))
