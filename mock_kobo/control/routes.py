"""The control API of the mock, JSON under /_mock/ (README.md, "The control API")."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, jsonify, request

from mock_kobo.control.fields import json_object, number, only, read_delivery, read_fault
from mock_kobo.control.listing import call_filters, list_calls, list_messages, message_filters
from mock_kobo.errors import BadFieldError
from mock_kobo.mock import EXTENSION, Mock
from mock_kobo.state.clock import iso

if TYPE_CHECKING:
    from collections.abc import Iterator

control = Blueprint("control", __name__, url_prefix="/_mock")

MAX_ADVANCE_SECONDS = 10 * 366 * 86_400


def _mock() -> Mock:
    found: Mock = current_app.extensions[EXTENSION]
    return found


def bad_field(error: BadFieldError) -> tuple[Response, int]:
    """Answer an unusable request with the field's name and what is wrong."""
    return jsonify(error=error.reason, field=error.field), 400


@control.get("/messages")
def get_messages() -> Response:
    """List the SMS executed, oldest first; `to`, `from`, `message_uuid`, `msgid`, `after` (an id), `limit` narrow."""
    filters = message_filters(request.args.to_dict())
    return _array(list_messages(_mock(), filters))


@control.get("/calls")
def get_calls() -> Response:
    """List the HTTP calls, oldest first; `endpoint`, `outcome`, `after` (an id) and `limit` narrow."""
    filters = call_filters(request.args.to_dict())
    return _array(list_calls(_mock(), filters))


@control.delete("/messages")
def delete_messages() -> Response:
    """Clear the inbox and the calls; account, settings and `message_uuid` stay."""
    mock = _mock()
    mock.gateway.messages.clear(keep_uuids=True)
    mock.calls.clear()
    mock.changes.bump()
    return jsonify(cleared=True)


@control.post("/reset")
def post_reset() -> Response:
    """Go back to how a new mock is."""
    only(json_object())
    _mock().reset()
    return jsonify(reset=True)


@control.route("/account", methods=["GET", "PUT"])
def account() -> Response:
    """Show the account, its password masked; PUT sets the fields given."""
    mock = _mock()
    if request.method == "PUT":
        fields = json_object()
        with mock.store.lock:
            mock.gateway.settings.put_account(mock.gateway.account.changed(fields))
        mock.changes.bump()
    return jsonify(mock.gateway.account.as_json())


@control.route("/dialect", methods=["GET", "PUT"])
def dialect() -> Response:
    """Show how answers are worded; PUT sets the fields given."""
    mock = _mock()
    if request.method == "PUT":
        fields = json_object()
        with mock.store.lock:
            mock.gateway.settings.put_dialect(mock.gateway.dialect.changed(fields))
        mock.changes.bump()
    return jsonify(mock.gateway.dialect.as_json())


@control.get("/faults")
def get_faults() -> Response:
    """List the faults in force, oldest first."""
    return jsonify([fault.as_json() for fault in _mock().faults.all()])


@control.post("/faults")
def post_fault() -> tuple[Response, int]:
    """Put a fault in force."""
    mock = _mock()
    fault = mock.faults.add(read_fault(json_object()))
    mock.changes.bump()
    return jsonify(fault.as_json()), 201


@control.delete("/faults")
@control.delete("/faults/<int:fault_id>")
def delete_faults(fault_id: int | None = None) -> Response:
    """End all faults or one, and let go the connections they hold."""
    mock = _mock()
    ended = mock.faults.clear(fault_id)
    mock.changes.bump()
    return jsonify(ended=ended)


@control.route("/clock", methods=["GET", "POST"])
def clock() -> Response:
    """Show the clock; POST may advance, freeze or let it run, and set how long delivery takes from now on."""
    mock = _mock()
    if request.method == "POST":
        fields = json_object()
        with mock.store.lock:
            _set_clock(mock, fields)
        mock.changes.bump()
    settings = mock.gateway.settings
    return jsonify(
        now=iso(settings.clock.now()),
        frozen=settings.clock.frozen_at is not None,
        delivery_seconds=list(settings.delivery.seconds),
        delivery_outcomes=settings.delivery.outcomes,
    )


def _set_clock(mock: Mock, fields: dict[str, Any]) -> None:
    only(fields, "advance_seconds", "frozen", "delivery_seconds", "delivery_outcomes")
    settings = mock.gateway.settings
    seconds = number(fields, "advance_seconds", 0, MAX_ADVANCE_SECONDS) or 0
    delivery = read_delivery(fields, settings.delivery)
    frozen = fields.get("frozen", settings.clock.frozen_at is not None)
    if not isinstance(frozen, bool):
        raise BadFieldError("frozen", "must be true or false")
    settings.clock.freeze(frozen=frozen)
    settings.clock.advance(seconds)
    settings.keep_clock()
    settings.put_delivery(delivery)


def _array(pages: Iterator[list[dict[str, Any]]]) -> Response:
    return Response(_json_array(pages), mimetype="application/json")


def _json_array(pages: Iterator[list[dict[str, Any]]]) -> Iterator[str]:
    separator = "["
    for page in pages:
        for shown in page:
            yield separator + json.dumps(shown, ensure_ascii=False)
            separator = ",\n"
    yield "[]" if separator == "[" else "]"
