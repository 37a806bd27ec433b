"""The KoboMobile login, kept while the function is warm and fetched afresh when KoboMobile refuses it."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from kobo_sms.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class Credentials:
    """User and password from one Secrets Manager secret, JSON `{"user": ..., "pass": ...}`."""

    def __init__(self, client: SecretsManagerClient, arn: str) -> None:
        self._client = client
        self._arn = arn
        self._lock = threading.Lock()
        self._login: tuple[str, str] | None = None

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

    def fresh(self) -> tuple[str, str] | None:
        """Return user and password as the secret has them now, None when they cannot be had."""
        with self._lock:
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
