"""The inbox page, the view behind it and the stream of events that keeps it up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, jsonify, request

from mock_kobo.errors import BadFieldError
from mock_kobo.inbox.views import FEW, MANY, view
from mock_kobo.mock import EXTENSION, Mock

if TYPE_CHECKING:
    from collections.abc import Iterator

# So often a stream says something, to notice that nobody listens any more.
HEARTBEAT_SECONDS = 10.0
MAX_QUERY = 200
# Texts are other people's; whatever one holds, the page runs no script but its own.
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:"

inbox = Blueprint("inbox", __name__)


def _mock() -> Mock:
    found: Mock = current_app.extensions[EXTENSION]
    return found


@inbox.get("/")
def page() -> Response:
    """Show the inbox."""
    response = current_app.send_static_file("inbox.html")
    response.headers["Content-Security-Policy"] = POLICY
    return response


@inbox.get("/_mock/view")
def get_view() -> Response:
    """Return what the page shows: `q` searches, `phone` opens one, `phones`, `thread` and `calls` say how many."""
    limits = {name: _limit(name) for name in ("phones", "thread", "calls")}
    query = request.args.get("q", "").strip()[:MAX_QUERY]
    return jsonify(view(_mock(), query, request.args.get("phone", ""), limits))


def _limit(name: str) -> int:
    value = request.args.get(name, str(FEW))
    if not (value.isascii() and value.isdecimal() and 1 <= int(value) <= MANY):
        raise BadFieldError(name, f"must be a whole number from 1 to {MANY}")
    return int(value)


@inbox.get("/_mock/events")
def get_events() -> Response:
    """Stream an event at each change, and when an SMS's final report has come."""
    return Response(_events(_mock()), mimetype="text/event-stream", headers={"Cache-Control": "no-store"})


def _events(mock: Mock) -> Iterator[str]:
    seen = mock.changes.count
    yield "data: connected\n\n"
    while not mock.changes.closed:
        due = seconds_to_next_report(mock)
        count = mock.changes.wait(seen, min(HEARTBEAT_SECONDS, due))
        changed, seen = count != seen, count
        yield "data: changed\n\n" if changed or due < HEARTBEAT_SECONDS else ": nothing new\n\n"


def seconds_to_next_report(mock: Mock) -> float:
    """Return when to look again: once the next final report has come, or at the next heartbeat."""
    clock = mock.gateway.clock
    if clock.frozen_at is not None:
        return HEARTBEAT_SECONDS
    now = clock.now()
    found = mock.store.row("SELECT min(final_at) FROM messages WHERE final_at > ?", (now,))
    # A moment past it, so that the report is there when the page asks.
    return HEARTBEAT_SECONDS if not found or found[0] is None else max(0.05, found[0] - now + 0.01)
