"""Where the functions' code calls AWS: what the source says, to be compared with what the flows have reached."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import botocore.session
from botocore import xform_name

PACKAGE = Path(__file__).parents[3] / "functions" / "kobo_sms"
_SERVICES = ("dynamodb", "events", "lambda", "s3", "secretsmanager", "sns", "sqs")
# Methods of our own that have the name of an operation.
_OURS = {("credit.alerting.Alerting._publish", "publish")}


@cache
def operations() -> dict[str, str]:
    """Return the name of each operation by that of the method that makes it."""
    session = botocore.session.get_session()
    models = [session.get_service_model(service) for service in _SERVICES]
    return {xform_name(name): name for model in models for name in model.operation_names}


@cache
def call_sites() -> frozenset[tuple[str, str]]:
    """Return function or method and operation, as `("optouts.lookup.OptOutLookup._read", "BatchGetItem")`."""
    return frozenset(site for path in PACKAGE.rglob("*.py") for site in _in_module(path))


def _in_module(path: Path) -> Iterator[tuple[str, str]]:
    module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    for scope, call in _calls(ast.parse(path.read_text()), ()):
        assert isinstance(call.func, ast.Attribute)
        method = call.func.attr
        if method == "get_paginator" and isinstance(call.args[0], ast.Constant):
            method = str(call.args[0].value)
        name = ".".join((module, *scope))
        if method in operations() and (name, method) not in _OURS:
            yield name, operations()[method]


def _calls(node: ast.AST, scope: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], ast.Call]]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        scope = (*scope, node.name)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield scope, node
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, scope)
