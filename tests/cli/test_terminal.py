"""Texts, references and reasons come from outside: what `kobo` prints of them commands no terminal."""

from __future__ import annotations

import io
import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from kobo_cli.console import SafeConsole
from kobo_cli.terminal import on_one_line, printable, to_json
from kobo_sms.events.lookup import Lookup
from kobo_sms.table import VALVE_ID, VALVE_PART
from tests.cli.conftest import Deployed

# Clears the screen, sets the clipboard, opens a window's title, one of 8 bits, goes back, turns a line around.
HOSTILE = "\x1b[2J\x1b]52;c;cm0=\x07\x1b]0;x\x07\x9b31m\r\x08\u202egnp.exe\u2066\x7f"
MARKUP = "[bold red]x[/] [/none] [link=http://example.com]y[/link]"
NUMBER = "2348030100001"
NOW = Decimal(round(time.time()))
ITEM: dict[str, Any] = {
    "id": "odd",
    "part": "0",
    "state": "rejected",
    "from": "Shop",
    "type": Decimal(0),
    "pages": Decimal(1),
    "created_at": NOW,
    "updated_at": NOW,
    "expires": NOW + 1000,
    "message_uuid": "uuid",
    "fingerprint": "f",
    "attempts": Decimal(1),
    "last_answer": f"lost: {HOSTILE}",
    "reference": HOSTILE + MARKUP,
    "text": HOSTILE + MARKUP,
    "reason": HOSTILE + MARKUP,
    "history": [
        {"at": NOW, "answer": HOSTILE + MARKUP, "state": "rejected", "attempts": Decimal(1), "claimed_at": NOW}
    ],
    "recipients": {HOSTILE + MARKUP: {"state": "rejected", "reason": HOSTILE + MARKUP}, NUMBER: {}},
}
COMMANDS = [("status", "odd"), ("why", "odd"), ("why", "odd", NUMBER), ("find", NUMBER), ("valve",)]


@pytest.fixture
def haunted(deployed: Deployed) -> Deployed:
    """A stack with a request, its look-up and an operator's order, all of them hostile."""
    deployed.put(**ITEM)
    connection = deployed.connection
    Lookup(connection.dynamodb, connection.variables["KOBO_TABLE"], time.sleep).add([ITEM])
    order = {"by": HOSTILE, "since": NOW, "reason": HOSTILE + MARKUP}
    deployed.put(id=VALVE_ID, part=VALVE_PART, holds={"bulk": order}, version=1)
    return deployed


def is_safe(text: str) -> bool:
    return printable(text) == text


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("as_json", [False, True])
def test_no_command_lets_a_stranger_command_the_terminal(
    haunted: Deployed, command: tuple[str, ...], as_json: bool
) -> None:
    result = haunted.run(*command, *(["--json"] if as_json else []))
    assert result.exit_code == 0, result.stderr
    assert is_safe(result.output)
    # It was there to be seen.
    assert ("\\u202e" if as_json else "\ufffd") in result.stdout
    if as_json:
        json.loads(result.stdout)


def test_json_tells_what_it_was(haunted: Deployed) -> None:
    status = haunted.json("status", "odd")
    assert status["reference"] == HOSTILE + MARKUP
    assert HOSTILE + MARKUP in [each["to"] for each in status["recipients"]]


def test_an_error_quotes_nothing_that_commands(deployed: Deployed) -> None:
    result = deployed.run("status", f"x{HOSTILE}")
    assert result.exit_code != 0
    assert is_safe(result.output)


@given(st.text())
def test_what_is_printed_is_safe_and_json_reads_back(text: str) -> None:
    assert is_safe(printable(text))
    assert "\n" not in on_one_line(text)
    assert is_safe(on_one_line(text))
    written = to_json({"text": text})
    assert is_safe(written)
    assert json.loads(written) == {"text": text}


@pytest.mark.parametrize("text", ["₦5 à la carte", "👩\u200d👧", "日本語", "שלום", "a\nb", "\u00a0", "e\u0301"])
def test_letters_of_all_scripts_stay(text: str) -> None:
    assert printable(text) == text


def test_a_table_is_safe_and_keeps_its_colours() -> None:
    written = io.StringIO()
    console = SafeConsole(file=written, force_terminal=True, color_system="standard", width=60)
    table = Table("text")
    table.add_row(f"[red]{HOSTILE}[/]")
    console.print(table)
    shown = written.getvalue()
    assert "\x1b[31m" in shown
    assert not {"\x1b[2J", "\x07", "\x9b", "\u202e"} & {
        part for part in ("\x1b[2J", "\x07", "\x9b", "\u202e") if part in shown
    }
