"""`kobo optout` on a deployed stack."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kobo_cli.optouts import register as register_module
from kobo_cli.optouts.register import Register
from kobo_sms.optouts.entries import key_of, optout_entries
from kobo_sms.table import SCHEMA

if TYPE_CHECKING:
    from tests.cli.conftest import Deployed

ONE, TWO, THREE = "2348030100001", "2348030100002", "2348030100003"
NOW = Decimal("1800000000.5")


def numbers(deployed: Deployed) -> list[str]:
    return sorted(entry["part"] for entry in Register(deployed.connection).entries())


def note(deployed: Deployed, number: str) -> None:
    deployed.put(id=f"~dnd/{number[-2:]}", part=number, at=NOW, expires=Decimal(2_000_000_000))


def test_add_list_and_remove(deployed: Deployed) -> None:
    added = deployed.run("optout", "add", "0803 010 0001", f"+{TWO}", ONE)
    assert (added.exit_code, added.stdout) == (0, "2 numbers opted out\n")
    listed = deployed.json("optout", "list")
    assert {row["number"]: row["by"] for row in listed} == {ONE: "user/moto", TWO: "user/moto"}
    assert deployed.run("optout", "add", ONE, THREE).stdout == "2 numbers opted out (1 of them before)\n"
    assert deployed.run("optout", "remove", ONE, TWO).stdout == "2 numbers taken back\n"
    assert numbers(deployed) == [THREE]
    (row,) = deployed.run("optout", "list").stdout.splitlines()
    assert row.startswith(f"{THREE}  20")


def test_who_opted_out_never_expires(deployed: Deployed) -> None:
    deployed.run("optout", "add", ONE)
    (entry,) = Register(deployed.connection).entries()
    assert entry.keys() == {"id", "part", "at", "by", "schema"}


def test_none(deployed: Deployed) -> None:
    empty = deployed.run("optout", "list")
    assert (empty.exit_code, empty.stdout, empty.stderr) == (0, "", "nobody has opted out\n")
    assert deployed.json("optout", "list") == deployed.json("optout", "suggest") == []


def test_a_bad_number_is_named_and_then_nothing_is_done(deployed: Deployed) -> None:
    result = deployed.run("optout", "add", ONE, "0803 010", "call me")
    assert result.exit_code == 1
    assert "0803 010: not the length of a mobile number" in result.stderr
    assert "call me: not a phone number" in result.stderr
    assert numbers(deployed) == []


def test_taking_back_what_was_not_there_is_told(deployed: Deployed) -> None:
    deployed.run("optout", "add", ONE)
    result = deployed.run("optout", "remove", ONE, TWO, "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (1, {"numbers": 1, "unknown": [TWO]})
    assert f"had not opted out: {TWO}" in result.stderr


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        (f"{ONE}\n0803 010 0002\n", []),
        (f"phone\n{ONE}\n{TWO}\n", []),
        (f"name,Phone Number\nAda,{ONE}\nBayo,0803 010 0002\n", []),
        (f"name;gsm;mobile\nAda;{ONE};x\nBayo;{TWO};y\n", ["--column", "gsm"]),
        (f"\ufeff'{ONE}\r\n\r\n{TWO}\r\n{TWO}", []),
    ],
    ids=["one a line", "a header", "a CSV file", "the column named", "as Excel writes it"],
)
def test_import(deployed: Deployed, text: str, arguments: list[str]) -> None:
    Path("optouts.csv").write_text(text, encoding="utf-8", newline="")
    result = deployed.run("optout", "import", "optouts.csv", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    assert numbers(deployed) == [ONE, TWO]
    # Once more does no harm.
    assert deployed.run("optout", "import", "optouts.csv", *arguments).exit_code == 0
    assert numbers(deployed) == [ONE, TWO]


def test_bad_lines_are_named_and_the_others_opt_out(deployed: Deployed) -> None:
    Path("optouts.txt").write_text(f"{ONE}\n0803 010\n\n{TWO}\n2.34803E+12\n")
    result = deployed.run("optout", "import", "optouts.txt")
    assert result.exit_code == 1
    assert result.stdout == "2 numbers opted out\n"
    first, second, last = result.stderr.splitlines()
    assert first.startswith("line 2: not the length of a mobile number")
    assert second.startswith("line 5: Excel has shortened the number")
    assert last == "kobo: 2 lines without a number to opt out"
    assert numbers(deployed) == [ONE, TWO]


def test_a_first_line_that_is_no_number_but_no_name_either_is_named(deployed: Deployed) -> None:
    Path("optouts.txt").write_text(f"0803 010\n{ONE}\n")
    assert deployed.run("optout", "import", "optouts.txt").stderr.startswith("line 1: not the length")
    assert numbers(deployed) == [ONE]


def test_of_many_bad_lines_a_hundred_are_named(deployed: Deployed) -> None:
    Path("optouts.txt").write_text("phone\n" + "0803\n" * 250)
    result = deployed.run("optout", "import", "optouts.txt", "--json")
    found = json.loads(result.stdout)
    assert (found["numbers"], found["bad_lines"], len(found["bad"])) == (0, 250, 100)
    assert found["bad"][0]["line"] == 2
    assert "... and 150 more" in result.stderr


@pytest.mark.parametrize(
    ("text", "arguments", "error"),
    [
        ("name,city\nAda,Lagos\n", [], "say with --column COLUMN which one"),
        ("gsm,mobile\n1,2\n", [], "say which with --column COLUMN"),
        ("gsm,mobile\n1,2\n", ["--column", "phone"], "--column: there is no column 'phone'"),
        ("", [], "the file is empty"),
    ],
)
def test_a_file_that_nobody_understands_is_refused(
    deployed: Deployed, text: str, arguments: list[str], error: str
) -> None:
    Path("optouts.csv").write_text(text)
    result = deployed.run("optout", "import", "optouts.csv", *arguments)
    assert result.exit_code == 1
    assert error in result.stderr
    assert numbers(deployed) == []


def test_who_does_not_want_to_be_disturbed_is_suggested_but_not_added(deployed: Deployed) -> None:
    for number in (ONE, TWO, THREE):
        note(deployed, number)
    deployed.run("optout", "add", TWO)
    assert [row["number"] for row in deployed.json("optout", "suggest")] == [ONE, THREE]
    assert numbers(deployed) == [TWO]


def test_suggestions_are_added_once_somebody_says_yes(deployed: Deployed) -> None:
    note(deployed, ONE)
    # Nobody answers: nothing is done.
    refused = deployed.run("optout", "suggest", "--add")
    assert (refused.exit_code, numbers(deployed)) == (130, [])
    assert "Have 1 number opt out?" in refused.stderr
    assert deployed.run("optout", "suggest", "--add", "--yes").stdout == "1 number opted out\n"
    assert numbers(deployed) == [ONE]
    assert deployed.json("optout", "suggest") == []
    assert deployed.run("optout", "suggest", "--add").stdout == "0 numbers opted out\n"


def test_more_than_fits_into_one_call(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_module, "_PAGE", 3)
    many = [f"23480301{n:05d}" for n in range(530)]
    register = Register(deployed.connection)
    told: list[int] = []
    assert register.add(many, by="ada", now=1.0, progress=told.append) == 530
    assert (told[-1], told) == (530, sorted(told))
    assert numbers(deployed) == many
    assert register.among([*many[:250], "2348030299999"]) == set(many[:250])


class Table:
    """What Register reaches, counted: how many items are under way that were not written yet."""

    def __init__(self) -> None:
        self.read = self.written = self.most = 0

    def batch_write_item(self, RequestItems: Any) -> Any:  # noqa: N803 - boto3's name
        self.written += len(RequestItems["messages"])
        return {}

    def numbers(self, count: int) -> Any:
        for n in range(count):
            self.read += 1
            self.most = max(self.most, self.read - self.written)
            yield f"234803{n:07d}"


def test_a_million_numbers_need_little_memory(deployed: Deployed) -> None:
    table = Table()
    register = Register(deployed.connection)
    register._client = table
    assert register.add(table.numbers(20_000), by="ada", now=1.0) == table.written == 20_000
    # Sixteen batches ahead, and what the threads work on.
    assert table.most <= 25 * (16 + 8 + 1)


def test_the_commands_entry_is_what_send_sms_looks_for(deployed: Deployed) -> None:
    deployed.run("optout", "add", ONE)
    (entry,) = Register(deployed.connection).entries()
    assert entry.items() >= key_of(ONE).items()
    (made,) = optout_entries([ONE], by="user/moto", now=float(entry["at"]))
    assert entry == made | {"schema": SCHEMA}
