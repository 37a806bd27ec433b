"""This release goes on with what the last one has left, in the middle of the demo: see `releases/record.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from kobo_cli.reports.request import build
from kobo_sms.aws.dynamodb import decode
from kobo_sms.table import SCHEMA
from tests.integration.conftest import create_consumers
from tests.integration.releases.stored import Stored, load

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.handlers.conftest import Functions

# What becomes of each request of the demo in the end.
ENDS = {
    "demo-campaign": {"delivered": 503},
    "demo-password": {"delivered": 1},
    "demo-order": {"delivered": 2, "do_not_disturb": 1},
    "demo-error_param": {"rejected": 1},
    "demo-error_credit": {"held": 1},
    "demo-error_billing": {"failed": 1},
    "demo-error_gw": {"failed": 1},
    "demo-error_user": {"held": 1},
    "demo-error_limit": {"rejected": 1},
    "demo-undeliv": {"undelivered": 1},
    "demo-undeliv_dnd": {"do_not_disturb": 1},
    "demo-expired": {"expired": 1},
    "demo-rejectd": {"undelivered": 1},
    "demo-processed": {"sent": 1},
    "demo-undeliv-0dc": {"undelivered": 1},
    "demo-halved": {"delivered": 2, "rejected": 1},
    "demo-in-doubt": {"delivered": 1},
}
Upgrade = Callable[..., "Functions"]


@pytest.fixture(autouse=True)
def output() -> None:
    """What is printed is not looked through: of 500 times with all their decimals, one may look like a number."""


@pytest.fixture
def stored() -> Stored:
    return load("before_0.1.0")


@pytest.fixture
def upgrade(
    aws: Stack, kobo: MockControl, deploy: Callable[..., Functions], stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> Upgrade:
    """Return a function that puts this release in the place of the last one: the same stack, or one made anew."""

    def upgraded(*, anew: bool = False) -> Functions:
        stored.executed_by(kobo).put_into(aws)
        functions = deploy(MaxAttempts="3", RetryBaseSeconds="1", RetryMaxSeconds="1")
        monkeypatch.setenv("FORMER_FINGERPRINT_KEY", "another stack's id" if anew else stored.stack_id)
        return functions

    return upgraded


def queue_again(functions: Functions, stored: Stored) -> None:
    """Queue every request once more, and do what comes of it."""
    for each in stored.requests:
        functions.put(each["body"], lane=each["lane"].title())
    for _ in range(4):
        for lane in ("Priority", "Bulk"):
            functions.deliver_all(lane)
        functions.come_back()


def uuids(items: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    return {(item["id"], item["part"]): item["message_uuid"] for item in items if "message_uuid" in item}


def ends(aws: Stack) -> dict[str, dict[str, int]]:
    items: dict[str, list[dict[str, Any]]] = {}
    for item in aws.items():
        items.setdefault(item["id"], []).append(item)
    return {id_: dict(build(parts)["counts"]) for id_, parts in items.items()}


def test_it_ends_what_was_begun_and_sends_nothing_twice(
    upgrade: Upgrade, aws: Stack, kobo: MockControl, stored: Stored
) -> None:
    functions, before = upgrade(), uuids([decode(item) for item in stored.items])
    queue_again(functions, stored)
    queue_again(functions, stored)
    kobo.advance(600)
    assert functions.poll()["calls"] > 500
    assert ends(aws) == ENDS
    assert max(Counter((sms["to"], sms["msg"]) for sms in kobo.messages).values()) == 1
    after = uuids(aws.items())
    assert {key: after[key] for key in before} == before
    # Each was queued twice, and some of them came to an end by it: nobody's content was taken for another's.
    assert {notes["RequestId"] for _, notes in aws.dead()} == {"demo-error_gw"}


def test_what_it_writes_says_of_which_schema_it_is(upgrade: Upgrade, aws: Stack, stored: Stored) -> None:
    functions = upgrade()
    assert not any("schema" in item for item in aws.everything())
    queue_again(functions, stored)
    functions.poll()
    written = [item for item in aws.everything() if item.get("schema") == SCHEMA]
    assert {"demo-in-doubt", "demo-campaign", "~reports", "~valve", "~stats"} <= {item["id"] for item in written}


def test_a_stack_made_anew_without_the_last_ones_id_sends_nothing(
    upgrade: Upgrade, aws: Stack, kobo: MockControl, stored: Stored
) -> None:
    """The last release keyed its fingerprints with that: nothing can be told to be the same, so nothing is sent."""
    functions, before = upgrade(anew=True), len(kobo.messages)
    queue_again(functions, stored)
    assert len(kobo.messages) == before
    assert {notes["Reason"][:21] for _, notes in aws.dead()} == {"id: used before for o"}


def test_check_credit_goes_on_from_what_it_noted(
    aws: Stack, kobo: MockControl, deploy: Callable[..., Functions], stored: Stored
) -> None:
    # The fixture names none.
    create_consumers(aws)
    functions = deploy()
    stored.put_into(aws)
    kobo.set_account(balance=4000)
    version = aws.item("~credit", "state")["version"]
    assert functions.check_credit() == {"answer": "balance", "closed": {}, "alerts": ["low"]}
    # The change is written down, and struck off once it is published.
    assert aws.item("~credit", "state")["version"] == version + 2
