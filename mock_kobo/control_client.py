"""A small client of the mock's control API, for tests and demos: `mock.fail_next("send", "error_gw")`."""

from __future__ import annotations

import http.client
import json
import threading
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode, urlsplit

from mock_kobo.errors import MockError
from mock_kobo.rules.faults import KINDS

if TYPE_CHECKING:
    from decimal import Decimal

SECONDS = 30.0


class ControlError(MockError):
    """The control API refused a request; the text says which field and why."""


class MockControl:
    """Talks to the mock at `url`. Any number of threads may share one; each request waits at most 30 seconds.

    Every method raises ControlError if the mock refuses the request, OSError if it can't be reached.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.base_url = f"{self.url}/api"
        address = urlsplit(self.url)
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=SECONDS)
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Every SMS executed, oldest first: to, from, msg, type, pages, msgid, message_uuid, status, cost, at ..."""
        return self.list_messages()

    def list_messages(self, **filters: str | int) -> list[dict[str, Any]]:
        """Return the SMS narrowed by `to`, `message_uuid`, `msgid`, `after` (an id), `limit`."""
        return self._list(f"/messages?{urlencode(filters)}")

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every HTTP call, oldest first: endpoint, method, parameters, answer, outcome, reason, fault, http_status."""
        return self.list_calls()

    def list_calls(self, **filters: str | int) -> list[dict[str, Any]]:
        """Return the calls narrowed by `endpoint`, `outcome`, `after` (an id), `limit`."""
        return self._list(f"/calls?{urlencode(filters)}")

    def reset(self) -> None:
        """Make the mock as new: no SMS, no calls, no faults, the default account, dialect and clock."""
        self._call("POST", "/reset")

    def clear_messages(self) -> None:
        """Forget SMS and calls; keep account, settings and what was sent under which `message_uuid`."""
        self._call("DELETE", "/messages")

    @property
    def account(self) -> dict[str, Any]:
        """The account: user, balance, page_price, suspended; `pass` is masked."""
        return self._object("GET", "/account")

    def set_account(self, **fields: str | float | Decimal | bool) -> dict[str, Any]:
        """Set `balance`, `page_price`, `suspended`, `user` or `password`; return the account."""
        if "password" in fields:
            fields["pass"] = fields.pop("password")
        return self._object("PUT", "/account", fields)

    def fail_next(self, endpoint: str, failure: str, times: int = 1, **options: object) -> dict[str, Any]:
        """Make the next `times` calls of `endpoint` fail with an answer (`error_gw`) or a kind (`timeout`)."""
        failed = {"kind" if failure in KINDS else "answer": failure}
        return self.add_fault(endpoint=endpoint, times=times, **failed, **options)

    def add_fault(self, **fields: object) -> dict[str, Any]:
        """Put a fault in force, with the fields of POST /_mock/faults (`sender` for `from`); return it with its id."""
        if "sender" in fields:
            fields["from"] = fields.pop("sender")
        return self._object("POST", "/faults", fields)

    @property
    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, oldest first."""
        return self._list("/faults")

    def clear_faults(self, fault_id: int | None = None) -> None:
        """End all faults or one, and let go the connections they hold."""
        self._call("DELETE", "/faults" if fault_id is None else f"/faults/{fault_id}")

    @property
    def dialect(self) -> dict[str, Any]:
        """How answers are worded."""
        return self._object("GET", "/dialect")

    def set_dialect(self, **fields: object) -> dict[str, Any]:
        """Set fields of the dialect; return all of them."""
        return self._object("PUT", "/dialect", fields)

    @property
    def clock(self) -> dict[str, Any]:
        """The clock: now, frozen, delivery_seconds, delivery_outcomes."""
        return self._object("GET", "/clock")

    def advance(self, seconds: float) -> None:
        """Put the mock's clock ahead."""
        self._call("POST", "/clock", {"advance_seconds": seconds})

    def set_clock(self, **fields: object) -> dict[str, Any]:
        """Set `frozen`, `delivery_seconds` (N or [N, M]), `delivery_outcomes`, or `advance_seconds`."""
        return self._object("POST", "/clock", fields)

    def _list(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self._call("GET", path))
        return found

    def _object(self, method: str, path: str, fields: dict[str, Any] | None = None) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._call(method, path, fields))
        return found

    def _call(self, method: str, path: str, fields: dict[str, Any] | None = None) -> bytes:
        body = None if fields is None else json.dumps(fields, default=float)
        with self._lock:
            try:
                self._connection.request(method, f"/_mock{path}", body, {"Content-Type": "application/json"})
                response = self._connection.getresponse()
                answer = response.read()
            finally:
                # A connection kept for the next request may have been given up by the mock until then.
                self._connection.close()
        if response.status >= 400:
            raise ControlError(f"{method} {path}: status {response.status}, {answer.decode(errors='replace').strip()}")
        return answer
