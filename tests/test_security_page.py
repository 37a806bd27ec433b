"""docs/security.md: each threat names a test that exists, or says why there is none."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "security.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.partition("## Threats")[2].partition("\n## ")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| who |")
]


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((TESTS / path).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_there_are_threats() -> None:
    assert len(ROWS) > 20
    assert {len(row) for row in ROWS} == {4}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}: {row[1]}"[:80])
def test_each_threat_is_held_by_a_test_that_exists(row: list[str]) -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", row[3])
    if not named:
        assert re.match(r"not tested: \w+ .+", row[3])
        return
    # Nothing but tests stands there, so that none is misspelt.
    assert re.fullmatch(r"(`[\w/]+\.py::\w+`(, )?)+", row[3])
    for path, name in named:
        assert name.startswith("test_")
        assert name in functions_of(path), f"{path} has no {name}"
