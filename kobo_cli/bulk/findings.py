"""What a check has found in a file: how many rows of which kind, what was mended, what makes the texts dear."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from kobo_cli.bulk.check import Bad, Checker
from kobo_cli.bulk.table import Table
from kobo_cli.bulk.workspace import Workspace

_ROWS_BETWEEN = 500


@dataclass
class Findings:
    """Rows by what they are: `rows` is the sum of `recipients`, `duplicates` (the number came before) and `bad`.

    `mended` counts recipients by what was wrong with their numbers, `dear` those whose text costs more pages for a
    character, by that character; `saved_if_plain` is how many pages `--plain` would save. `written` digests what stands
    in the rows, good or bad, whatever is known of numbers by now.
    """

    rows: int = 0
    recipients: int = 0
    duplicates: int = 0
    bad: int = 0
    mended: Counter[str] = field(default_factory=Counter)
    dear: Counter[str] = field(default_factory=Counter)
    saved_if_plain: int = 0
    written: Any = field(default_factory=sha256)


def check_all(table: Table, checker: Checker, workspace: Workspace, progress: Callable[[int], None]) -> Findings:
    """Check every row of a table and keep it in the workspace; `progress` is told the bytes read, now and then."""
    findings = Findings()
    for row in table.rows():
        findings.rows += 1
        findings.written.update(json.dumps(checker.written(row)).encode())
        found = checker.check(row)
        if isinstance(found, Bad):
            findings.bad += 1
            workspace.add_bad(found)
        elif workspace.add(found):
            findings.recipients += 1
            findings.dear.update(found.priced.dear)
            findings.saved_if_plain += found.priced.saved_if_plain
            if found.mended is not None:
                findings.mended[found.mended] += 1
        else:
            findings.duplicates += 1
        if not findings.rows % _ROWS_BETWEEN:
            progress(table.position())
    return findings
