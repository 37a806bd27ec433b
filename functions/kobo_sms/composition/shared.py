"""What more than one function is made of."""

from __future__ import annotations

import os

import boto3
from botocore.config import Config

from kobo_sms.aws.fresh_connections import never_reuse_idle
from kobo_sms.composition import settings
from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.kobomobile.credentials import Credentials

# A call of AWS that hangs must not eat the time that the part's lease leaves.
AWS = Config(
    connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"}, max_pool_connections=20
)


def make_kobo(connections: int) -> KoboClient:
    """Return a client for so many calls at once.

    Raises
    ------
    ConfigurationError
        when the environment is incomplete.
    """
    wanted = settings.read_kobo(os.environ)
    secrets = never_reuse_idle(boto3.client("secretsmanager", config=AWS))
    credentials = Credentials(secrets, wanted.secret_arn)
    return KoboClient(wanted.base_url, credentials, timeout=wanted.http_timeout, connections=connections)
