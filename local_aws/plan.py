"""What is to be run, checked before anything starts."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from local_aws.errors import LocalStackError
from local_aws.lambda_runtime.installed import LambdaRuntime, installed
from local_aws.processes import ports
from local_aws.processes.child import HOST
from local_aws.template import parameters
from local_aws.template.source import Template, code_folders, load

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "template.yaml"
BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"

# The account the mock begins with; a server given by --kobo-url may want another one.
_USER, _PASSWORD = "demo", "demo-pass"
_BASE_URL = "KoboBaseUrl"


@dataclass(frozen=True)
class Plan:
    """A local stack to run: ports, template, parameters, the functions' code folders, KoboMobile and its account.

    `lambda_runtime` is what the functions run under, None for the engine's own worker processes.
    """

    aws_port: int
    mock_port: int | None
    template: Template
    parameters: Mapping[str, str]
    code: Mapping[str, Path]
    credentials: Mapping[str, str]
    lambda_runtime: LambdaRuntime | None

    @property
    def endpoint(self) -> str:
        """The address of the embedded AWS."""
        return f"http://{HOST}:{self.aws_port}"

    @property
    def mock_url(self) -> str | None:
        """The address of the mock, None when another server is used."""
        return f"http://{HOST}:{self.mock_port}" if self.mock_port else None


@contextmanager
def made(
    *,
    aws_port: int,
    mock_port: int,
    kobo_url: str | None,
    given: Mapping[str, str],
    built: bool,
    code: Path | None,
) -> Iterator[Plan]:
    """Settle what to run; port 0 becomes a free one. Its ports are reserved until the context is left.

    Raises LocalStackError for a port in use, a bad parameter or address, or when there is nothing built to run, or no
    runtime to run it under.
    """
    if _BASE_URL in given:
        raise LocalStackError(f"{_BASE_URL} is set by --kobo-url URL, or points at the mock")
    source = BUILT if built else SOURCE
    if built and not source.exists():
        raise LocalStackError("there is no build; run `make build` first")
    loaded = load(source)
    base_url = _api(kobo_url) if kobo_url else None
    # Values first: a mistyped one should not depend on the ports to be told.
    settled = parameters.settle(loaded["Parameters"], {**given, _BASE_URL: base_url or f"http://{HOST}/api"})
    if aws_port and aws_port == mock_port and not kobo_url:
        raise LocalStackError(f"--port and --aws-port can't both be {aws_port}")
    folders = code_folders(loaded, source.parent)
    with ExitStack() as exits:
        mock_port_used = None if kobo_url else exits.enter_context(ports.reserved(mock_port, "--port"))
        yield Plan(
            aws_port=exits.enter_context(ports.reserved(aws_port, "--aws-port")),
            mock_port=mock_port_used,
            template=loaded,
            parameters={**settled, _BASE_URL: base_url or f"http://{HOST}:{mock_port_used}/api"},
            code={name: code or folder for name, folder in folders.items()},
            credentials=_credentials() if kobo_url else {"user": _USER, "pass": _PASSWORD},
            lambda_runtime=installed(ROOT) if built else None,
        )


def _api(url: str) -> str:
    """Return where send/ and credit/ are found: as given, or under /api when only a server was given."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise LocalStackError(f"--kobo-url {url}: give an address like http://127.0.0.1:8025/api")
    return url.rstrip("/") if parts.path.strip("/") else f"{url.rstrip('/')}/api"


def _credentials() -> dict[str, str]:
    return {"user": os.environ.get("KOBO_USER", _USER), "pass": os.environ.get("KOBO_PASS", _PASSWORD)}
