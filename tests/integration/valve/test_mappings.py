"""The decision is written down, then AWS is made to follow it, at each check anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import Lane
from kobo_sms.runtime import Deadline
from kobo_sms.valve.signals import CREDENTIALS, CREDIT, GATEWAY

if TYPE_CHECKING:
    from tests.integration.valve.conftest import Room

BOTH = {Lane.PRIORITY, Lane.BULK}


@pytest.mark.parametrize("kind", [GATEWAY, CREDENTIALS])
def test_a_fault_closes_both_lanes_and_its_end_opens_them(room: Room, kind: Symptom) -> None:
    room.close(kind)
    assert room.closed() == dict.fromkeys(BOTH, kind)
    assert room.enabled() == set()
    # Nothing is queued: nothing can tell.
    assert room.check(after=15).closed == {}
    assert room.enabled() == BOTH


@pytest.mark.parametrize(("answer", "kind"), [("error_gw", GATEWAY), ("error_user", CREDENTIALS)])
def test_few_failures_are_enough_when_credit_says_the_same(room: Room, answer: str, kind: Symptom) -> None:
    room.kobo.add_fault(endpoint="credit", answer=answer)
    assert room.check().closed == {}
    room.clock.now += 60
    room.tell(kind, "a", "a", "a")
    assert room.check().closed == dict.fromkeys(BOTH, kind)
    room.kobo.clear_faults()
    assert room.check(after=10).closed == {}


def test_credit_closes_the_lane_that_is_too_dear_and_a_top_up_opens_it(room: Room) -> None:
    room.kobo.set_account(balance=30)
    room.tell(CREDIT, "a", pages=500)
    assert room.check().closed == {Lane.BULK: CREDIT}
    assert room.enabled() == {Lane.PRIORITY}
    room.kobo.set_account(balance=29)
    assert room.check(after=60).closed == {Lane.BULK: CREDIT}
    room.kobo.set_account(balance=30)
    assert room.check(after=60).closed == {}
    assert room.enabled() == BOTH


@pytest.mark.parametrize("opens", [False, True])
def test_the_decision_is_written_before_it_is_carried_out(room: Room, opens: bool) -> None:
    seen: list[set[str]] = []
    if opens:
        room.close(GATEWAY)
    else:
        room.kobo.add_fault(endpoint="credit", answer="error_gw")
        room.tell(GATEWAY, "a", "b", "c")
    room.functions.on_call = lambda name: seen.append(set(room.closed())) if name == "update" else None
    room.check(after=15 if opens else 0)
    assert seen == [set() if opens else BOTH] * 2


@pytest.mark.parametrize(
    ("closed", "state", "healed"), [(False, "Disabled", "Enabling"), (True, "Enabled", "Disabling")]
)
def test_a_mapping_that_somebody_changed_is_put_right(room: Room, closed: bool, state: str, healed: str) -> None:
    if closed:
        room.close(GATEWAY)
    room.functions.updates.clear()
    room.functions.states["bulk-mapping"] = state
    room.check()
    assert room.functions.updates == [("bulk-mapping", not closed)]
    assert room.functions.states["bulk-mapping"] == healed


def test_what_is_as_it_should_be_is_left_alone(room: Room) -> None:
    room.check()
    room.close(GATEWAY)
    room.functions.updates.clear()
    room.check(after=1)
    room.functions.states = {"priority-mapping": "Disabling", "bulk-mapping": "Disabled"}
    room.checker.check(Deadline.in_seconds(90, room.clock))
    assert room.functions.updates == []


@pytest.mark.parametrize("state", ["Updating", "Creating", "Enabling"])
def test_a_mapping_that_is_still_changing_is_left_to_the_next_check(room: Room, state: str) -> None:
    room.kobo.add_fault(endpoint="credit", answer="error_gw")
    room.tell(GATEWAY, "a", "b", "c")
    room.functions.states["priority-mapping"] = state
    assert room.checker.check(Deadline.in_seconds(90, room.clock)).closed.keys() == BOTH
    assert room.functions.states == {"priority-mapping": state, "bulk-mapping": "Disabling"}
    room.functions.states["priority-mapping"] = "Enabled"
    room.check(after=10)
    assert room.enabled() == set()


@pytest.mark.parametrize("code", ["ResourceInUseException", "ResourceConflictException"])
def test_a_mapping_that_is_busy_for_a_moment_is_waited_for(room: Room, code: str) -> None:
    room.hold(Lane.BULK)
    room.functions.busy = [code] * 2
    room.check()
    assert room.enabled() == {Lane.PRIORITY}
    assert room.functions.waits == [0.5, 1.0]


@pytest.mark.parametrize("code", ["ResourceInUseException", "ResourceConflictException"])
def test_a_mapping_that_is_busy_for_long_is_left_to_the_next_check(room: Room, code: str) -> None:
    """As while a deployment updates its function: no error, and nobody is told."""
    room.hold(Lane.BULK)
    room.functions.busy = [code] * 3
    assert room.check().closed == {Lane.BULK: "operator"}
    assert room.enabled() == BOTH
    room.check(after=60)
    assert room.enabled() == {Lane.PRIORITY}


def test_a_mapping_that_settles_as_it_should_be_is_not_changed_again(room: Room) -> None:
    """Somebody else has asked for the same meanwhile."""
    room.hold(Lane.BULK)
    room.functions.busy = ["ResourceInUseException"]
    room.functions.on_call = lambda name: (
        room.functions.states.update({"bulk-mapping": "Disabling"}) if name == "update" else None
    )
    room.check()
    assert room.functions.updates == []


@pytest.mark.parametrize("code", ["TooManyRequestsException", "ResourceNotFoundException"])
def test_another_refusal_is_an_error(room: Room, code: str) -> None:
    room.hold(Lane.BULK)
    room.functions.busy = [code]
    with pytest.raises(ClientError, match=code):
        room.check()


def test_the_states_of_the_mappings_are_kept_for_the_operator(room: Room) -> None:
    room.close(CREDIT)
    assert room.mappings() == {Lane.PRIORITY: "Enabled", Lane.BULK: "Disabling"}
    room.check(after=1)
    assert room.mappings() == {Lane.PRIORITY: "Enabled", Lane.BULK: "Disabled"}


def test_a_check_in_calm_weather_asks_credit_once_and_writes_what_it_must(room: Room) -> None:
    room.check()
    room.stack.calls.made.clear()
    room.check(after=60)
    # The states of the mappings, a reading, the account; no decision, as there is none.
    assert [name for name, _ in room.stack.calls.made if not name.endswith(".GetItem")] == [
        "dynamodb.UpdateItem",
        "dynamodb.PutItem",
        "dynamodb.UpdateItem",
    ]
    assert len(room.kobo.list_calls(endpoint="credit")) == 2
