"""The HTTP of the three endpoints (docs/kobomobile-api.md, "Endpoints" and "Answers")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, request

from mock_kobo.api import broken
from mock_kobo.errors import RefusedError
from mock_kobo.gateway import ANSWERED, REFUSED, Reply
from mock_kobo.mock import EXTENSION, Mock
from mock_kobo.rules.dialect import word_answer
from mock_kobo.rules.faults import AFTER, DELAYS
from mock_kobo.rules.parameters import read_parameters
from mock_kobo.state.calls import Call

if TYPE_CHECKING:
    from mock_kobo.rules.faults import Fault

# A usual proxy's limit of one request line, 8 KiB; what it leaves for the query string.
MAX_QUERY = 8_150
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

api = Blueprint("api", __name__, url_prefix="/api")


@api.route(
    "/<any(send, credit, report):endpoint>/", methods=METHODS, strict_slashes=False, provide_automatic_options=False
)
def call_endpoint(endpoint: str) -> Response:
    """Answer one call of the API and log it."""
    mock: Mock = current_app.extensions[EXTENSION]
    call = Call(mock.gateway.clock.now(), endpoint, request.method, {}, outcome=REFUSED)
    response = _respond(mock, call)
    mock.calls.add(call)
    mock.changes.bump()
    return response


def _respond(mock: Mock, call: Call) -> Response:
    unreadable: RefusedError | None = None
    try:
        call.parameters = read_parameters(request.query_string, _form_body())
    except RefusedError as refused:
        unreadable = refused
    fault = mock.faults.take(call.endpoint, call.parameters)
    if fault is not None:
        call.fault = fault.label
        if fault.when != AFTER and fault.kind not in DELAYS:
            call.outcome = "fault"
            return _faulty(mock, call, fault)
    page = _http_refusal(call)
    if page is not None:
        return page
    reply = _answer(mock, call, unreadable)
    call.outcome, call.reason = reply.outcome, reply.reason
    if fault is not None:
        return _faulty(mock, call, fault, reply)
    return _plain(mock, call, reply)


def _form_body() -> bytes:
    # request.mimetype parses the parameters of the header too, which costs as much as the rest.
    mimetype = request.environ.get("CONTENT_TYPE", "").partition(";")[0]
    if mimetype.strip().lower() != "application/x-www-form-urlencoded":
        return b""
    return request.get_data(cache=False)


def _http_refusal(call: Call) -> Response | None:
    if call.method != "POST":
        return _html(call, broken.page(405), "the API takes POST only")
    if len(request.query_string) > MAX_QUERY:
        return _html(call, broken.page(414), "the request line is over 8 KiB")
    return None


def _html(call: Call, response: Response, reason: str) -> Response:
    call.http_status, call.reason = response.status_code, reason
    call.answer = f"(HTML page, status {response.status_code})"
    return response


def _answer(mock: Mock, call: Call, unreadable: RefusedError | None) -> Reply:
    if unreadable is not None:
        return Reply(unreadable.token, REFUSED, unreadable.reason)
    return mock.gateway.answer(call.endpoint, call.parameters)


def _plain(mock: Mock, call: Call, reply: Reply) -> Response:
    dialect = mock.gateway.dialect
    whole_json = call.endpoint == "credit" and reply.outcome == ANSWERED and dialect.balance_format.startswith("json")
    call.answer = reply.text if whole_json else word_answer(reply.text, dialect)
    call.http_status = 200
    return Response(call.answer, mimetype="text/plain")


def _faulty(mock: Mock, call: Call, fault: Fault, reply: Reply | None = None) -> Response:
    if fault.answer is not None:
        return _plain(mock, call, Reply(fault.answer, call.outcome))
    right = _plain(mock, call, reply).get_data() if reply is not None else b""
    if fault.kind in DELAYS:
        return broken.DELAYED[fault.kind](fault, right)
    response = broken.RESPONSES[fault.kind or ""](fault)
    nothing = fault.kind in {"timeout", "reset"}
    call.http_status = None if nothing else response.status_code
    call.answer = "" if fault.kind == "empty" else None
    return response
