"""What is written for a queue fits into it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.messages.compact_json import UNSENDABLE, dump, size

SCALARS = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text()
VALUES = st.recursive(SCALARS, lambda each: st.lists(each) | st.dictionaries(st.text(), each), max_leaves=20)


@given(st.dictionaries(st.text(), VALUES), st.booleans(), st.sampled_from([None, 2]))
def test_reading_and_writing_makes_nothing_longer(fields: dict[str, Any], ascii_: bool, indent: int | None) -> None:
    text = json.dumps(fields, ensure_ascii=ascii_, indent=indent)
    written = dump(json.loads(text))
    assert json.loads(written) == fields
    assert size(written) <= size(UNSENDABLE.sub("\\\\uffff", text))


@pytest.mark.parametrize("char", ["\x00", "\x0b", "\ud800", "\ufffe", "\uffff"])
def test_what_sqs_refuses_is_escaped(char: str) -> None:
    written = dump({"reference": char})
    assert not UNSENDABLE.search(written)
    assert json.loads(written) == {"reference": char}


def test_what_sqs_takes_stays_as_it_is() -> None:
    assert dump({"msg": "₦5 \U0001f600"}) == '{"msg":"₦5 \U0001f600"}'
