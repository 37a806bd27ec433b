"""The mock's README tells the truth about itself."""

import ast
import re
from pathlib import Path

import pytest

from mock_kobo.rules.dialect import Dialect
from mock_kobo.rules.faults import KINDS
from mock_kobo.rules.scenarios import MAGIC_ANSWERS, MAGIC_REPORTS

ROOT = Path(__file__).parents[2]
README = (ROOT / "mock_kobo" / "README.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in README.split("## Fidelity")[1].splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| rule"))
]


def _test_names() -> set[str]:
    trees = [ast.parse(path.read_text()) for path in Path(__file__).parent.glob("test_*.py")]
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_table_names_tests_that_exist() -> None:
    named = {name for row in ROWS for name in re.findall(r"`(test_\w+)`", row[2])}
    assert len(named) > 40
    assert named <= _test_names()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_each_row_tells_its_fidelity_and_shows_it(row: list[str]) -> None:
    rule, fidelity, shown = row
    assert rule
    assert re.match(r"(faithful|simplified|absent)\b", fidelity)
    assert shown or fidelity == "absent"


def test_every_switch_and_kind_of_fault_is_documented() -> None:
    missing = [name for name in (*Dialect.__dataclass_fields__, *KINDS) if f"`{name}`" not in README]
    assert missing == []


def test_the_magic_recipients_are_the_code_s() -> None:
    documented = dict(re.findall(r"\| (23480300\d+) \| `?([\w ,:]+?)`? \|", README))
    coded = MAGIC_ANSWERS | MAGIC_REPORTS | {"2348030009105": "PROCESSED, for ever"}
    assert documented == coded
