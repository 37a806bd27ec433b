"""KoboMobile over HTTP.

Every call is a POST with a form body (the password stays out of request lines and so out of access logs) and is made
exactly once: whether to repeat a call whose answer was lost is not for a transport to decide.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

from kobo_sms.aws.fresh_connections import USUAL, IdleLimit, limit_idle
from kobo_sms.kobomobile.answers import (
    Lost,
    Refused,
    ReportAnswer,
    SendAnswer,
    Unreachable,
    read_credit,
    read_report,
    read_send,
)
from kobo_sms.kobomobile.credentials import Credentials
from kobo_sms.kobomobile.timed_connections import Unconnected, limit_time
from kobo_sms.kobomobile.tokens import Kind

if TYPE_CHECKING:
    from kobo_sms.messages.parts import Part

# 500 pairs of 13 digits and a UUID are 26 kB; what is much longer is no answer of the API.
_LONGEST_ANSWER = 256 * 1024
_CHUNK = 16 * 1024
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
A = TypeVar("A")


class KoboClient:
    """Calls send/, credit/ and report/.

    Parameters
    ----------
    base_url
        Without a trailing slash, as `https://kobomobile.net/api`.
    credentials
        Asked for user and password before each call; asked anew when KoboMobile refuses them, and the
        call then repeated once.
    timeout
        Seconds that one call may take as a whole: connecting, TLS, the request, headers and body.
    connections
        Connections kept open, at least the calls that are made at once.
    idle
        When one of them is too old to be used again: it may have been dropped, and a call on it would lose its answer.
    """

    def __init__(
        self, base_url: str, credentials: Credentials, *, timeout: float, connections: int, idle: IdleLimit = USUAL
    ) -> None:
        self._path = urlsplit(base_url).path
        self._credentials = credentials
        self._timeout = timeout
        pools = limit_idle(limit_time(urllib3.PoolManager(maxsize=connections, retries=False)), idle)
        # The one of its host: to look for it at each call took a twelfth of a text's processor time.
        self._pool = pools.connection_from_url(base_url)

    def log_in(self) -> None:
        """Fetch user and password if they are not known yet.

        Raises
        ------
        ConfigurationError
            as Credentials.current does, and errors of Secrets Manager pass through.
        """
        self._credentials.current()

    def send(self, part: Part, *, sender: str) -> SendAnswer:
        """Ask KoboMobile to send `part`; the identical call however often it is made."""
        fields = {
            "from": sender,
            "to": ",".join(part.request.to),
            "msg": part.request.msg,
            "type": str(part.request.wire_type),
            "enable_msg_id": "1",
            "message_uuid": part.message_uuid,
        }
        return self._call("send/", fields, read_send)

    def credit(self) -> Decimal | Refused | Lost | Unreachable:
        """Return the balance.

        Raises
        ------
        UnreadableBalance
            when KoboMobile answers something in which there is none.
        """
        return self._call("credit/", {}, read_credit)

    def report(self, msgid: str) -> ReportAnswer:
        """Ask what became of one recipient's message."""
        return self._call("report/", {"msgid": msgid}, read_report)

    def _call(self, endpoint: str, fields: dict[str, str], read: Callable[[int, bytes], A]) -> A | Lost | Unreachable:
        refused = self._credentials.current()
        answer = self._post(endpoint, fields, read, refused)
        if isinstance(answer, Refused) and answer.kind is Kind.CREDENTIALS:
            login = self._credentials.after_refusal(refused)
            return answer if login is None else self._post(endpoint, fields, read, login)
        return answer

    def _post(
        self, endpoint: str, fields: dict[str, str], read: Callable[[int, bytes], A], login: tuple[str, str]
    ) -> A | Lost | Unreachable:
        body = urlencode({"user": login[0], "pass": login[1], **fields})
        try:
            response = self._pool.urlopen(
                "POST",
                f"{self._path}/{endpoint}",
                body=body,
                headers=_HEADERS,
                timeout=Timeout(total=self._timeout),
                preload_content=False,
                redirect=False,
            )
            content = _read_short(response)
        except Unconnected as error:
            return Unreachable(error.why)
        except (HTTPError, OSError) as error:
            return Lost(type(error).__name__)
        return read(response.status, content) if content is not None else Lost("the answer is too long")


def _read_short(response: urllib3.BaseHTTPResponse) -> bytes | None:
    """Return the body, or None when it is too long to be an answer."""
    content = bytearray()
    try:
        while chunk := response.read1(_CHUNK):
            content += chunk
            if len(content) > _LONGEST_ANSWER:
                return None
        response.release_conn()
        return bytes(content)
    finally:
        if not response.closed:
            response.close()
