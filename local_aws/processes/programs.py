"""What runs on 127.0.0.1: the embedded AWS, MiniStack, and the mock KoboMobile."""

import os
from pathlib import Path

from local_aws.processes.child import HOST, Program

REGION = "eu-west-1"
ACCOUNT = "000000000000"
ACCESS_KEY = "test"
SECRET_KEY = "test"  # noqa: S105 - what every local endpoint accepts

# Handlers inherit the engine's environment, so it gets none of the developer's AWS profile, endpoints or proxies:
# a function must see here what it sees in AWS.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")


def engine(port: int, directory: Path) -> Program:
    """Return how to run MiniStack on a port: logs in `aws.log` of the directory, temporary files in `work` there."""
    return Program(
        name="the embedded AWS (MiniStack)",
        module="local_aws.processes.engine",
        arguments=(),
        environment=_environment(port, directory / "work"),
        port=port,
        ready_path="/_ministack/health",
        log=directory / "aws.log",
    )


def mock(port: int, directory: Path) -> Program:
    """Return how to run the mock on a port: logs in `mock.log` of the directory."""
    return Program(
        name="the mock KoboMobile",
        module="mock_kobo",
        arguments=("--host", HOST, "--port", str(port)),
        environment=os.environ | {"PYTHONUNBUFFERED": "1"},
        port=port,
        ready_path="/_mock/account",
        log=directory / "mock.log",
    )


def _environment(port: int, work: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return kept | {
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        # Also what queue URLs begin with. "localhost" would be tried as ::1 first.
        "MINISTACK_HOST": HOST,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PERSIST_STATE": "0",
        # Each function may do what its role in the template allows and nothing else, as in AWS.
        "AUTH": "true",
        "STATE_DIR": str(work / "state"),
        "S3_DATA_DIR": str(work / "s3"),
        # An MQTT server on port 8883 of all interfaces, which two engines can't share.
        "IOT_MTLS_ENABLED": "0",
        "PYTHONUNBUFFERED": "1",
        "HOME": str(work),
        "TMPDIR": str(work),
    }
