"""Files that are written for people: never over the one that is read, whole or not at all, and fit to be sent again."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from kobo_cli.bulk.output import require_own_place, whole_file, write_bad_rows
from kobo_cli.errors import CliError
from tests.cli.bulk.conftest import Check, people

BAD = 'to;Name;"No\nte"\n2E12;Ada;x\n+2348030100001;;"a;b"\n2348030100002;Chi;y;z\n+2348030100003;Dan;w\n'


def read(path: Path, separator: str = ";") -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def write(check: Check, content: str, path: Path) -> None:
    checked = check(content, "Dear {Name}")
    write_bad_rows(path, checked.table.header.cells, checked.workspace.bad(), checked.table.separator)


def test_bad_rows_come_back_as_they_were(check: Check, tmp_path: Path) -> None:
    write(check, BAD, tmp_path / "bad.csv")
    header, *rows = read(tmp_path / "bad.csv")
    assert header == ["bad line", "bad reason", "to", "Name", "No\nte"]
    assert [(row[0], row[2:]) for row in rows] == [
        ("3", ["2E12", "Ada", "x"]),
        ("4", ["+2348030100001", "", "a;b"]),
        ("5", ["2348030100002", "Chi", "y", "z"]),
    ]
    assert [row[1] for row in rows][1] == "Name: is empty"


def test_mended_they_can_be_checked_again(check: Check, tmp_path: Path) -> None:
    write(check, BAD, tmp_path / "bad.csv")
    mended = (tmp_path / "bad.csv").read_text("utf-8").replace("2E12", "+2348030100009").replace(";;", ";Bo;")
    again = check(mended, "Dear {name}", to="to")
    assert {each.text for each in again.workspace.recipients()} == {"Dear Ada", "Dear Bo"}
    write(check, mended, tmp_path / "bad2.csv")
    header, *rows = read(tmp_path / "bad2.csv")
    assert header == ["bad line", "bad reason", "to", "Name", "No\nte"]
    assert [row[2:] for row in rows] == [["2348030100002", "Chi", "y", "z"]]


def test_no_bad_row_is_a_file_without_one(check: Check, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("of an earlier run")
    write(check, people("Ada"), tmp_path / "bad.csv")
    assert read(tmp_path / "bad.csv", ",") == [["bad line", "bad reason", "to", "name"]]


def test_formulas_are_text_to_a_spreadsheet_and_what_they_were_to_us(check: Check, tmp_path: Path) -> None:
    write(check, "to,name\nnobody,=1+1\n", tmp_path / "bad.csv")
    assert read(tmp_path / "bad.csv", ",")[1][2:] == ["nobody", "'=1+1"]
    mended = (tmp_path / "bad.csv").read_text("utf-8").replace("nobody", "+2348030100001")
    again = check(mended, "Dear {name}", to="to")
    assert {each.text for each in again.workspace.recipients()} == {"Dear =1+1"}


@pytest.mark.parametrize("link", ["same", "relative", "symbolic", "hard"])
def test_the_file_that_is_read_is_never_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: str) -> None:
    monkeypatch.chdir(tmp_path)
    source, path = tmp_path / "people.csv", tmp_path / "link.csv"
    source.write_text("to\n")
    if link == "symbolic":
        path.symlink_to(source)
    elif link == "hard":
        path.hardlink_to(source)
    else:
        path = source if link == "same" else Path("people.csv")
    with pytest.raises(CliError, match=r"^--bad-rows .*: that is where .*people.csv is; give another name"):
        require_own_place({"--bad-rows": path}, source)


def test_two_outputs_are_two_files(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="--preview"):
        require_own_place({"--bad-rows": tmp_path / "x", "--preview": tmp_path / "x"}, tmp_path / "people.csv")
    require_own_place({"--bad-rows": tmp_path / "x", "--preview": tmp_path / "y"}, tmp_path / "people.csv")


def break_off(path: Path) -> None:
    with whole_file("--preview", path, encoding="utf-8") as file:
        file.write("new")
        file.flush()
        assert path.read_text() == "old"
        raise ZeroDivisionError


def test_what_breaks_off_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        break_off(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_file_is_replaced_and_not_written_over(tmp_path: Path) -> None:
    path, old = tmp_path / "x", tmp_path / "old"
    path.write_text("old")
    old.hardlink_to(path)
    with whole_file("--preview", path, encoding="utf-8") as file:
        file.write("new")
    assert (path.read_text(), old.read_text()) == ("new", "old")


@pytest.mark.parametrize("name", ["none/x", "."])
def test_what_cannot_be_written_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(CliError, match=r"^--preview"), whole_file("--preview", tmp_path / name, encoding="utf-8"):
        pass
