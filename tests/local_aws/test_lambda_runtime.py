"""What stands between the engine and Lambda's runtime: which answers are errors, what is deployed, who ends when."""

import json
import platform
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path

import pytest

from local_aws import plan
from local_aws.errors import LocalStackError
from local_aws.lambda_runtime.bootstrap import bootstraps, use_custom_runtime
from local_aws.lambda_runtime.emulator import Emulator, Outcome, read_answer
from local_aws.lambda_runtime.environment import RuntimeApi, serve
from local_aws.lambda_runtime.installed import LambdaRuntime, installed
from local_aws.template.source import load, of_functions

RUNTIME = LambdaRuntime(Path("/opt/lambda's/python"), Path("/opt/rie"))


@pytest.mark.parametrize(
    "body", [b'{"batchItemFailures": []}', b"null", b"[]", b'"errorType"', b'{"answer": "error_gw"}']
)
def test_an_answer_is_handed_on_as_it_is(body: bytes) -> None:
    assert read_answer(body) == Outcome(body, failed=False)


def test_an_error_of_the_function_is_an_error() -> None:
    body = b'{"errorType": "ConfigurationError", "errorMessage": "no table"}'
    assert read_answer(body) == Outcome(body, failed=True)


@pytest.mark.parametrize(
    ("body", "kind"), [(b"Task timed out after 3.00 seconds", "Sandbox.Timedout"), (b"", "Runtime.ExitError")]
)
def test_what_is_no_json_is_an_error_of_the_runtime(body: bytes, kind: str) -> None:
    outcome = read_answer(body)
    error = json.loads(outcome.payload)
    assert outcome.failed
    assert error["errorType"] == kind
    assert error["errorMessage"]


def test_each_function_is_deployed_as_a_bootstrap_that_names_its_own_code_and_time_out() -> None:
    template = load(plan.SOURCE)
    folders = {name: Path(f"/built/{name} x") for name in of_functions(template, "Timeout")}
    archives = bootstraps(template, folders, RUNTIME, "http://127.0.0.1:4566")
    assert archives.keys() == folders.keys()
    with zipfile.ZipFile(BytesIO(archives["SendSms"])) as archive:
        assert archive.namelist() == ["bootstrap"]
        script = archive.read("bootstrap").decode()
    # As a shell reads it.
    words = script.replace("exec ", "printf '%s\\n' ")
    told = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=True).stdout.splitlines()
    assert told[0] == sys.executable
    assert told[3:] == ["/built/SendSms x", "30", "http://127.0.0.1:4566", str(RUNTIME.python), str(RUNTIME.emulator)]


def test_the_template_asks_for_a_custom_runtime_and_keeps_the_handlers() -> None:
    template = load(plan.SOURCE)
    handlers = of_functions(template, "Handler")
    use_custom_runtime(template)
    assert set(of_functions(template, "Runtime").values()) == {"provided.al2023"}
    assert of_functions(template, "Handler") == handlers


def test_a_runtime_that_is_not_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(LocalStackError, match="make runtime"):
        installed(tmp_path)
    python = tmp_path / ".venv-lambda/bin/python"
    rapid = tmp_path / ".venv-sam/lib/python3.12/site-packages/samcli/local/rapid"
    for path in (python, rapid / "aws-lambda-rie-arm64", rapid / "aws-lambda-rie-x86_64"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert installed(tmp_path) == LambdaRuntime(python, rapid / "aws-lambda-rie-arm64")
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(LocalStackError, match="Linux"):
        installed(tmp_path)


class Upper(Emulator):
    """A function that answers in capitals, and fails on what is no text."""

    def invoke(self, event: bytes) -> Outcome:
        return Outcome(event.upper(), failed=not event.isalpha())


@contextmanager
def engine(*events: bytes) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """The engine's side of the Runtime API: hands out events, then says that it stops; notes what it is told."""
    told: list[tuple[str, bytes]] = []
    waiting = list(enumerate(events))

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number, event = waiting.pop(0) if waiting else (None, b"stopped")
            self.send_response(500 if number is None else 200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", f"request-{number}")
            self.end_headers()
            self.wfile.write(event)

        def do_POST(self) -> None:
            told.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", told
        server.shutdown()


def test_each_event_is_answered_under_its_own_request_until_the_engine_stops() -> None:
    with engine(b"one", b"2") as (address, told), pytest.raises(RuntimeError, match="no more events"):
        serve(RuntimeApi(address), Upper(0, 3))
    api = "/2018-06-01/runtime/invocation"
    assert told == [(f"{api}/request-0/response", b"ONE"), (f"{api}/request-1/error", b"2")]


def test_an_emulator_that_is_gone_ends_the_environment() -> None:
    with engine(b"one") as (address, told), pytest.raises(OSError, match="refused"):
        serve(RuntimeApi(address), Emulator(1, 3))
    assert told == []
