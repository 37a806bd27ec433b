from __future__ import annotations

import json
from dataclasses import replace

import pytest

from kobo_sms.aws.queues import Message
from kobo_sms.errors import InvalidRequest
from kobo_sms.messages.lanes import Lane

BODY = json.dumps({"to": "08030100001", "msg": "Hello"})
MESSAGE = Message("message-1", "handle", BODY, {}, 1_800_000_000.5, Lane.BULK)


def test_a_producers_message_is_the_whole_request() -> None:
    part = MESSAGE.read_part("NG")
    assert (part.request.id, part.request.to) == ("message-1", ("2348030100001",))
    assert (part.name, part.origin, part.queued_at) == ("0", "0", 1_800_000_000.5)


def test_a_part_of_our_own_says_which() -> None:
    attributes = {"KoboPart": "0.1.0", "KoboOrigin": "0.1", "KoboQueuedAt": "1700000000.250"}
    part = replace(MESSAGE, attributes=attributes).read_part("NG")
    assert (part.name, part.origin, part.queued_at) == ("0.1.0", "0.1", 1_700_000_000.25)


def test_a_part_without_an_origin_is_its_own() -> None:
    assert replace(MESSAGE, attributes={"KoboPart": "0.1"}).read_part("NG").origin == "0.1"


def test_what_is_invalid_is_told() -> None:
    with pytest.raises(InvalidRequest, match="body: not JSON"):
        replace(MESSAGE, body="{").read_part("NG")
