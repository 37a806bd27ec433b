"""The bench writes its table where the README has one, and changes nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.peers.gateway import KANNEL, OURS, USUAL
from benchmarks.peers.plan import Results
from benchmarks.peers.readme import README, write_readme
from tests.benchmarks.peers.runs import RUN


def results() -> Results:
    texts = ("10,000 single texts", "one text to 10,000 numbers", "a campaign of 1,000 texts")
    pace = [
        replace(RUN, workload=text, latency=latency, gateway=gateway)
        for text in texts
        for latency in (0.0, 0.05, 0.2)
        for gateway in (OURS, USUAL, KANNEL)
    ]
    batches = [replace(RUN, gateway=gateway, batch=10) for gateway in (OURS, USUAL)]
    return Results(pace, batches, [replace(RUN, gateway=KANNEL, executed=10_100)])


def test_the_readmes_table_is_written_anew(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(README.read_text())

    write_readme(results(), page)

    before, after = README.read_text().splitlines(), page.read_text().splitlines()
    assert [line for line in after if line not in before and not line.startswith("|")] == []
    assert [line for line in before if line not in after and not line.startswith("|")] == []
    assert "| texts a second at 200 ms, of 500 | 1,000 | 1,000 | 1,000 |" in after
    assert "| one answer in ten lost: sent twice, of 1,000 texts |  |  | 10 |" in after


def test_a_page_without_the_section_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("# A page\n\n| a | table |\n")
    with pytest.raises(ValueError, match="no table"):
        write_readme(results(), page)
