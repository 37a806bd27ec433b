"""`kobo send` before anything is on the queue: what it makes of its options, and what it refuses."""

from typing import Any

import click
import pytest
from click.testing import CliRunner

from kobo_cli.commands.send import make_request, parse_duration
from kobo_cli.errors import CliError
from kobo_cli.main import main

NOTHING: dict[str, Any] = {
    "sender": None, "type_": None, "request_id": None, "expires_in": None, "sensitive": False, "reference": None,
}  # fmt: skip


def duration(text: str | None) -> float | None:
    return parse_duration(click.Context(main), click.Option(["--in"]), text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("1d", 86_400), (None, None)]
)
def test_durations(text: str | None, seconds: float | None) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5 m", "-1s", "1w"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        duration(text)


def test_only_what_was_asked_for_is_in_the_request() -> None:
    request = make_request(("+2348030100001",), msg="Hello", **NOTHING)
    assert request == {"id": request["id"], "to": ["+2348030100001"], "msg": "Hello"}
    assert request["id"] != make_request(("+2348030100001",), msg="Hello", **NOTHING)["id"]


def test_every_option_reaches_the_request() -> None:
    options: dict[str, Any] = {
        "sender": "Shop",
        "type_": 1,
        "request_id": "x-1",
        "expires_in": 60.0,
        "sensitive": True,
        "reference": "r",
    }
    request = make_request(("0803 010 0001",), msg="Hello", **options)
    assert request | {"expires_at": ""} == {
        "id": "x-1", "to": ["0803 010 0001"], "msg": "Hello", "from": "Shop", "type": 1, "reference": "r",
        "sensitive": True, "expires_at": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sender": "much too long a sender"}, "from"),
        ({"request_id": "no spaces"}, "id"),
        ({"type_": 0, "msg": "₦"}, "type"),
    ],
)
def test_a_bad_request_is_refused_by_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(CliError, match=f"^{field}: "):
        make_request(("+2348030100001",), **{"msg": "Hello", **NOTHING, **changes})


def test_without_a_stack_the_command_says_how_to_get_one(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["send", "+2348030100001", "--msg", "Hello"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("kobo: no local stack runs in this folder")


def test_bad_usage_ends_with_2() -> None:
    assert CliRunner().invoke(main, ["send", "--msg", "Hello"]).exit_code == 2
    both = ["send", "+2348030100001", "--msg", "Hello", "--stack", "x", "--local"]
    assert CliRunner().invoke(main, both).exit_code == 2
