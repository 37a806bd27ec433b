"""`kobo doctor` as a whole: its lines, its JSON, its exit code, and what it makes of services that refuse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kobo_cli.commands import doctor
from kobo_cli.doctor.examination import examine
from kobo_cli.doctor.findings import Level, describe, fail
from tests.cli.conftest import Deployed

if TYPE_CHECKING:
    from tests.cli.doctor.conftest import Ward

CHECKS = ["secret", "kobomobile", "mappings", "checks", "concurrency", "alarms", "subscribers", "clock"]


@pytest.fixture
def admitted(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> Ward:
    """The command looks at this stack."""
    monkeypatch.setattr("kobo_cli.doctor.patient.admit", lambda _: ward.patient)
    monkeypatch.setattr(doctor, "connect", lambda stack, local: ward.connection)
    monkeypatch.setattr("kobo_cli.doctor.examination.time.time", lambda: 1_800_000_000.0)
    ward.subscribe("ada@example.com")
    return ward


def test_a_stack_that_is_well(admitted: Ward, deployed: Deployed) -> None:
    told = deployed.json("doctor", "--offline")
    assert told["stack"] == "kobo"
    assert [each["check"] for each in told["findings"]] == CHECKS
    assert {each["level"] for each in told["findings"]} == {"ok"}
    assert set(told["findings"][0]) == {"check", "level", "text", "advice"}


def test_what_fails_is_the_exit_code(admitted: Ward, deployed: Deployed) -> None:
    admitted.set_secret("{}")
    result = deployed.run("doctor", "--offline")
    assert result.exit_code == 1
    assert result.stdout.startswith("fail  secret      the secret must be JSON")
    result = deployed.run("doctor", "--offline", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["findings"][0]["level"] == "fail"


def test_a_warning_is_no_failure(admitted: Ward, deployed: Deployed) -> None:
    admitted.functions.states["bulk"] = "Enabling"
    result = deployed.run("doctor", "--offline")
    assert (result.exit_code, "warn  mappings" in result.stdout) == (0, True)


@pytest.mark.parametrize(
    ("service", "checks"),
    [
        ("lambda", {"mappings", "concurrency"}),
        ("cloudwatch", {"alarms"}),
        ("sns", {"subscribers"}),
        ("secretsmanager", {"secret"}),
    ],
)
def test_what_one_check_may_not_look_at_keeps_no_other_from_being_made(
    admitted: Ward, service: str, checks: set[str]
) -> None:
    admitted.connection.denied.add(service)
    found = list(examine(admitted.patient, offline=True))
    assert [each.check for each in found] == CHECKS
    failed = {each.check: each for each in found if each.level is Level.FAIL}
    assert failed.keys() == checks
    assert all("AccessDenied" in each.text and "allow it" in each.advice for each in failed.values())


def test_a_resource_that_is_not_there_is_named(admitted: Ward) -> None:
    admitted.change(resources={})
    texts = [each.text for each in examine(admitted.patient, offline=True) if each.level is Level.FAIL]
    assert "the stack has no 'SendSmsPriority'" in texts


def test_what_to_do_stands_below() -> None:
    lines = list(describe([fail("secret", "it was never set", "set it")]))
    assert lines == ["fail  secret      it was never set", "                  set it"]


def test_a_stack_that_nobody_may_look_at_is_an_error(
    ward: Ward, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward.connection.denied.add("cloudformation")
    monkeypatch.setattr(doctor, "connect", lambda stack, local: ward.connection)
    result = deployed.run("doctor")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot see what the stack kobo is made of" in result.stderr
