"""Imports point inwards, importing has no effect, and a handler imports little."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FUNCTIONS = ROOT / "functions"
HANDLERS = ("send_sms", "check_credit", "poll_reports")

PURE = {
    "alert_headline",
    "alert_text",
    "alerts",
    "answers",
    "backoff",
    "call_window",
    "concurrency",
    "decisions",
    "delivery_times",
    "errors",
    "forecast",
    "networks",
    "numbers",
    "pages",
    "parts",
    "records",
    "report_counts",
    "reports",
    "request",
    "request_fields",
    "rounds",
    "settings",
    "signals",
    "states",
    "tally",
    "valve",
    "valve_duties",
    "verdicts",
    "wording",
}
# Who may import whom: a module only from layers further in, or from its own.
LAYERS = (
    PURE,
    {
        "alert_topic",
        "client",
        "closed_lanes",
        "credentials",
        "credit_store",
        "dynamodb",
        "event_sources",
        "fresh_connections",
        "item_errors",
        "prompt",
        "queues",
        "report_store",
        "siblings",
        "sqs_records",
        "stats_store",
        "store",
        "valve_store",
    },
    {
        "alerting",
        "breaker",
        "checking",
        "due_parts",
        "polling",
        "polling_run",
        "report_writer",
        "sending",
        "valve_control",
    },
    {"composition", "telemetry"},
)
# What besides the standard library a module may import.
OUTSIDE = {
    "numbers": {"phonenumbers"},
    "client": {"urllib3"},
    "fresh_connections": {"urllib3"},
    "dynamodb": {"boto3"},
    "checking": {"botocore"},
    "credentials": {"botocore"},
    "siblings": {"botocore"},
    "alerting": {"botocore"},
    "breaker": {"botocore"},
    "event_sources": {"botocore"},
    "item_errors": {"botocore"},
    "prompt": {"botocore"},
    "sending": {"botocore"},
    "composition": {"boto3", "botocore", "aws_lambda_powertools"},
    "telemetry": {"aws_lambda_powertools"},
    "handler": {"aws_lambda_powertools"},
}
EFFECTS = {"os", "time", "random", "uuid", "socket", "threading", "subprocess", "logging", "concurrent", "asyncio"}
# uuid for uuid5 alone, a pure function.
PURE_EXCEPTIONS = {("parts", "uuid")}
# Modules, those of the interpreter itself included: measured with Python 3.11 (591, 517, 517), plus 5 %.
BUDGET = {"send_sms": 620, "check_credit": 542, "poll_reports": 542}
DEAR = {"pydantic", "aws_xray_sdk", "aws_lambda_powertools.utilities.parameters", "phonenumbers.geocoder"}
FOREIGN = {"mock_kobo", "local_aws", "kobo_cli", "tests"}

MODULES = sorted(FUNCTIONS.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Return what a module imports when it runs; what stands under TYPE_CHECKING is for the type checker."""
    names: set[str] = set()
    nodes: list[ast.AST] = [ast.parse(path.read_text())]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes += node.orelse
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where they point"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        nodes += ast.iter_child_nodes(node)
    return names


def own(path: Path) -> set[str]:
    """Return the modules of kobo_sms that a module imports."""
    return {name.split(".")[1] for name in imported(path) if name.startswith("kobo_sms.")}


def name_of(path: Path) -> str:
    """Return a module's name; the modules of the composition root go by its name."""
    return "composition" if path.parent.name == "composition" else path.stem


def layer(module: str) -> int:
    return next(at for at, modules in enumerate(LAYERS) if module in modules)


def clean(code: str) -> str:
    """Run `code` in a fresh interpreter with nothing in its environment, the functions alone on its path."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(FUNCTIONS)!r}); {code}"]
    done = subprocess.run(command, env={}, cwd=os.sep, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("path", sorted((FUNCTIONS / "kobo_sms").glob("[!_]*.py")), ids=lambda path: path.stem)
def test_imports_point_inwards(path: Path) -> None:
    assert all(layer(name) <= layer(path.stem) for name in own(path))


@pytest.mark.parametrize("handler", HANDLERS)
def test_handlers_know_the_composition_root_and_what_is_passed_through(handler: str) -> None:
    assert own(FUNCTIONS / handler / "handler.py") <= {"composition", "sqs_records", "telemetry"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_each_library_has_its_module(path: Path) -> None:
    tops = {name.partition(".")[0] for name in imported(path)}
    allowed = {"kobo_sms", *OUTSIDE.get(name_of(path), ())}
    assert tops - set(sys.stdlib_module_names) <= allowed


@pytest.mark.parametrize("name", sorted(PURE))
def test_pure_modules_have_no_effects(name: str) -> None:
    tops = {each.partition(".")[0] for each in imported(FUNCTIONS / "kobo_sms" / f"{name}.py")}
    assert {each for each in tops & EFFECTS if (name, each) not in PURE_EXCEPTIONS} == set()


def test_only_the_composition_root_reads_the_environment() -> None:
    assert {name_of(path) for path in MODULES if "os.environ" in path.read_text()} == {"composition"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_every_client_of_aws_lets_go_of_idle_connections(path: Path) -> None:
    code = ast.unparse(ast.parse(path.read_text()))
    assert code.count("boto3.client(") == code.count("never_reuse_idle(boto3.client(")


@pytest.mark.parametrize("handler", HANDLERS)
def test_importing_opens_nothing_and_reads_no_setting(handler: str) -> None:
    code = f"""
import socket, threading
def refuse(*_, **__): raise AssertionError("a connection at import")
socket.socket.connect = refuse
import boto3
boto3.client = boto3.resource = refuse
import {handler}.handler
made = [app.cache_info().currsize for name, app in vars({handler}.handler).items() if name.endswith("_app")]
print(boto3.DEFAULT_SESSION, threading.active_count(), made)
"""
    assert clean(f"exec({code!r})") == "None 1 [0]\n"


def test_a_handler_imports_nothing_of_the_others() -> None:
    theirs = {"send_sms": "sending", "check_credit": "valve_control", "poll_reports": "polling_run"}
    for handler in HANDLERS:
        modules = json.loads(clean(f"import {handler}.handler, json; print(json.dumps(sorted(sys.modules)))"))
        assert {name for name, module in theirs.items() if f"kobo_sms.{module}" in modules} == {handler}


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_imports_little(handler: str) -> None:
    modules = json.loads(clean(f"import {handler}.handler, json; print(json.dumps(sorted(sys.modules)))"))
    assert len(modules) <= BUDGET[handler]
    assert not (DEAR | FOREIGN) & set(modules)
