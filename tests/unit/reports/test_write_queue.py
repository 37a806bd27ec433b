from __future__ import annotations

from kobo_sms.reports.rounds import Round
from kobo_sms.reports.writer import WriteQueue


def rounds(count: int, recipients: int = 1) -> list[Round]:
    known = {str(number): {"msgid": "a"} for number in range(recipients)}
    return [Round({"id": f"order-{at}", "part": "0", "recipients": known}, 3600.0) for at in range(count)]


def queue(now: list[float] | None = None) -> WriteQueue:
    at = now or [0.0]
    return WriteQueue(lambda: at[0])


def test_nothing_is_worth_no_call() -> None:
    assert not queue().is_worth_a_call(idle=True)


def test_a_few_wait_until_nothing_else_is_to_come() -> None:
    waiting = queue()
    waiting.add(rounds(24))
    assert not waiting.is_worth_a_call(idle=False)
    assert waiting.is_worth_a_call(idle=True)


def test_as_many_as_a_call_takes_wait_for_nobody() -> None:
    waiting = queue()
    waiting.add(rounds(25))
    assert waiting.is_worth_a_call(idle=False)


def test_the_first_waits_for_a_second_whoever_comes_meanwhile() -> None:
    now = [100.0]
    waiting = queue(now)
    waiting.add(rounds(1))
    now[0] = 100.9
    waiting.add(rounds(1))
    assert not waiting.is_worth_a_call(idle=False)
    now[0] = 101.0
    assert waiting.is_worth_a_call(idle=False)


def test_who_comes_after_a_call_waits_anew() -> None:
    now = [100.0]
    waiting = queue(now)
    waiting.add(rounds(1))
    waiting.take()
    now[0] = 101.0
    waiting.add(rounds(1))
    assert not waiting.is_worth_a_call(idle=False)


def test_large_parts_fill_a_call_sooner() -> None:
    waiting = queue()
    waiting.add(rounds(3, recipients=500))
    assert not waiting.is_worth_a_call(idle=False)
    waiting.add(rounds(1, recipients=500))
    assert waiting.is_worth_a_call(idle=False)
    assert len(waiting.take()) == 4


def test_a_call_takes_them_in_order_and_within_its_bounds() -> None:
    waiting, wanted = queue(), [*rounds(3, recipients=900), *rounds(30)]
    waiting.add(wanted)
    taken = [waiting.take() for _ in range(3)]
    assert [len(each) for each in taken] == [2, 25, 6]
    assert [each for some in taken for each in some] == wanted
    assert not waiting.is_worth_a_call(idle=True)


def test_one_that_is_larger_than_a_call_goes_by_itself() -> None:
    waiting = queue()
    waiting.add(rounds(2, recipients=5000))
    assert [len(waiting.take()), len(waiting.take())] == [1, 1]


def test_a_part_that_nobody_can_work_with_takes_no_room() -> None:
    waiting = queue()
    waiting.add([Round({"id": "odd", "part": "0", "recipients": "none"}, 3600.0)])
    assert len(waiting.take()) == 1
