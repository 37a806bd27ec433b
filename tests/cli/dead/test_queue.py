"""Looking through the dead-letter queue: all of it is seen, nothing is lost, and nothing stays hidden."""

from __future__ import annotations

import threading
from typing import Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError

from kobo_cli.dead.letters import Letter
from kobo_cli.dead.queue import HIDDEN, LOOK_FOR, QUIET, DeadLetterQueue, looking_through
from kobo_cli.dead.survey import Missed
from kobo_sms.messages.lanes import Lane
from tests.cli.dead.fake_queue import FakeQueue

LANES = {lane: f"https://sqs.eu-west-1.amazonaws.com/123456789012/{lane}" for lane in Lane}


class Clock:
    """Time passes with each receive."""

    def __init__(self) -> None:
        self.now, self.step = 1000.0, 0.0

    def __call__(self) -> float:
        return self.now

    def pass_(self) -> None:
        self.now += self.step


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake(clock: Clock) -> FakeQueue:
    return FakeQueue(clock, on_receive=clock.pass_)


def queue(fake: FakeQueue, width: int = 1) -> DeadLetterQueue:
    return DeadLetterQueue(cast("Any", fake), "dead", LANES, width=width)


def look_at_all(fake: FakeQueue, clock: Clock, width: int = 1) -> tuple[list[str], bool]:
    with looking_through(queue(fake, width), clock) as look:
        seen = [letter.message_id for letters in look for letter in letters]
        assert look.late == 0
        return seen, look.complete


@pytest.mark.parametrize("count", [0, 1, 10, 11, 137, 10_000])
@pytest.mark.parametrize("width", [1, 8])
def test_each_letter_is_seen_once_and_all_are_visible_again(
    fake: FakeQueue, clock: Clock, count: int, width: int
) -> None:
    fake.put(count)
    fake.repeats = 0.05
    seen, complete = look_at_all(fake, clock, width)
    assert (sorted(seen), complete) == (sorted(fake.visible_at), True)
    assert len(fake.visible_at) == count
    assert fake.hidden() == set()
    # At most ten come at once, and some receives bring few: still no more than a few for each ten letters.
    assert fake.receives <= count * 0.25 + 4 * width + QUIET


def test_some_empty_receives_do_not_end_the_look(fake: FakeQueue, clock: Clock) -> None:
    fake.put(200)
    fake.gaps = 0.1
    seen, complete = look_at_all(fake, clock)
    assert (len(seen), complete) == (200, True)


def test_nothing_new_for_several_receives_ends_it_whatever_comes_again(fake: FakeQueue, clock: Clock) -> None:
    fake.put(30)
    fake.repeats = 1.0
    seen, complete = look_at_all(fake, clock)
    assert complete
    assert len(seen) <= 30


def test_a_look_takes_a_minute_at_the_most(fake: FakeQueue, clock: Clock) -> None:
    fake.put(1000)
    clock.step = LOOK_FOR / 10
    seen, complete = look_at_all(fake, clock)
    assert not complete
    assert 10 <= len(seen) < 200
    assert str(Missed(0, broken_off=True)) == "the look ended after 60 s"


def test_what_others_hold_is_counted(fake: FakeQueue, clock: Clock) -> None:
    fake.put(25)
    fake.visible_at |= dict.fromkeys(["m3", "m4"], clock() + 50)
    with looking_through(queue(fake), clock) as look:
        assert sum(len(letters) for letters in look) == 23
        assert look.unseen() == 2
    assert fake.hidden() == {"m3", "m4"}
    assert str(Missed(2)) == "SQS counts about 2 letters more: hidden by another look, or just come"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("width", [1, 8])
def test_broken_off_it_gives_all_back(fake: FakeQueue, clock: Clock, error: type[BaseException], width: int) -> None:
    fake.put(100)

    def look() -> None:
        with looking_through(queue(fake, width), clock) as looking:
            for _ in looking:
                raise error

    with pytest.raises(error):
        look()
    assert (len(fake.visible_at), fake.hidden()) == (100, set())


def test_broken_off_while_it_receives_it_gives_back_what_comes_then(fake: FakeQueue, clock: Clock) -> None:
    """Ctrl-C reaches the thread that waits; the receives go on in others."""
    fake.put(100)
    answers = threading.Event()
    fake.on_receive = lambda: assert_(answers.wait(60))

    def look() -> None:
        with looking_through(queue(fake, 8), clock) as looking:
            # What __iter__ begins before it waits for the results.
            looking.map(looking._take, range(8))
            threading.Timer(0.2, answers.set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        look()
    assert fake.receives == 8
    assert fake.hidden() == set()


def assert_(holds: bool) -> None:
    assert holds


def test_what_cannot_be_given_back_is_counted_and_comes_back_by_itself(fake: FakeQueue, clock: Clock) -> None:
    fake.put(12)
    fake.refuses = True
    with looking_through(queue(fake), clock) as look:
        list(look)
    assert look.late == 12
    assert len(fake.hidden()) == 12
    clock.now += HIDDEN
    assert fake.hidden() == set()


def test_a_network_that_fails_hides_no_other_error(
    fake: FakeQueue, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.put(12)

    def fail(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="x")

    monkeypatch.setattr(fake, "change_message_visibility_batch", fail)
    with looking_through(queue(fake), clock) as look:
        list(look)
    assert look.late == 12


def test_a_deleted_letter_is_not_given_back_and_the_look_has_time_again(fake: FakeQueue, clock: Clock) -> None:
    fake.put(40)
    clock.step = LOOK_FOR / 4
    with looking_through(queue(fake), clock) as look:
        for letters in look:
            for _ in look.map(look.delete, letters):
                pass
    assert fake.visible_at == {}
    assert look.complete


def test_a_letter_is_read_off_its_message(fake: FakeQueue) -> None:
    fake.put(1)
    (letter,) = queue(fake).receive()
    assert letter == Letter("m0", letter.handle, "{}", {}, 1_800_000_000.0, 1, Lane.BULK)
    assert queue(fake).retention() == 14 * 86_400


def test_a_letter_of_a_queue_that_is_no_lane_has_none() -> None:
    source = queue(FakeQueue(lambda: 0.0))._lane_of("arn:aws:sqs:eu-west-1:123456789012:another")
    assert source is None
