from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from kobo_sms.errors import InvalidRequest
from kobo_sms.messages.request import parse

Problems = Callable[[dict[str, Any] | str], list[str]]


@pytest.fixture
def problems() -> Problems:
    """Return the fields that `parse` finds fault with, in order; `to` and `msg` are right unless given."""

    def fields_at_fault(changed: dict[str, Any] | str) -> list[str]:
        body = changed if isinstance(changed, str) else json.dumps({"to": "+2348030100001", "msg": "Hello"} | changed)
        try:
            parse(body, region="NG", default_id="default")
        except InvalidRequest as error:
            return [problem.field for problem in error.problems]
        return []

    return fields_at_fault
