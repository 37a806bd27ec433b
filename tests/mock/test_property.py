"""2,000 random calls, repeats among them, from 16 threads: each uuid once, each charge once."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
import urllib3

from mock_kobo.control_client import MockControl

CALLS, THREADS = 2_000, 16
TEXTS = ["Hi", "a" * 161, "€" * 81, "مرحبا " * 20, "😀" * 40]


def _random_call(chance: random.Random) -> dict[str, str]:
    many = chance.choice([1, 1, 1, 3, 20])
    numbers = [f"23480301{chance.randrange(300):05d}" for _ in range(many)]
    numbers += chance.choices([[], ["2348030009005"], ["2348030009003"], ["12"]], [20, 1, 1, 1])[0]
    call = {"from": "KOBO", "to": ",".join(numbers), "msg": chance.choice(TEXTS), "type": chance.choice("012")}
    call["enable_msg_id"] = chance.choice("01")
    if chance.random() < 0.9:
        call["message_uuid"] = f"uuid-{chance.randrange(700)}"
    return call


@pytest.mark.parametrize("seed", [1, 2])
def test_once_and_charged_once(
    mock_kobo: MockControl, post: Callable[..., urllib3.BaseHTTPResponse], seed: int
) -> None:
    start = Decimal(60_000)
    mock_kobo.set_account(balance=start, page_price=Decimal("1.35"))
    mock_kobo.add_fault(endpoint="send", answer="error_gw", probability=0.05, when="after")
    mock_kobo.add_fault(endpoint="send", kind="html_503", probability=0.05)
    chance = random.Random(seed)
    calls = [_random_call(chance) for _ in range(CALLS)]
    with ThreadPoolExecutor(THREADS) as threads:
        bodies = list(threads.map(lambda call: post("send", **call).data.decode(), calls))

    messages, logged = mock_kobo.messages, mock_kobo.calls
    assert len(logged) == CALLS
    outcomes = Counter(call["outcome"] for call in logged)
    assert set(outcomes) == {"executed", "repeated", "refused", "fault"}
    executed = Counter(
        call["parameters"]["message_uuid"]
        for call in logged
        if call["outcome"] == "executed" and "message_uuid" in call["parameters"]
    )
    assert max(executed.values()) == 1
    recipients = Counter((sms["message_uuid"], sms["to"]) for sms in messages if sms["message_uuid"])
    assert max(recipients.values()) == 1
    assert {uuid for uuid, _ in recipients} == set(executed)
    spent = sum(Decimal(str(sms["cost"])) for sms in messages)
    assert Decimal(str(mock_kobo.account["balance"])) == start - spent
    assert 0 <= start - spent < start
    assert len({sms["msgid"] for sms in messages}) == len(messages)
    assert sum(body == "error_credit" for body in bodies) > 0
