"""What concerns one lane only, what people do to it, and who does not close it at all."""

from __future__ import annotations

import pytest

from tests.robustness.simulation.outages import AFTERWARDS
from tests.robustness.simulation.publications import DAY, START, Publication
from tests.robustness.simulation.stage import DOWN, HOUR, MINUTE, PRICE, event, stage, text, texts
from tests.robustness.simulation.stored import BULK, PRIORITY

HOUR_DOWN = event(5.0, "break_kobomobile", lasting=HOUR, **DOWN)
# A lane is swept every six hours; ticks come every fifteen minutes in these long worlds.
SWEEP, RAREST = 6 * HOUR, 900.0


def test_a_campaign_too_dear_for_what_is_left_does_not_stop_a_password() -> None:
    campaign = Publication(START, BULK, text("campaign", [f"23480301{n:05d}" for n in range(100)]))
    passwords = [Publication(START + at, PRIORITY, text(f"password{at}", "2348030299999")) for at in (60, 600)]
    with stage([campaign, *passwords], [event(HOUR, "top_up", credit=60 * PRICE)], balance=50 * PRICE) as on:
        on.run(HOUR)

        assert on.sent() == {"2348030299999": 2}
        assert on.closed() == {BULK: "credit"}
        assert on.changes(PRIORITY) == []
        sent_at = [call.at - START for call in on.calls() if call.lane == PRIORITY]
        assert sent_at == [pytest.approx(60, abs=2), pytest.approx(600, abs=2)]

        on.finish()

        assert on.sent().total() == 102
        assert on.alerts() == ["empty", "recovered"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_mapping_enabled_by_hand_is_disabled_again(seed: int) -> None:
    meddling = event(20 * MINUTE, "meddle", lane=BULK, enabled=True)
    with stage(texts(1000, BULK), [HOUR_DOWN, meddling], seed=seed) as on:
        on.run(19 * MINUTE)
        assert on.world.mappings.by_lane[BULK].state == "Disabled"
        before = len(on.calls())

        # A minute to be enabled, a check, which waits 10 seconds for credit/, and a minute to be disabled.
        on.run(24 * MINUTE)

        assert on.world.mappings.by_lane[BULK].state == "Disabled"
        assert len([call for call in on.calls()[before:] if not call.probe]) <= AFTERWARDS
        assert on.alerts() == ["gateway"]
        on.run(5 + HOUR)
        assert {call.probe for call in on.calls(24 * MINUTE, 5 + HOUR)} == {True}

        on.finish()
        assert on.sent().total() == 1000
        assert on.alerts() == ["gateway", "recovered"]


def test_a_mapping_disabled_by_hand_is_enabled_again() -> None:
    with stage(texts(1000, BULK), [event(5.0, "meddle", lane=BULK, enabled=False)]) as on:
        on.run(10 * MINUTE)

        assert on.sent().total() == 1000
        assert on.alerts() == []


def test_what_an_operator_holds_for_13_days_is_dead_lettered_with_its_reason() -> None:
    older, younger = texts(100, BULK, at=60.0), texts(900, BULK, at=4 * DAY, first=100)
    order = event(0.0, "close", lanes=(BULK,), lasting=None)
    with stage([*older, *younger], [order], rarest_check=RAREST) as on:
        on.run(13 * DAY)
        assert on.world.sqs.dead == []

        on.run(13 * DAY + 60 + 3 * SWEEP + 2 * RAREST)

        dead = on.world.sqs.dead
        assert {one.attributes["RequestId"] for one in dead} == {f"t{n}" for n in range(100)}
        assert {one.attributes["Reason"] for one in dead} == {"waited 13 days in the queue"}
        assert {(item["state"], item["attempts"]) for item in on.world.dynamodb.parts()} == {("failed", 0)}
        assert len(on.world.sqs.messages) == 900
        assert on.calls() == []


def test_400_that_grow_too_old_together_are_all_dead_lettered() -> None:
    order = event(0.0, "close", lanes=(BULK,), lasting=None)
    with stage(texts(400, BULK, at=60.0), [order], rarest_check=RAREST) as on:
        on.run(14 * DAY)
        on.finish()

        assert len(on.world.sqs.dead) == 400
        assert on.world.sqs.lost == []
        assert on.closed() == {BULK: "operator"}


def test_the_operator_closes_and_opens() -> None:
    order = event(5.0, "close", lanes=(BULK,), lasting=HOUR)
    with stage(texts(1000, BULK), [order]) as on:
        on.run(5 + HOUR)
        ((closed_at, cause),) = on.changes(BULK)
        assert closed_at == pytest.approx(7, abs=2)
        assert cause == "operator"
        assert on.calls(2 * MINUTE) == []

        on.finish()
        assert on.opened_at(BULK) == pytest.approx(5 + HOUR, abs=3)
        assert on.sent().total() == 1000
        assert on.alerts() == []


@pytest.mark.parametrize(
    ("number", "ends"), [("2348030009003", "held"), ("2348030009005", "failed"), ("2348030009006", "held")]
)
def test_one_recipient_that_always_fails_closes_nothing(number: str, ends: str) -> None:
    bad = Publication(START, BULK, text("bad", number))
    good = [one for at in range(100) for one in texts(10, BULK, at=at * 36.0, first=at * 10)]
    with stage([bad, *good], max_attempts=4) as on:
        on.run(2 * HOUR)

        assert on.sent().total() == 1000
        assert on.changes(BULK) == on.changes(PRIORITY) == []
        assert on.alerts() == []
        assert {item["state"] for item in on.world.dynamodb.parts() if item["id"] == "bad"} == {ends}
        # No success waited for it, either.
        assert max(call.at - START for call in on.calls(answer="sent")) < HOUR + MINUTE
