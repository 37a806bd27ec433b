"""What more than one function is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.config import Config

from kobo_sms.composition import settings
from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.kobomobile.credentials import Credentials

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# A call of AWS that hangs must not eat the time that the part's lease leaves.
AWS = Config(
    connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"}, max_pool_connections=20
)


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
