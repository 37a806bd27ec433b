"""MiniStack, with what it leaves out: a write by PartiQL is told to the table's stream, as each other write is.

Used as `python -m local_aws.processes.engine`, in place of `python -m ministack`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.services import dynamodb

Write = Callable[..., Any]


def tell_of_statements() -> None:
    """Have the engine's own functions for INSERT and UPDATE tell the stream what they have written."""
    dynamodb._partiql_insert = _telling(dynamodb._partiql_insert)
    dynamodb._partiql_update = _telling(dynamodb._partiql_update)


def _telling(write: Write) -> Write:
    def told(table: Any, parsed: Any, *more: Any) -> Any:
        # A write replaces the item: what was there before stays as it was.
        before = _item(table, parsed)
        answer = write(table, parsed, *more)
        if answer[0] == 200:
            event = "INSERT" if before is None else "MODIFY"
            dynamodb._emit_stream_event(parsed["table"], event, before, _item(table, parsed))
        return answer

    return told


def _item(table: Any, parsed: Any) -> Any:
    named = parsed["item"] if parsed["op"] == "INSERT" else {name: value for name, _, value in parsed["conditions"]}
    key = [dynamodb._extract_key_val(named.get(table[name])) for name in ("pk_name", "sk_name")]
    return table["items"].get(key[0], {}).get(key[1])


if __name__ == "__main__":
    tell_of_statements()
    app.main()
