"""Lists of SMS and calls for the control API, read page by page so that a long one holds up nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mock_kobo.errors import BadFieldError

if TYPE_CHECKING:
    from mock_kobo.mock import Mock

PAGE = 1000

Rows = list[dict[str, Any]]

_MESSAGE_COLUMNS = {"to": "messages.number", "from": "sender", "message_uuid": "uuid", "msgid": "msgid"}
_CALL_COLUMNS = {"endpoint": "endpoint", "outcome": "outcome"}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to: SQL conditions of this module, their values, a last id seen, a length."""

    conditions: tuple[str, ...]
    values: tuple[str, ...]
    after: int
    limit: int | None


def message_filters(arguments: dict[str, str]) -> Filters:
    """Return the filters that a query string asks of the messages; raises BadFieldError."""
    return _filters(arguments, _MESSAGE_COLUMNS)


def call_filters(arguments: dict[str, str]) -> Filters:
    """Return the filters that a query string asks of the calls; raises BadFieldError."""
    return _filters(arguments, _CALL_COLUMNS)


def _filters(arguments: dict[str, str], columns: dict[str, str]) -> Filters:
    for name in arguments:
        if name not in {*columns, "after", "limit"}:
            raise BadFieldError(name, "unknown filter; known are " + ", ".join((*columns, "after", "limit")))
    given = [name for name in columns if name in arguments]
    return Filters(
        conditions=tuple(f"{columns[name]} = ?" for name in given),
        values=tuple(arguments[name] for name in given),
        after=_whole(arguments, "after") or 0,
        limit=_whole(arguments, "limit"),
    )


def _whole(arguments: dict[str, str], name: str) -> int | None:
    value = arguments.get(name)
    if value is None:
        return None
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise BadFieldError(name, "must be a whole number")
    return int(value)


def list_messages(mock: Mock, filters: Filters) -> Iterator[Rows]:
    """Yield the SMS that `filters` let through, oldest first, in pages."""
    messages, clock = mock.gateway.messages, mock.gateway.clock

    def read(after: int, limit: int) -> Rows:
        where = " AND ".join(("messages.id > ?", *filters.conditions))
        return messages.listed(f"WHERE {where} ORDER BY messages.id", (after, *filters.values), limit, clock.now())

    return _pages(read, filters)


def list_calls(mock: Mock, filters: Filters) -> Iterator[Rows]:
    """Yield the calls that `filters` let through, oldest first, in pages."""

    def read(after: int, limit: int) -> Rows:
        where = " AND ".join(("id > ?", *filters.conditions))
        return mock.calls.listed(f"WHERE {where} ORDER BY id", (after, *filters.values), limit)

    return _pages(read, filters)


def _pages(read: Callable[[int, int], Rows], filters: Filters) -> Iterator[Rows]:
    after, left = filters.after, filters.limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        rows = read(after, size)
        yield rows
        if len(rows) < size:
            return
        after = rows[-1]["id"]
        left = None if left is None else left - size
