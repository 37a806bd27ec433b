"""Lambda's runtime as the local stack uses it, with a function of the tests' own: errors are told, and it goes on."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.lambda_runtime.emulator import Emulator, Function, running
from local_aws.lambda_runtime.installed import LambdaRuntime
from tests.local_aws.consumers import until
from tests.local_aws.test_up import alive, children

SOURCE = """
import os, sys, time

def handle(event, context):
    what = event["do"]
    if what == "tell":
        return {"path": sys.path, "environment": dict(os.environ), "pid": os.getpid(), "cwd": os.getcwd(),
                "name": context.function_name, "left": context.get_remaining_time_in_millis()}
    if what == "fail":
        raise ValueError("no good")
    if what == "end":
        os._exit(7)
    time.sleep(60)
"""
TIMEOUT = 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "handler.py").write_text(SOURCE)
    (tmp_path / "broken.py").write_text("import a_module_that_nobody_has\n")
    return tmp_path


def function(folder: Path, module: str = "handler") -> Function:
    return Function(
        folder, f"{module}.handle", TIMEOUT, {"AWS_LAMBDA_FUNCTION_NAME": "teller", "KOBO_TABLE": "messages"}
    )


@pytest.fixture
def emulator(folder: Path, runtime: LambdaRuntime) -> Iterator[Emulator]:
    with running(runtime, function(folder)) as started:
        yield started


def invoke(emulator: Emulator, what: str) -> tuple[Any, bool]:
    outcome = emulator.invoke(json.dumps({"do": what}).encode())
    return json.loads(outcome.payload), outcome.failed


def test_a_function_finds_its_code_lambdas_packages_and_nothing_of_ours(
    emulator: Emulator, folder: Path, runtime: LambdaRuntime
) -> None:
    told, failed = invoke(emulator, "tell")
    assert not failed
    # The standard library and Lambda's own packages besides.
    assert told["path"][0] == told["cwd"] == told["environment"]["LAMBDA_TASK_ROOT"] == str(folder)
    packages = [path for path in told["path"] if path.endswith("site-packages")]
    assert packages == [str(path) for path in runtime.python.parents[1].glob("lib/python3*/site-packages")]
    assert (told["name"], told["environment"]["KOBO_TABLE"]) == ("teller", "messages")
    assert "HOME" not in told["environment"]
    assert 0 < told["left"] <= TIMEOUT * 1000
    assert not list(folder.rglob("*.pyc"))


def test_a_process_is_kept_from_event_to_event(emulator: Emulator) -> None:
    assert invoke(emulator, "tell")[0]["pid"] == invoke(emulator, "tell")[0]["pid"]


@pytest.mark.parametrize(
    ("what", "kind"), [("fail", "ValueError"), ("end", "Runtime.ExitError"), ("sleep", "Sandbox.Timedout")]
)
def test_a_function_that_fails_is_told_of_and_runs_again(emulator: Emulator, what: str, kind: str) -> None:
    error, failed = invoke(emulator, what)
    assert (failed, error["errorType"]) == (True, kind)
    assert not invoke(emulator, "tell")[1]


def test_a_module_that_is_missing_is_told(folder: Path, runtime: LambdaRuntime) -> None:
    with running(runtime, function(folder, "broken")) as emulator:
        error, failed = invoke(emulator, "tell")
    assert failed
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert "a_module_that_nobody_has" in error["errorMessage"]


def test_the_functions_process_ends_with_the_emulator(folder: Path, runtime: LambdaRuntime) -> None:
    with running(runtime, function(folder)) as emulator:
        pid = invoke(emulator, "tell")[0]["pid"]
    until(lambda: not Path(f"/proc/{pid}").exists())


def test_an_environment_that_the_engine_ends_takes_the_emulator_with_it(folder: Path, runtime: LambdaRuntime) -> None:
    module = [sys.executable, "-m", "local_aws.lambda_runtime.environment"]
    arguments = [str(folder), "2", "http://127.0.0.1:1", str(runtime.python), str(runtime.emulator)]
    # An engine that has no event for it, and never answers.
    with socket.create_server(("127.0.0.1", 0)) as engine:
        address = "{}:{}".format(*engine.getsockname())
        seen = {**os.environ, "AWS_LAMBDA_RUNTIME_API": address, "_HANDLER": "handler.handle"}
        environment = subprocess.Popen([*module, *arguments], env=seen)
        # It asks for an event once the emulator listens.
        with engine.accept()[0]:
            (emulator,) = children(environment.pid)
            environment.terminate()
            assert environment.wait(10) == 0
    assert not alive(emulator)
