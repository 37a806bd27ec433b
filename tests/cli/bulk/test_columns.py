"""Which column is meant, and the placeholders of a text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_cli.bulk.cells import letter
from kobo_cli.bulk.columns import find_column, find_numbers
from kobo_cli.bulk.template import parse
from kobo_cli.errors import CliError

COLUMNS = ["Phone", "First Name", "amount_due", "City"]


@pytest.mark.parametrize(
    "name",
    [
        "to", "TO", " To ", "phone", "Phone Number", "phone_number", "PHONE NO.", "Phone#", "number", "Numbers",
        "mobile", "Mobile No", "mobile phone number", "MSISDN", "tel", "Telephone", "Tel. No.", "GSM",
        "gsm number", "cell phone",
        "recipient", "Recipient Number", "contact number", "Customer's Phone", "customer mobile",
    ],
)  # fmt: skip
def test_names_that_people_give_to_the_numbers(name: str) -> None:
    assert find_numbers(["Name", name, "City"], None, region="NG") == 1


@pytest.mark.parametrize(
    "name", ["total", "tone", "number of items", "phone model", "store", "photo", "contact", "", "account no"]
)
def test_names_of_other_things(name: str) -> None:
    with pytest.raises(CliError, match="say with --to COLUMN which one; the columns are 'Name'"):
        find_numbers(["Name", name], None, region="NG")


def test_several_columns_of_numbers_are_named() -> None:
    with pytest.raises(CliError, match=re.escape("'Phone' (B), 'mobile' (D); say which with --to COLUMN")):
        find_numbers(["name", "Phone", "city", "mobile"], None, region="NG")
    assert find_numbers(["name", "Phone", "city", "mobile"], "MOBILE", region="NG") == 3
    with pytest.raises(CliError, match=r"--to: there is no column 'fone' \(is 'Phone' meant"):
        find_numbers(["name", "Phone", "city", "mobile"], "fone", region="NG")


def test_a_first_line_that_is_a_row_is_told() -> None:
    with pytest.raises(CliError, match="the first line holds a number, not names"):
        find_numbers(["Ada", "0803 010 0001"], None, region="NG")


@pytest.mark.parametrize("name", ["First Name", "first name", "FIRST_NAME", "firstname", " First-Name "])
def test_case_and_spaces_do_not_matter(name: str) -> None:
    assert find_column(COLUMNS, name, what="x") == 1


def test_a_name_as_it_is_written_comes_before_one_that_is_alike() -> None:
    assert find_column(["name", "Name"], "Name", what="x") == 1
    with pytest.raises(CliError, match="x: the columns A and B are all called 'NAME'"):
        find_column(["name", "Name"], "NAME", what="x")
    with pytest.raises(CliError, match="A and B"):
        find_column(["name", "name"], "name", what="x")


def test_columns_without_a_name_are_not_offered() -> None:
    with pytest.raises(CliError, match=r"the columns are 'to'$"):
        find_column(["to", "", ""], "name", what="x")


@given(st.integers(0, 20_000))
def test_the_letters_of_a_spreadsheet(at: int) -> None:
    number = 0
    for each in letter(at):
        number = number * 26 + ord(each) - ord("A") + 1
    assert number == at + 1


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("Hello", "Hello"),
        ("Dear {first name}, pay {Amount Due} now.", "Dear Ada, pay 500 now."),
        ("{ FIRST_NAME }{city}{City}", "AdaJosJos"),
        ("{{first name}} {{{first name}}} }}{{", "{first name} {Ada} }{"),
        ("{phone}", "0803"),
        ("", ""),
    ],
)
def test_a_text_with_placeholders(text: str, rendered: str) -> None:
    assert parse(text, COLUMNS).render(["0803", "Ada", "500", "Jos"]) == rendered


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Dear {frist name}", "--msg: {frist name}: there is no column 'frist name' (is 'First Name' meant?)"),
        ("Dear {x}", "--msg: {x}: there is no column 'x'; the columns are 'Phone', 'First Name', 'amount_due', 'City'"),
        ("Dear {first name", "--msg: character 6: a { without its other half; write {{ for a brace that is to be sent"),
        ("a } b", "--msg: character 3: a } without its other half; write }}"),
        ("{ }", "--msg: { } names no column; write {{}}"),
        ("{city.__class__}", "--msg: {city.__class__}: there is no column"),
        ("{city:>100}", "--msg: {city:>100}: there is no column"),
    ],
)
def test_placeholders_that_cannot_be_filled(text: str, said: str) -> None:
    with pytest.raises(CliError) as caught:
        parse(text, COLUMNS)
    assert caught.value.format_message().startswith(said)


@given(st.text(), st.lists(st.text(), min_size=4, max_size=4))
def test_values_are_put_in_as_they_are(text: str, values: list[str]) -> None:
    literal = text.replace("{", "{{").replace("}", "}}")
    assert parse(literal + "{city}", COLUMNS).render(values) == text + values[3]
    assert parse("{city}", COLUMNS).columns == (3,)
