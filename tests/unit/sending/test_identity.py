"""By what a request is known again: whoever wrote its item, by whatever key, whatever is known of its numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from kobo_sms.messages import numbers
from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import parse
from kobo_sms.sending.attempts import Busy, Claim, Finished, IdempotencyConflict, OtherRelease
from kobo_sms.sending.decisions import Decision, Next, Outcome
from kobo_sms.sending.part_items import Fingerprints, PartItems
from kobo_sms.sending.store import Store
from tests.robustness.simulation.dynamodb import FakeDynamoDB, calm

NOW = 1_800_000_000.0
ONE, TWO, THREE = "2348030100001", "2348030100002", "2348030100003"
LOST = Decision("sending", Next.RETRY, "lost", attempts=1, in_doubt=True)
SENT = Decision("sent", Next.DONE, attempts=1, outcomes={ONE: Outcome(msgid="m")})
SPLIT = Decision("split", Next.SPLIT, attempts=1)
MANY = [f"+23480301{at:05d}" for at in range(501)]
MakeStore = Callable[..., Store]


@pytest.fixture
def table() -> FakeDynamoDB:
    return FakeDynamoDB(calm())


@pytest.fixture
def make(table: FakeDynamoDB) -> MakeStore:
    def made(*, key: str = "key", former: str | None = "stack-id", **fields: Any) -> Store:
        known: dict[str, Any] = {"namespace": "shop", "default_sender": "Shop"} | fields
        keys = Fingerprints(key, former)
        return Store(cast("Any", table), "messages", PartItems(keep_seconds=1e6, fingerprints=keys, **known))

    return made


def read(region: str = "NG", to: str | list[str] = "+2348030100001", **fields: Any) -> Part:
    body = json.dumps({"id": "order-1", "to": to, "msg": "Hello"} | fields)
    return Part(parse(body, region=region, default_id=""), NOW)


def claim(store: Store, part: Part, at: float = NOW) -> Any:
    return store.claim(part, token=f"t{at}", now=at, until=at + 30)


def end(store: Store, part: Part, decision: Decision, at: float = NOW) -> Claim:
    """Make an attempt; return its claim."""
    claimed = claim(store, part, at)
    assert isinstance(claimed, Claim)
    store.record(claimed, decision, now=at, label="x", due=None)
    return claimed


def learn(monkeypatch: pytest.MonkeyPatch, *bad: str, **renamed: str) -> None:
    """Have libphonenumber know better: of numbers that are none, and of others that are written in another way."""
    usual = numbers.normalise

    def normalise(raw: str, region: str) -> str:
        number = usual(raw, region)
        if number in bad:
            raise numbers.InvalidNumber("a pager cannot receive an SMS")
        return renamed.get(f"to_{number}", number)

    monkeypatch.setattr(numbers, "normalise", normalise)


# ---- the namespace


def test_two_stacks_give_one_request_two_message_uuids(make: MakeStore) -> None:
    shop = claim(make(namespace="shop"), read())
    other_table = Store(cast("Any", FakeDynamoDB(calm())), "messages", PartItems(keep_seconds=1.0, namespace="staging"))
    assert shop.to_send.message_uuid != claim(other_table, read()).to_send.message_uuid


def test_a_retry_keeps_the_message_uuid_of_the_first_attempt(make: MakeStore, table: FakeDynamoDB) -> None:
    """Claimed by a release without namespaces, or before the parameter was changed."""
    first = end(make(namespace=""), read(), LOST).to_send.message_uuid
    assert first == read().message_uuid
    assert claim(make(namespace="shop"), read(), NOW + 60).to_send.message_uuid == first
    assert table.parts()[0]["message_uuid"] == first


def test_it_keeps_one_that_nobody_here_would_give(make: MakeStore, table: FakeDynamoDB) -> None:
    end(make(), read(), LOST)
    table.items["order-1", "0"]["message_uuid"] = {"S": "of-a-release-to-come"}
    assert claim(make(), read(), NOW + 60).to_send.message_uuid == "of-a-release-to-come"


def test_a_stack_made_anew_gives_the_same_message_uuid(make: MakeStore) -> None:
    """Though its table was not kept: KoboMobile remembers."""
    anew = Store(cast("Any", FakeDynamoDB(calm())), "messages", PartItems(keep_seconds=1.0, namespace="shop"))
    first = claim(make(former="stack-id"), read()).to_send.message_uuid
    assert claim(anew, read()).to_send.message_uuid == first


def test_smaller_parts_are_of_the_stack_that_first_claims_them(make: MakeStore) -> None:
    old, new = make(namespace=""), make(namespace="shop")
    both = read(to=["+" + ONE, "+" + TWO])
    whole = claim(old, both)
    old.split(whole, SPLIT, now=NOW, label="x")
    begun, left = claim(new, both, NOW + 60).smaller
    assert (begun.name, begun.request.to, left.name, left.request.to) == ("0.0", (ONE,), "0.1", (TWO,))
    assert claim(new, begun).to_send.message_uuid == replace(begun, namespace="shop").message_uuid


# ---- what the call is made of


def test_a_retry_is_the_identical_call_whatever_the_default_sender_is_by_now(make: MakeStore) -> None:
    assert end(make(default_sender="Shop"), read(), LOST).sender == "Shop"
    assert claim(make(default_sender="NewShop"), read(), NOW + 60).sender == "Shop"


def test_a_retry_goes_to_whom_the_first_attempt_went(make: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    part = read(to=["+" + ONE, "0803 010 0002", "+" + THREE, "nobody"])
    end(make(), part, LOST)
    learn(monkeypatch, TWO, **{f"to_{THREE}": "2348030100999"})
    again = read(to=["+" + ONE, "0803 010 0002", "+" + THREE, "nobody"])
    assert again.request.to == (ONE, "2348030100999")
    assert claim(make(), again, NOW + 60).to_send.request.to == (ONE, TWO, THREE)


def test_numbers_that_cannot_be_sent_to_stay_in_the_item(
    make: MakeStore, table: FakeDynamoDB, monkeypatch: Any
) -> None:
    end(make(), read(to=["+" + ONE, "+" + TWO, "nobody"]), LOST)
    before = table.parts()[0]["recipients"]["nobody"]
    learn(monkeypatch, TWO)
    end(make(), read(to=["+" + ONE, "+" + TWO, "nobody"]), SENT, NOW + 60)
    recipients = table.parts()[0]["recipients"]
    assert recipients.keys() == {ONE, TWO, "nobody"}
    assert recipients["nobody"] == before
    assert "reason" not in recipients[TWO]


# ---- the same request, or another one


@pytest.mark.parametrize("change", [{"msg": "Other"}, {"to": "+2348030100002"}, {"from": "Other"}, {"type": 0}])
def test_other_content_under_the_same_id_is_refused(make: MakeStore, change: dict[str, Any]) -> None:
    end(make(), read(), SENT)
    assert claim(make(), read(**change), NOW + 60) == IdempotencyConflict()


def test_a_number_written_in_another_way_is_the_same(make: MakeStore) -> None:
    end(make(), read(to="+2348030100001"), SENT)
    assert claim(make(), read(to="0803 010 0001"), NOW + 60) == Finished("sent")


def test_another_region_makes_no_other_request(make: MakeStore) -> None:
    end(make(), read("NG", to=["0803 010 0001", "+" + TWO]), SENT)
    assert claim(make(), read("GB", to=["0803 010 0001", "+" + TWO]), NOW + 60) == Finished("sent")


def test_what_the_last_release_wrote_is_known(make: MakeStore, table: FakeDynamoDB) -> None:
    end(make(key="stack-id", namespace=""), read(), SENT)
    del table.items["order-1", "0"]["raw_fingerprint"]
    assert claim(make(), read(), NOW + 60) == Finished("sent")
    assert claim(make(), read(msg="Other"), NOW + 60) == IdempotencyConflict()
    # Nobody takes the fingerprint that an attribute lacks for that of anything.
    assert claim(make(key="", former=None), read(), NOW + 60) == IdempotencyConflict()


def test_a_stack_made_anew_over_its_table_sends_nothing_twice(make: MakeStore) -> None:
    """It has another id, and the key that was kept with the table."""
    end(make(former="stack-id"), read(), SENT)
    assert claim(make(former="another stack-id"), read(), NOW + 60) == Finished("sent")


def test_without_its_key_it_sends_nothing_at_all(make: MakeStore) -> None:
    end(make(), read(), SENT)
    assert claim(make(key="another key"), read(), NOW + 60) == IdempotencyConflict()


def test_the_release_before_does_not_go_on_with_what_it_would_send_again(make: MakeStore) -> None:
    """It knows no namespace, so its call would have another message_uuid: the key is what keeps it away."""
    end(make(), read(), LOST)
    before = Store(
        cast("Any", make()._client), "messages", PartItems(keep_seconds=1.0, fingerprints=_AsBefore("stack-id"))
    )
    assert isinstance(claim(before, read(), NOW + 60), IdempotencyConflict)


class _AsBefore(Fingerprints):
    """As the release before this one told whether content is the same."""

    def condition(self, write: Any, part: Part) -> str:
        return f"{write.name('fingerprint')} = {write.value(part.fingerprint(self.key))}"

    def match(self, part: Part, item: Any) -> bool:
        return bool(item["fingerprint"] == part.fingerprint(self.key))


# ---- requests of more numbers than one call takes


def test_a_split_request_that_is_queued_again_becomes_the_same_parts(
    make: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make().split_root(read(to=MANY), now=NOW)
    assert isinstance(first, Finished)
    assert [len(each.request.to) for each in first.smaller] == [500, 1]
    learn(monkeypatch, "2348030100007")
    again = make().claim(read(to=MANY), token="t", now=NOW + 60, until=NOW + 90)
    assert isinstance(again, Finished)
    assert [(each.name, each.request.to) for each in again.smaller] == [
        (each.name, each.request.to) for each in first.smaller
    ]


def test_so_it_does_while_it_is_too_large(make: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    more = [*MANY, "+2348030200000"]
    first = make().split_root(read(to=more), now=NOW)
    learn(monkeypatch, "2348030100007")
    again = make().split_root(read(to=more), now=NOW + 60)
    assert isinstance(first, Finished)
    assert isinstance(again, Finished)
    assert [each.request.to for each in again.smaller] == [each.request.to for each in first.smaller]


def test_one_that_was_sent_as_a_whole_is_not_split_later(
    make: MakeStore, table: FakeDynamoDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        learn(before, "2348030100007")
        whole = read(to=MANY)
        assert not whole.too_large
        end(make(), whole, SENT)
    assert read(to=MANY).too_large
    assert make().split_root(read(to=MANY), now=NOW + 60) == Finished("sent")
    assert table.parts()[0]["state"] == "sent"


def test_nor_one_that_was_begun_as_a_whole(make: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        learn(before, "2348030100007")
        end(make(), read(to=MANY), LOST)
    part = make().split_root(read(to=MANY), now=NOW + 60)
    assert isinstance(part, Part)
    assert len(part.request.to) == 500
    assert len(claim(make(), part, NOW + 60).to_send.request.to) == 500


# ---- states of a release to come


def test_a_state_of_another_release_is_left_alone(make: MakeStore, table: FakeDynamoDB) -> None:
    end(make(), read(), LOST)
    table.items["order-1", "0"]["state"] = {"S": "reserved"}
    before = table.parts()[0]
    assert claim(make(), read(), NOW + 60) == OtherRelease("reserved")
    assert make().cancel(read(), clock=lambda: NOW + 60) == OtherRelease("reserved")
    assert table.parts()[0] == before


def test_one_that_is_under_way_is_still_busy(make: MakeStore) -> None:
    claim(make(), read())
    assert isinstance(claim(make(), read(), NOW + 1), Busy)
