"""The KoboMobile login, kept while the function is warm and fetched afresh when KoboMobile refuses it."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from kobo_sms.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


# While the valve is about to close, each refused call would else ask Secrets Manager again.
_FETCH_EVERY = 5.0


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
