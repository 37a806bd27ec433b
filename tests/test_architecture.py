"""Imports point inwards, importing has no effect, and a handler imports little.

`kobo_sms` is made of rooms, its folders, and of a few modules that stand between them. A room uses only rooms on lower
floors; a new module needs no entry here as long as it keeps to the rules of its room.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FUNCTIONS = ROOT / "functions"
PACKAGE = FUNCTIONS / "kobo_sms"
HANDLERS = ("send_sms", "check_credit", "poll_reports", "publish_status", "queue_campaign")

# From the ground up.
FLOORS = (
    {"errors", "runtime", "table", "connections"},
    {"messages"},
    {"aws"},
    {"campaigns"},
    {"kobomobile"},
    {"valve", "optouts"},
    {"sending", "reports", "credit", "events"},
    {"telemetry", "batch_metrics", "composition"},
)
# The same of the packages that do not ship: a room or a module of the root, and what stands below it.
OTHER_FLOORS: dict[str, tuple[set[str], ...]] = {
    "mock_kobo": (
        {"errors"},
        {"rules"},
        {"state"},
        {"gateway"},
        {"mock"},
        {"api", "control", "inbox"},
        {"app", "wsgi_server"},
        {"server", "control_client"},
        {"pytest_plugin", "__main__"},
    ),
    "local_aws": (
        {"errors"},
        {"processes"},
        {"clients", "environment"},
        {"template"},
        {"lambda_runtime"},
        {"deployment", "code", "plan"},
        {"drift"},
        {"installation", "ticker", "stream_shard"},
        {"streams"},
        {"stack"},
    ),
    "kobo_cli": (
        {"terminal", "spreadsheet", "parameter_option"},
        {"errors", "console"},
        {"connection"},
        {"times", "quiet_hours", "valve_orders", "lookup", "events", "demo", "request_schema", "cost"},
        {"campaigns", "reports", "bulk"},
        {"dead", "optouts", "doctor"},
        {"commands"},
        {"main"},
    ),
}
# What besides the standard library may be imported where: by any module of a room, or by one module.
OUTSIDE = {
    "messages.numbers": {"phonenumbers"},
    "aws": {"botocore"},
    "connections": {"urllib3"},
    "campaigns": {"botocore"},
    "kobomobile": {"botocore"},
    "kobomobile.client": {"urllib3"},
    "valve": {"botocore"},
    "sending": {"botocore"},
    "reports": {"botocore"},
    "credit": {"botocore"},
    "composition": {"botocore", "aws_lambda_powertools"},
    "telemetry": {"aws_lambda_powertools"},
    "batch_metrics": {"aws_lambda_powertools"},
    "handler": {"aws_lambda_powertools"},
}
# Modules of the standard library by which a run may differ from another, and who may use them. The clock, draws and
# names come from outside (`runtime`) everywhere else.
EFFECTS = {"os", "time", "random", "uuid", "socket", "threading", "subprocess", "logging", "concurrent", "asyncio"}
WITH_EFFECTS = {
    "composition": EFFECTS,
    "handler": {"time", "asyncio"},
    # The wall clock of connections and time limits.
    "connections": {"time", "socket"},
    "kobomobile.client": {"time", "threading"},
    "valve.breaker": {"threading"},
    # The type of a pool that the composition makes.
    "campaigns.lane_filling": {"concurrent"},
    "campaigns.progress": {"concurrent"},
    "reports.poller": {"concurrent"},
    "reports.run": {"concurrent"},
    # uuid5, a pure function.
    "messages.parts": {"uuid"},
}
# Where a decision is made, no I/O is near: these rooms and modules, and whatever says of itself that it is pure.
PURE = {
    "messages",
    "sending.decisions",
    "valve.state",
    "valve.rules",
    "valve.upkeep",
    "credit.alerts",
    "reports.rounds",
}
# Modules, those of the interpreter itself included: measured with Python 3.11 (513, 436, 430, 418, 416), plus 2 %.
BUDGET = {"send_sms": 523, "check_credit": 444, "poll_reports": 438, "publish_status": 426, "queue_campaign": 424}
DEAR = {
    "boto3",
    "asyncio",
    "pydantic",
    "aws_xray_sdk",
    "aws_lambda_powertools.utilities.parameters",
    "phonenumbers.geocoder",
}
FOREIGN = {"mock_kobo", "local_aws", "kobo_cli", "tests"}

MODULES = sorted(FUNCTIONS.rglob("*.py"))


def name_of(path: Path) -> str:
    """Return a module's name within kobo_sms, without the name of its folder for `__init__`; `handler` for handlers."""
    if PACKAGE not in path.parents:
        return "handler"
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = sorted(name for path in MODULES if (name := name_of(path)) not in {"handler", ""})


def path_of(name: str) -> Path:
    module = PACKAGE.joinpath(*name.split(".")).with_suffix(".py")
    return module if module.exists() else PACKAGE.joinpath(*name.split("."), "__init__.py")


@cache
def imported(path: Path) -> frozenset[str]:
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
    return frozenset(names)


def own(path: Path) -> set[str]:
    """Return the modules of kobo_sms that a module imports."""
    found = (name.removeprefix("kobo_sms.") for name in imported(path) if name.startswith("kobo_sms."))
    # `from kobo_sms.messages import states` names a module, `from kobo_sms.messages.states import SENT` what is in one.
    return {name if name in NAMES else name.rpartition(".")[0] for name in found}


def tops(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


def room(name: str) -> str:
    return name.partition(".")[0]


def floor(name: str) -> int:
    return next(at for at, rooms in enumerate(FLOORS) if room(name) in rooms)


def allowed(rules: dict[str, set[str]], name: str) -> set[str]:
    return rules.get(name, set()) | rules.get(room(name), set())


@cache
def says_pure(name: str) -> bool:
    return (
        re.search(r"\bpure\b", ast.get_docstring(ast.parse(path_of(name).read_text())) or "", re.IGNORECASE) is not None
    )


def clean(code: str) -> str:
    """Run `code` in a fresh interpreter with nothing in its environment, the functions alone on its path."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(FUNCTIONS)!r}); {code}"]
    done = subprocess.run(command, env={}, cwd=os.sep, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_a_room_uses_only_rooms_below_it(name: str) -> None:
    others = {each for each in own(path_of(name)) if room(each) != room(name)}
    assert {each for each in others if floor(each) > floor(name)} == set()
    # On one floor nobody knows the next room, but on the ground and at the top.
    same = {each for each in others if floor(each) == floor(name)}
    assert not same or floor(name) in {0, len(FLOORS) - 1}


@pytest.mark.parametrize("package", OTHER_FLOORS)
def test_what_does_not_ship_has_floors_too(package: str) -> None:
    floors = {room: at for at, rooms in enumerate(OTHER_FLOORS[package]) for room in rooms}
    for path in (ROOT / package).rglob("*.py"):
        here = path.relative_to(ROOT / package).with_suffix("").parts[0]
        if here == "__init__":
            continue
        for name in imported(path):
            there = name.split(".")[1] if name.startswith(f"{package}.") else here
            assert there == here or floors[there] < floors[here], f"{path}: {name}"


def test_no_module_needs_itself() -> None:
    TopologicalSorter({name: own(path_of(name)) for name in NAMES}).prepare()


@pytest.mark.parametrize("handler", HANDLERS)
def test_handlers_know_the_composition_root_and_what_is_passed_through(handler: str) -> None:
    known = own(FUNCTIONS / handler / "handler.py")
    passed = {"aws.queues", "runtime", "telemetry", "batch_metrics"}
    assert {each for each in known if room(each) != "composition"} <= passed


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_each_library_has_its_room(path: Path) -> None:
    foreign = tops(path) - set(sys.stdlib_module_names) - {"kobo_sms", path.parent.name}
    assert foreign <= allowed(OUTSIDE, name_of(path))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_what_differs_from_run_to_run_comes_from_outside(path: Path) -> None:
    assert tops(path) & EFFECTS <= allowed(WITH_EFFECTS, name_of(path))


@pytest.mark.parametrize("name", [name for name in NAMES if {name, room(name)} & PURE or says_pure(name)])
def test_who_is_pure_knows_nobody_who_is_not(name: str) -> None:
    assert {each for each in own(path_of(name)) if room(each) not in {"errors", "table", "messages"}} <= {
        each for each in NAMES if says_pure(each)
    }
    assert tops(path_of(name)) <= {"kobo_sms", "phonenumbers", *sys.stdlib_module_names}


def test_only_the_composition_root_reads_the_environment() -> None:
    assert {room(name_of(path)) for path in MODULES if "os.environ" in path.read_text()} == {"composition"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_every_client_of_aws_lets_go_of_idle_connections(path: Path) -> None:
    code = ast.unparse(ast.parse(path.read_text()))
    assert code.count(".create_client(") == code.count("never_reuse_idle(aws_session().create_client(")


@pytest.mark.parametrize("handler", HANDLERS)
def test_importing_opens_nothing_and_reads_no_setting(handler: str) -> None:
    code = f"""
import socket, threading
def refuse(*_, **__): raise AssertionError("a connection at import")
socket.socket.connect = refuse
import botocore.session
botocore.session.get_session = botocore.session.Session.create_client = refuse
import {handler}.handler
made = [app.cache_info().currsize for name, app in vars({handler}.handler).items() if name.endswith("_app")]
print(threading.active_count(), made)
"""
    assert clean(f"exec({code!r})") == "1 [0]\n"


def test_a_handler_imports_nothing_of_the_others() -> None:
    theirs = {
        "send_sms": "sending.sender",
        "check_credit": "valve.control",
        "poll_reports": "reports.run",
        "publish_status": "events.publisher",
        "queue_campaign": "campaigns.queueing",
    }
    for handler in HANDLERS:
        modules = json.loads(clean(f"import {handler}.handler, json; print(json.dumps(sorted(sys.modules)))"))
        assert {name for name, module in theirs.items() if f"kobo_sms.{module}" in modules} == {handler}


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_imports_little(handler: str) -> None:
    modules = json.loads(clean(f"import {handler}.handler, json; print(json.dumps(sorted(sys.modules)))"))
    assert len(modules) <= BUDGET[handler]
    assert not (DEAR | FOREIGN) & set(modules)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "kobo_cli").rglob("*.py")), ids=lambda path: f"{path.parent.name}.{path.stem}"
)
def test_the_command_prints_nothing_that_commands_a_terminal(path: Path) -> None:
    code = ast.unparse(ast.parse(path.read_text()))
    if path.name not in ("terminal.py", "console.py"):
        # Consoles and JSON that show hidden characters come from there.
        assert not re.search(r"(?<![\w.])Console\(", code)
        assert not re.search(r"echo\(.*json\.dumps\(.*ensure_ascii=False", code)
