"""A function's start in an interpreter of its own, with its processor time taken from within."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local_aws import plan
from local_aws.errors import LocalStackError
from local_aws.lambda_runtime.installed import installed
from local_aws.template.source import code_folders, load, of_functions
from tests.deployment_package import compile_all, lay_out, link, needed_by
from tests.integration.template import Template

ONE_CLIENT = "one client"
_ONE_CLIENT_SOURCE = """
import boto3

dynamodb = boto3.client("dynamodb")


def handle(event, context):
    return {}
"""
# What a start is measured with is loaded before it, and Lambda's own runtime too: its imports are for nothing then.
_CHILD = """
import importlib, json, resource, sys, time
sys.path[:0] = json.loads(sys.argv[1])
try:
    import awslambdaric.bootstrap
except ImportError:
    pass
def processor():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
before, began = processor(), time.perf_counter()
module = importlib.import_module(sys.argv[2])
spent, passed = processor() - before, time.perf_counter() - began
assert callable(module.handle)
print(json.dumps({"processor": spent * 1000, "wall": passed * 1000, "modules": len(sys.modules)}))
"""


@dataclass(frozen=True)
class Start:
    """What a start took, in milliseconds, and how many modules were there after it."""

    processor: float
    wall: float
    modules: int


@dataclass(frozen=True)
class Interpreter:
    """What runs the functions, and where it finds boto3."""

    command: Sequence[str]
    path: Sequence[str]


@dataclass(frozen=True)
class Code:
    """The folder that is uploaded, and that of the one-client function."""

    task: Path
    one_client: Path


@dataclass(frozen=True)
class Starting:
    """Starts functions, each by the handler that the template names."""

    interpreter: Interpreter
    code: Code

    @property
    def functions(self) -> dict[str, str]:
        """The module of each function's handler; the one-client function first."""
        handlers = of_functions(load(plan.SOURCE), "Handler").values()
        modules = [handler.rpartition(".")[0] for handler in handlers]
        return {ONE_CLIENT: "one_client", **{module.partition(".")[0]: module for module in modules}}

    def start(self, function: str) -> Start:
        """Start a function once. Raises CalledProcessError when it cannot be loaded."""
        done = self.run(function, [])
        return Start(**json.loads(done.stdout))

    def run(self, function: str, options: list[str]) -> subprocess.CompletedProcess[str]:
        """Start a function under an interpreter with `options`."""
        folder = self.code.one_client if function == ONE_CLIENT else self.code.task
        path = json.dumps([str(folder), *self.interpreter.path])
        command = [*self.interpreter.command, *options, "-c", _CHILD, path, self.functions[function]]
        environment = _environment(function)
        return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=True)


def interpreter(folder: Path) -> Interpreter:
    """Return Lambda's Python with its boto3 where `make runtime` has installed it, else this one with what it has.

    boto3's byte code is there, as it is in Lambda; nothing is written, as /var/task is read-only there.
    """
    try:
        python = str(installed(plan.ROOT).python)
    except LocalStackError:
        link(folder, needed_by(["boto3"]))
        return Interpreter([sys.executable, "-I", "-S", "-B"], [str(folder)])
    packages = [str(path) for path in Path(python).parents[1].glob("lib/python3*/site-packages")]
    subprocess.run([python, "-m", "compileall", "-q", *packages], check=True)
    return Interpreter([python, "-I", "-B"], [])


def lay_out_code(folder: Path, interpreter: Interpreter, *, built: bool, byte_code: bool) -> Code:
    """Return the code as it ships, in `folder` unless it is what `make build` made, and the one-client function."""
    one_client, task = folder / "one_client", folder / "task"
    one_client.mkdir()
    (one_client / "one_client.py").write_text(_ONE_CLIENT_SOURCE)
    if built:
        return Code(code_folders(load(plan.BUILT), plan.BUILT.parent)["SendSms"], one_client)
    lay_out(task)
    if byte_code:
        compile_all(task, interpreter.command[0])
        compile_all(one_client, interpreter.command[0])
    return Code(task, one_client)


def _environment(function: str) -> dict[str, str]:
    shared = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
    if function == ONE_CLIENT:
        return shared
    (name,) = (
        name
        for name, handler in of_functions(load(plan.SOURCE), "Handler").items()
        if handler.startswith(f"{function}.")
    )
    names = [*load(plan.SOURCE)["Resources"], "SendSmsPriority", "SendSmsBulk"]
    return shared | Template({}, {each: f"any-{each}" for each in names}).environment(name)
