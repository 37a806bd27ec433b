"""What more than one function is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kobo_sms.composition import settings
from kobo_sms.kobomobile.client import Credentials, KoboClient

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


def build_kobo(
    env: Mapping[str, str], secrets: SecretsManagerClient, connections: int, kind: type[KoboClient] = KoboClient
) -> KoboClient:
    """Return a client for so many calls at once.

    Raises
    ------
    ConfigurationError
        when the environment is incomplete.
    """
    wanted = settings.read_kobo(env)
    credentials = Credentials(secrets, wanted.secret_arn)
    return kind(wanted.base_url, credentials, timeout=wanted.http_timeout, connections=connections)
