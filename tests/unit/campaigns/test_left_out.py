from __future__ import annotations

import json
from typing import Any

import pytest

from kobo_sms.campaigns.left_out import LeftOut, left_out_of

BODY = {"id": "sale:7", "to": ["+2348030100001", "x"], "msg": "Hello", "campaign": "sale"}


def of(part: str = "0", **fields: Any) -> LeftOut | None:
    return left_out_of(json.dumps(BODY | fields), part)


def test_a_whole_request_is_left_out_with_all_whom_it_names() -> None:
    assert of() == LeftOut("sale", "sale:7", "0", 2)
    assert of(id="sale", to="0803") == LeftOut("sale", "sale", "0", 1)


def test_of_a_smaller_part_the_numbers_are_kept() -> None:
    assert of("0.1", to=["+2348030100001"]) == LeftOut("sale", "sale:7", "0.1", 1, ("2348030100001",))


@pytest.mark.parametrize(
    "fields",
    [
        {"campaign": None},
        {"campaign": "news"},
        {"campaign": "sal"},
        {"campaign": "sale:7"},
        {"campaign": {"a": 1}},
        {"id": "order-1"},
        {"id": 7},
        {"id": "sale:\u20ac"},
    ],
)
def test_what_belongs_to_no_campaign_is_not_noted(fields: dict[str, Any]) -> None:
    assert of(**fields) is None


@pytest.mark.parametrize("body", ["", "{", "[]", "7", "[" * 100_000])
def test_what_cannot_be_read_is_not_noted(body: str) -> None:
    assert left_out_of(body, "0") is None
