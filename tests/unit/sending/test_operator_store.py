"""An operator's writes: the one way out of a final state, and the end of what is dropped (guarantees 1 and 2)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast

import pytest

from kobo_sms.aws.dynamodb import encode
from kobo_sms.events.status_events import status_events
from kobo_sms.messages.parts import Part
from kobo_sms.messages.progress import read_progress
from kobo_sms.messages.request import parse
from kobo_sms.messages.states import State
from kobo_sms.sending.attempts import DIED, DROPPED, HISTORY, RETRIED, Busy, Claim, Finished, attempts_of
from kobo_sms.sending.decisions import Decision, Next
from kobo_sms.sending.operator_store import OperatorStore
from kobo_sms.sending.part_items import Fingerprints, PartItems
from kobo_sms.sending.standing import Standing
from kobo_sms.table import moment
from tests.robustness.simulation.dynamodb import FakeDynamoDB, calm

NOW, ONE, TWO = 1_800_000_000.0, "2348030100001", "2348030100002"
BODY = json.dumps({"id": "order-1", "to": [ONE, TWO, "nonsense"], "msg": "Hello", "reference": "r-1"})
LATER = NOW + 100


@pytest.fixture
def table() -> FakeDynamoDB:
    return FakeDynamoDB(calm())


@pytest.fixture
def store(table: FakeDynamoDB) -> OperatorStore:
    keys = Fingerprints("k", "former")
    return OperatorStore(
        cast("Any", table), "messages", PartItems(keep_seconds=30.0, fingerprints=keys, default_sender="Shop")
    )


@pytest.fixture
def part() -> Part:
    return Part(parse(BODY, region="NG", default_id=""), NOW)


def claim(store: OperatorStore, part: Part, now: float = NOW, token: str = "a") -> Claim:
    found = store.claim(part, token=token, now=now, until=now + 30)
    assert isinstance(found, Claim)
    return found


def end(store: OperatorStore, part: Part, state: State, *, in_doubt: bool = False, attempts: int = 3) -> Standing:
    """Have a part end in `state`, as send_sms would."""
    decision = Decision(state, Next.DEAD_LETTER, "given up", attempts, in_doubt)
    store.record(claim(store, part), decision, now=NOW + 1, label="error_billing", due=None)
    return found(store, part)


def found(store: OperatorStore, part: Part) -> Standing:
    standing = store.find(part.request.id, part.name)
    assert standing is not None
    return standing


def test_a_part_that_nobody_claimed_is_not_found(store: OperatorStore) -> None:
    assert store.find("order-1", "0") is None


def test_a_part_that_failed_is_tried_again_under_its_own_name(store: OperatorStore, part: Part) -> None:
    before = end(store, part, State.FAILED)
    assert store.claim(part, token="b", now=LATER, until=LATER + 30) == Finished("failed")
    assert store.reopen(before, "letter-1", now=LATER)
    after = found(store, part)
    kept = ("id", "part", "message_uuid", "fingerprint", "first_attempt_at", "recipients", "created_at", "text", "from")
    assert {name: after.item.get(name) for name in kept} == {name: before.item.get(name) for name in kept}
    assert (after.state, after.item["reason"]) == ("queued", "retried by an operator")
    again = claim(store, part, LATER, "b")
    assert (again.known.attempts, again.known.calls, again.known.in_doubt) == (0, 1, False)
    assert again.known.first_attempt_at == NOW


def test_what_is_in_doubt_stays_so(store: OperatorStore, part: Part) -> None:
    assert store.reopen(end(store, part, State.UNKNOWN, in_doubt=True), "letter-1", now=LATER)
    after = found(store, part)
    assert (after.state, after.in_doubt) == ("sending", True)
    assert claim(store, part, LATER).known.in_doubt


def test_attempts_that_died_leave_doubt_and_count_no_more(store: OperatorStore, part: Part) -> None:
    claim(store, part)
    claim(store, part, NOW + 40, "b")
    assert store.reopen(found(store, part), "letter-1", now=LATER)
    again = claim(store, part, LATER, "c")
    assert (again.known.attempts, again.known.in_doubt, again.known.first_attempt_at) == (0, True, NOW)


def test_the_retry_is_remembered(store: OperatorStore, part: Part) -> None:
    assert store.reopen(end(store, part, State.FAILED), "letter-1", now=LATER)
    item = found(store, part).item
    assert found(store, part).was_reopened_for("letter-1")
    assert [(event["at"], event["answer"], event["state"]) for event in item["history"]] == [
        (moment(NOW + 1), "error_billing", "failed"),
        (moment(LATER), "retried by an operator", "queued"),
    ]
    assert (item["updated_at"], item["expires"]) == (moment(LATER), LATER + 30)


def test_what_is_remembered_of_many_retries_stays_small(store: OperatorStore, part: Part) -> None:
    before = end(store, part, State.FAILED)
    for letter in range(80):
        assert store.reopen(before, f"letter-{letter}", now=LATER + 2 * letter)
        assert store.end(found(store, part), now=LATER + 2 * letter + 1)
        before = found(store, part)
    attempts = attempts_of(before.item)
    assert len(attempts.ended) == HISTORY.first + HISTORY.last
    assert attempts.left_out + len(attempts.ended) == 1 + 2 * 80


def test_attempts_that_died_before_a_retry_are_remembered(store: OperatorStore, part: Part) -> None:
    claim(store, part)
    claim(store, part, NOW + 40, "b")
    assert store.reopen(found(store, part), "letter-1", now=LATER)
    attempts = attempts_of(found(store, part).item)
    assert [(each.answer, each.at) for each in attempts.ended] == [(DIED, NOW), (DIED, NOW + 40), (RETRIED, LATER)]
    assert attempts.open == []


def test_status_events_tell_it_as_any_other_change(store: OperatorStore, part: Part) -> None:
    before = end(store, part, State.FAILED)
    assert store.reopen(before, "letter-1", now=LATER)
    (event,) = status_events("e-1", before.item, found(store, part).item)
    told = json.loads(event.detail)
    # The number that never was one is rejected as before.
    assert {(each["to"], each["state"], each["reason"]) for each in told["recipients"]} == {
        (number, "queued", "retried by an operator") for number in (ONE, TWO)
    }


def test_a_part_is_opened_once(store: OperatorStore, part: Part) -> None:
    seen = end(store, part, State.FAILED)
    assert store.reopen(seen, "letter-1", now=LATER)
    # Again: by a second operator, or by boto3, to which the answer was lost.
    assert not store.reopen(seen, "letter-1", now=LATER)
    assert not store.reopen(seen, "letter-2", now=LATER + 1)


def test_a_part_that_is_claimed_meanwhile_is_not_dropped(store: OperatorStore, part: Part) -> None:
    assert store.reopen(end(store, part, State.FAILED), "letter-1", now=LATER)
    seen = found(store, part)
    claim(store, part, LATER + 1, "b")
    assert not store.end(seen, now=LATER + 2)
    assert found(store, part).state == "sending"


def test_a_claim_that_comes_in_between_keeps_its_part(store: OperatorStore, part: Part) -> None:
    claim(store, part)
    seen = found(store, part)
    claim(store, part, NOW + 40, "b")
    assert not store.reopen(seen, "letter-1", now=NOW + 41)
    assert isinstance(store.claim(part, token="c", now=NOW + 42, until=NOW + 90), Busy)


@pytest.mark.parametrize(
    ("leases", "state", "reason"),
    [
        (0, "failed", "dropped by an operator"),
        (
            1,
            "unknown",
            "dropped by an operator, after an attempt whose answer was lost: it may or may not have been sent",
        ),
    ],
)
def test_a_dropped_part_ends(store: OperatorStore, part: Part, leases: int, state: str, reason: str) -> None:
    assert store.reopen(end(store, part, State.FAILED), "letter-1", now=LATER)
    for _ in range(leases):
        claim(store, part, LATER)
    assert store.end(found(store, part), now=LATER + 60)
    after = found(store, part)
    assert (after.state, after.item["reason"], after.in_doubt) == (state, reason, leases > 0)
    assert not {"lease", "lease_until", "leases"} & after.item.keys()
    assert store.claim(part, token="d", now=LATER + 61, until=LATER + 90) == Finished(state)


def test_a_part_that_nobody_claimed_is_dropped_with_all_that_its_letter_tells(store: OperatorStore, part: Part) -> None:
    assert store.end_unclaimed(part, now=LATER)
    item = found(store, part).item
    assert (item["state"], item["reason"], item["reference"], item["text"]) == (
        "failed",
        "dropped by an operator",
        "r-1",
        "Hello",
    )
    assert (item["message_uuid"], item["created_at"]) == (part.message_uuid, moment(NOW))
    assert store.claim(part, token="a", now=LATER, until=LATER + 30) == Finished("failed")
    assert not store.end_unclaimed(part, now=LATER)


def test_a_part_that_was_claimed_meanwhile_is_not_taken_for_an_unclaimed_one(store: OperatorStore, part: Part) -> None:
    claim(store, part)
    assert not store.end_unclaimed(part, now=NOW)
    assert found(store, part).state == "sending"


def test_another_part_of_the_request_is_left_alone(store: OperatorStore, part: Part, table: FakeDynamoDB) -> None:
    other = replace(part, name="0.1")
    claim(store, other)
    before = table.items["order-1", "0.1"]
    assert store.reopen(end(store, part, State.FAILED), "letter-1", now=LATER)
    assert table.items["order-1", "0.1"] == before


def test_an_item_of_an_older_release_can_be_opened_again(store: OperatorStore, part: Part, table: FakeDynamoDB) -> None:
    end(store, part, State.FAILED)
    item = table.items["order-1", "0"]
    for name in ("history", "in_doubt", "calls"):
        item.pop(name)
    item |= encode({"doubt": False})
    assert store.reopen(found(store, part), "letter-1", now=LATER)
    assert claim(store, part, LATER).known.attempts == 0


def test_what_an_operator_orders_is_counted_in_its_campaign(store: OperatorStore) -> None:
    """The index of campaigns shows it as the item does."""
    part = Part(parse(BODY[:-1] + ', "campaign": "sale"}', region="NG", default_id=""), NOW)
    failed = end(store, part, State.FAILED)
    assert read_progress(failed.item["progress"])["failed", "given up"] == 2
    assert store.reopen(failed, "letter", now=LATER)
    reopened = found(store, part)
    assert read_progress(reopened.item["progress"])["queued", RETRIED] == 2
    assert store.end(reopened, now=LATER + 1)
    assert read_progress(found(store, part).item["progress"])["failed", DROPPED] == 2


def test_what_nobody_ever_claimed_is_counted_in_its_campaign_too(store: OperatorStore) -> None:
    part = Part(parse(BODY[:-1] + ', "campaign": "sale"}', region="NG", default_id=""), NOW)
    assert store.end_unclaimed(part, now=LATER)
    assert read_progress(found(store, part).item["progress"])["failed", DROPPED] == 2
