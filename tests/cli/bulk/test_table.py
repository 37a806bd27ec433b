"""CSV files as people's programs write them: what is read, and what is said of what cannot be."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kobo_cli.bulk.table import Row, Table, open_table
from kobo_cli.errors import CliError

RAGGED = "has 3 cells, but there are 2 columns: put a value with a separator in it into quotes"
NUL = "holds NUL characters: damaged, or UTF-16 without its byte order mark"


def read(path: Path, data: bytes) -> tuple[Table, list[Row]]:
    path.write_bytes(data)
    with open_table(path) as table:
        return table, list(table.rows())


def refusal(path: Path, data: bytes) -> str:
    with pytest.raises(CliError) as caught:
        read(path, data)
    said = caught.value.format_message()
    assert said.startswith(f"{path}: ")
    return said.removeprefix(f"{path}: ")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


@pytest.mark.parametrize(
    ("data", "encoding", "separator"),
    [
        ("to,name\n080,José\n".encode(), "UTF-8", ","),
        ("to,name\n080,José\n".encode("utf-8-sig"), "UTF-8", ","),
        ("to\tname\r\n080\tJosé\r\n".encode("utf-16"), "UTF-16", "\t"),
        (codecs.BOM_UTF16_BE + "to;name\r\n080;José\r\n".encode("utf-16-be"), "UTF-16", ";"),
        ("to;name\r\n080;José\r\n".encode("cp1252"), "Windows-1252", ";"),
        ("sep=;\r\nto;name\r\n080;José\r\n".encode("cp1252"), "Windows-1252", ";"),
        ('"sep=;"\r\nto;name\r\n080;José\r\n'.encode(), "UTF-8", ";"),
        ("SEP=\t\nto\tname\n080\tJosé".encode("utf-8-sig"), "UTF-8", "\t"),
        ("sep=|\nto|name\n080|José".encode(), "UTF-8", "|"),
        ("to,name\r080,José\r".encode(), "UTF-8", ","),
        ("\n\r\n , \nto,name\n\n,,,\n080,José\n \t\n".encode(), "UTF-8", ","),
        ("to,name,,\n080,José,,\n".encode(), "UTF-8", ","),
        ('"to","name"\n"080", "José"\n'.encode(), "UTF-8", ","),
        ("\ufeff to \u200b,\u00a0name\n080,José".encode("utf-16"), "UTF-16", ","),
        ('to,"name"\n080,"José"'.encode(), "UTF-8", ","),
    ],
)
def test_files_of_every_program(path: Path, data: bytes, encoding: str, separator: str) -> None:
    table, rows = read(path, data)
    assert (table.encoding.name, table.separator) == (encoding, separator)
    assert table.columns[:2] == ("to", "name")
    assert [[cell for cell in row.cells if cell] for row in rows] == [["080", "José"]]


def test_a_line_is_where_a_row_begins(path: Path) -> None:
    _, rows = read(path, b'sep=,\n"to","na\nme"\n\n1,"a\r\nb\n\nc"\n2,x\r\r3,"y"\n')
    assert [(row.line, row.cells) for row in rows] == [(5, ["1", "a\r\nb\n\nc"]), (9, ["2", "x"]), (11, ["3", "y"])]


def test_the_name_of_a_column_is_what_is_to_be_seen_of_it(path: Path) -> None:
    table, _ = read(path, '"First\r\n name"\t\u00a0to\n'.encode())
    assert table.columns == ("First name", "to")
    assert table.header.cells == ["First\r\n name", "\u00a0to"]


def test_rows_that_are_short_long_or_damaged(path: Path) -> None:
    _, rows = read(path, b"to,name\n1\n2,a,b\n3,a,,\n4,a\0b\n")
    assert [(row.line, row.cells, row.fault) for row in rows] == [
        (2, ["1", ""], None),
        (3, ["2", "a", "b"], RAGGED),
        (4, ["3", "a", "", ""], None),
        (5, ["4", "a\0b"], NUL),
    ]


def test_a_separator_within_the_names_is_not_taken_for_the_one_between_them(path: Path) -> None:
    table, rows = read(path, b"to;Name, first;Price, naira\n1;Ada;5\n2;Bo;6\n")
    assert (table.separator, len(table.columns)) == (";", 3)
    assert rows[0].cells == ["1", "Ada", "5"]


def test_quotes_within_a_value(path: Path) -> None:
    _, rows = read(path, b'to,name\n1,5" nails\n2,"say ""hello"""\n3,""\n')
    assert [row.cells[1] for row in rows] == ['5" nails', 'say "hello"', ""]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (b"\n \r\n,,\n", "the file is empty"),
        (codecs.BOM_UTF8, "the file is empty"),
        (b"PK\x03\x04\x14\x00", "this is a workbook of Excel or LibreOffice"),
        (b"\xd0\xcf\x11\xe0\xa1", "this is a workbook of an old Excel"),
        (b"\x1f\x8b\x08\x00", "this is a gzip file"),
        ("to\n1\n".encode("utf-32"), "this is a text in UTF-32"),
        ("to,name\n1,x\n".encode("utf-16-le"), "line 1 holds NUL characters"),
        ("to,name\n1,Adé\n2,Ọlá\n3,".encode() + b"\xe9\n", "line 4 is damaged: the file is in UTF-8"),
        (b"\xef\xbb\xbfto,name\n1,\xe9\n", "line 2 is damaged: the file is in UTF-8"),
        ("to,name\n1,Ada".encode("utf-16")[:-1], "line 2 is damaged: the file is in UTF-16"),
        (b"to,name\r1,Jos\xe9\r2,\x81\r", "line 3 is damaged: the file is in Windows-1252"),
        (b"to,name\n1,Ada\n" + b"x" * (1 << 20) + b"\n", "line 3 is longer than 1,048,576 characters"),
        (b"to,name\n1," + b"x" * 140_000 + b"\n", "line 2: field larger than field limit"),
        (
            b'to,name\n1,Ada\n2,"Bo\n3,Chi\n',
            "line 3: the quote that opens there is not closed (looked for up to line 4)",
        ),
        (b'to,name\n1,"A\nda"\n2,"Bo\n3,"Lagos, NG"\n', "line 4: the quote that opens there is not closed"),
        (b'to,name,city\n1,"A\nda","Bo\n3,Chi,"x"\n', "line 3: the quote that opens there is not closed"),
        (b'to,name\n1,"' + b"x\n" * 140_000, "line 2: the quote that opens there is not closed"),
        (b'to,name\n1,"5" nails"\n', 'line 2: text after a closing quote; write a quote within a value twice, as ""'),
        (b'to,"name\n1,Ada\n', "line 1: the quote that opens there is not closed"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(path: Path, data: bytes, said: str) -> None:
    assert refusal(path, data).startswith(said)


@pytest.mark.parametrize(
    ("name", "said"), [(".", "a folder, not a CSV file"), ("none.csv", "No such file"), ("/dev/null", "no file")]
)
def test_what_is_no_file(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(CliError, match=said):
        open_table(tmp_path / name).__enter__()


def test_a_file_without_rows_has_none(path: Path) -> None:
    table, rows = read(path, b"to,name\n")
    assert (table.columns, rows) == (("to", "name"), [])


NAMES = st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=2, max_size=5)
WRITTEN = [
    ("utf-8", "utf-8"),
    ("utf-8-sig", "utf-8"),
    ("utf-16", "utf-16"),
    ("utf-16-be", "utf-16-be"),
    ("cp1252", "cp1252"),
]
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
# No two of these in a row make a letter in UTF-8.
WESTERN = st.text(st.sampled_from('ab ,;\t"éñüÀ\r\n'), max_size=12)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    encoding, codec = draw(st.sampled_from(WRITTEN))
    header = draw(NAMES)
    everything = draw(st.booleans())
    cell = WESTERN if encoding == "cp1252" else ANY_TEXT
    if not everything:
        # What Python's csv leaves without quotes: leading spaces are no part of the value, and no line breaks.
        cell = cell.map(lambda text: text.replace("\r", "").replace("\n", "").lstrip(" "))
    rows = draw(st.lists(st.lists(cell, min_size=len(header), max_size=len(header)), max_size=5))
    return {
        "encoding": encoding,
        "codec": codec,
        "header": header,
        "rows": [["x" + row[0], *row[1:]] for row in rows],
        "separator": draw(st.sampled_from(",;\t")),
        "quoting": csv.QUOTE_ALL if everything else csv.QUOTE_MINIMAL,
        "end": draw(st.sampled_from(["\n", "\r\n", "\r"])),
        "declared": draw(st.booleans()),
    }


def written(table: dict[str, Any]) -> bytes:
    text = io.StringIO(newline="")
    if table["declared"]:
        text.write(f"sep={table['separator']}{table['end']}")
    writer = csv.writer(text, delimiter=table["separator"], quoting=table["quoting"], lineterminator=table["end"])
    writer.writerows([table["header"], *table["rows"]])
    mark = codecs.BOM_UTF16_BE if table["encoding"] == "utf-16-be" else b""
    return mark + text.getvalue().encode(table["encoding"])


@given(tables())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_table_that_pythons_csv_writes_is_read_back_the_same(path: Path, table: dict[str, Any]) -> None:
    found, rows = read(path, written(table))
    assert list(found.columns) == table["header"]
    assert found.separator == table["separator"]
    assert [row.cells for row in rows] == table["rows"]
    assert not any(row.fault for row in rows)


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(path: Path, data: bytes) -> None:
    try:
        table, rows = read(path, data)
    except CliError:
        return
    assert table.columns
    assert [row.line for row in rows] == sorted({row.line for row in rows})
