"""KoboMobile over HTTP, and the login: kept while the function is warm, fetched afresh when KoboMobile refuses it.

Every call is a POST with a form body (the password stays out of request lines and so out of access logs) and is made
exactly once: whether to repeat a call whose answer was lost is not for a transport to decide.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode, urlsplit

import urllib3
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

from kobo_sms.connections import USUAL, IdleLimit, Unconnected, limit_idle, limit_time
from kobo_sms.errors import ConfigurationError
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
from kobo_sms.kobomobile.tokens import Kind

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from kobo_sms.messages.parts import Part

# 500 pairs of 13 digits and a UUID are 26 kB; what is much longer is no answer of the API.
_LONGEST_ANSWER = 256 * 1024
_CHUNK = 16 * 1024
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
# While the valve is about to close, each refused call would else ask Secrets Manager again.
_FETCH_EVERY = 5.0
A = TypeVar("A")


class Credentials:
    """User and password from one Secrets Manager secret, JSON `{"user": ..., "pass": ...}`; threads may share it."""

    def __init__(self, client: SecretsManagerClient, arn: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._arn = arn
        self._clock = clock
        self._lock = threading.Lock()
        self._login: tuple[str, str] | None = None
        self._refused_at = -math.inf

    def current(self) -> tuple[str, str]:
        """Return user and password, fetched if they are not known yet.

        Raises
        ------
        ConfigurationError
            when the secret is not of the agreed form; its content is not repeated.
        """
        with self._lock:
            if self._login is None:
                self._login = self._fetch()
            return self._login

    def after_refusal(self, refused: tuple[str, str]) -> tuple[str, str] | None:
        """Return what to log in with after KoboMobile did not accept `refused`, None when there is nothing to try.

        That is what another thread has fetched meanwhile, else the secret as it is now. It is asked for every few
        seconds at the most, however many calls are refused.
        """
        with self._lock:
            if self._login is not None and self._login != refused:
                return self._login
            now = self._clock()
            if now - self._refused_at < _FETCH_EVERY:
                return None
            self._refused_at = now
            try:
                self._login = self._fetch()
            except (ConfigurationError, BotoCoreError, ClientError):
                return None
            return self._login

    def _fetch(self) -> tuple[str, str]:
        text = self._client.get_secret_value(SecretId=self._arn).get("SecretString", "")
        try:
            fields = json.loads(text)
            return str(fields["user"]), str(fields["pass"])
        except (ValueError, KeyError, TypeError):
            raise ConfigurationError('the secret must be JSON: {"user": ..., "pass": ...}') from None


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
