"""Rows: which can be sent, which not, and why."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kobo_cli.bulk.checking import Checked, Order, check_file
from kobo_cli.bulk.workspace import BadRow, Repeated
from kobo_cli.errors import CliError
from kobo_sms.messages.pages import choose_type, count_pages
from tests.cli.bulk.conftest import Check, number, people

ONE, TWO = number(1), number(2)


def bad(checked: Checked) -> list[tuple[int, str | None, str]]:
    return [(row.line, row.column, row.reason) for row in checked.workspace.bad()]


def texts(checked: Checked) -> dict[str, str]:
    return {each.number: each.text for each in checked.workspace.recipients()}


def test_the_texts_have_the_values_of_their_rows(check: Check) -> None:
    content = f'Name,Phone,Due\nAda, {ONE} ,5\n" Bo\u00a0",{TWO},"\u200b1,000"\n'
    checked = check(content, "Dear {name}, pay {DUE} {{now}}.")
    assert texts(checked) == {ONE: "Dear Ada, pay 5 {now}.", TWO: "Dear Bo, pay 1,000 {now}."}
    assert checked.to == "Phone"


def test_formulas_are_text(check: Check) -> None:
    checked = check(people("=1+1", "+5", "-5", "@Ada", "#1"))
    assert sorted(texts(checked).values()) == ["Hello #1", "Hello +5", "Hello -5", "Hello =1+1", "Hello @Ada"]


def test_a_line_break_within_a_cell_is_one_character(check: Check) -> None:
    assert texts(check(people('"a\r\nb\rc\nd"'))) == {number(0): "Hello a\nb\nc\nd"}


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (",Ada", "to", "is empty"),
        ("nobody,Ada", "to", "not a phone number: write digits, with or without a leading +"),
        ("0201 270 0001,Ada", "to", "a fixed line cannot receive an SMS"),
        ("#N/A,Ada", "to", "#N/A is what Excel writes for a formula that failed"),
        (f"{ONE},", "name", "is empty"),
        (f"{ONE}", "name", "is empty"),
        (f"{ONE},\u00a0\u200b", "name", "is empty"),
        (f"{ONE},#REF!", "name", "#REF! is what Excel writes for a formula that failed"),
        (f"{ONE},######", "name", "Excel wrote # signs as the column was too narrow: widen it and save the file again"),
        (f"{ONE},Ada,x", None, "has 3 cells, but there are 2 columns: put a value with a separator in it into quotes"),
        (f"{ONE},{'a' * 900}", None, "the text has 906 characters, 905 is the most"),
        ("0803,", "to", "not the length of a mobile number: write it as +234 and ten digits; name: is empty"),
    ],
)
def test_bad_rows(check: Check, row: str, column: str | None, reason: str) -> None:
    checked = check(f"to,name\n{TWO},Bo\n{row}\n")
    assert bad(checked) == [(3, column, reason)]
    assert texts(checked) == {TWO: "Hello Bo"}


def test_a_column_that_the_text_does_not_need_may_be_empty(check: Check) -> None:
    assert check(f"to,name,city\n{ONE},Ada,\n").findings.bad == 0


def test_the_longest_text_is_good_and_one_of_blanks_is_not(check: Check) -> None:
    assert check(people("a" * 899)).findings.bad == 0
    assert bad(check(people("Ada"), " ")) == [(2, None, "the text is empty")]


def test_a_number_is_sent_to_once_and_the_first_row_wins(check: Check) -> None:
    checked = check(f"to,name\n{ONE},Ada\n0{ONE[3:]},Ada\n+{ONE},Bo\n{TWO},Bo\n")
    assert texts(checked) == {ONE: "Hello Ada", TWO: "Hello Bo"}
    assert checked.findings.duplicates == 2
    assert checked.workspace.repeated(9) == [Repeated(3, 2, other_text=False), Repeated(4, 2, other_text=True)]


def test_a_bad_row_does_not_count_as_the_first_one_of_its_number(check: Check) -> None:
    checked = check(f"to,name\n{ONE},\n{ONE},Ada\n")
    assert (checked.findings.bad, checked.findings.duplicates, texts(checked)) == (1, 0, {ONE: "Hello Ada"})


def test_what_is_mended_and_what_is_dear_is_counted_of_recipients_only(check: Check) -> None:
    rows = f"{ONE[3:]},Ada’s\n{ONE},Bo’s\n{TWO[3:]},\n"
    findings = check(f"to,name\n{rows}", "{name}" + "a" * 100).findings
    assert findings.mended == {"leading 0 lost": 1}
    assert (findings.dear, findings.saved_if_plain) == ({"’": 1}, 1)


def test_with_plain_the_texts_are_plain(check: Check) -> None:
    checked = check(people("Ada’s"), "{name}" + "a" * 100, plain=True)
    assert texts(checked) == {number(0): "Ada's" + "a" * 100}
    assert checked.workspace.pages() == {1: 1}
    assert not checked.findings.dear


@pytest.mark.parametrize("content", ["to,name\n", "to,name\n\n,,\n \n"])
def test_a_file_of_names_of_columns_only(check: Check, content: str) -> None:
    with pytest.raises(CliError, match="there is no row below the names of the columns"):
        check(content)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"msg": ""}, "--msg: must have 1 to 905 characters"),
        ({"msg": "\udcff"}, "--msg: the terminal passes on bytes that are no UTF-8"),
        ({"sender": "x" * 12}, "--from: must be 1 to 11 characters"),
        ({"id": "a:b"}, "--id: must be 1 to 100 of"),
        ({"id": "", "sender": ""}, "--from: .*; --id: "),
    ],
)
def test_what_no_campaign_can_be_made_of(check: Check, options: dict[str, str], said: str) -> None:
    with pytest.raises(CliError, match=said):
        check(people("Ada"), **options)


def test_progress_is_told_in_bytes_of_the_file(tmp_path: Path) -> None:
    path, told = tmp_path / "people.csv", list[int]()
    path.write_text(people(*map(str, range(5_000))), encoding="utf-8")
    with check_file(Order(path, "Hello {name}"), told.append):
        assert len(told) == 10
    assert told == sorted(told)
    assert path.stat().st_size / 2 < told[-1] <= path.stat().st_size
    assert told[0] < path.stat().st_size / 2


CELL = st.sampled_from(["", " ", "Ada", "Bo’s", "#N/A", "=1+1", "ẹ" * 40, "a,b", 'x"y', "l\nm", "z" * 906])
TO = st.sampled_from(["", "nobody", "0803", "2E12", ONE, f"0{ONE[3:]}", TWO, TWO[3:]])


@given(st.lists(st.tuples(TO, CELL), min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_is_one_thing(check: Check, rows: list[tuple[str, str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([("to", "name"), ("8030199999", "Zed"), *rows])
    checked = check(text.getvalue())
    findings, workspace = checked.findings, checked.workspace
    recipients, bad_rows = list(workspace.recipients()), list(workspace.bad())
    repeated = workspace.repeated(10**6)
    assert findings.rows == 1 + sum(any(cell.strip() for cell in row) for row in rows)
    assert findings.rows == findings.recipients + findings.duplicates + findings.bad
    assert (findings.recipients, findings.duplicates, findings.bad) == (len(recipients), len(repeated), len(bad_rows))
    lines = [recipient.line for recipient in recipients]
    lines += [each.line for each in repeated] + [row.line for row in bad_rows]
    assert len(set(lines)) == findings.rows
    assert {each.first_line for each in repeated} <= {each.line for each in recipients}
    counted = Counter(count_pages(each.text, choose_type(each.text)) for each in recipients)
    assert workspace.pages() == counted
    assert [row.line for row in bad_rows] == sorted(row.line for row in bad_rows)


def test_bad_rows_keep_their_cells_as_they_were(check: Check) -> None:
    checked = check('to,name\n nobody ,"A\r\nda",x,\n')
    (row,) = checked.workspace.bad()
    assert isinstance(row, BadRow)
    assert row.cells == ["nobody ", "A\r\nda", "x", ""]
